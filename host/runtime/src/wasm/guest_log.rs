//! A guest's log lines, and what it prints, as `tracing` events of target `wellhead::guest`.
//!
//! Bounded in rate and size, secret values blanked: what is over the rate costs nothing but its count. The last lines are
//! kept: when a guest panics they hold its message.

use super::bindings::log::Level;
use crate::DataSourceSettings;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// Longest line that is passed on, in bytes; the rest of a longer one is cut.
const MAX_LINE: usize = 8 << 10;
/// Bytes of a line that are taken in, so that a secret value is whole that reaches across the cut.
const TAKEN: usize = 2 * MAX_LINE;
/// Lines kept for the report of a crash.
const KEPT_LINES: usize = 8;
/// Longest of these lines, in bytes.
const MAX_KEPT_LINE: usize = 1 << 10;

/// The log of one instance.
#[derive(Debug)]
pub(crate) struct GuestLog {
    plugin: String,
    settings: Arc<DataSourceSettings>,
    bytes_per_second: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Bytes that may still be written now; refilled with time, one second's worth at most.
    allowance: usize,
    refilled: Instant,
    dropped: u64,
    /// As they came, and longer than they are shown: they are blanked when somebody asks for them.
    last_lines: VecDeque<String>,
}

impl GuestLog {
    pub(crate) fn new(plugin: String, settings: Arc<DataSourceSettings>, bytes_per_second: usize) -> Arc<Self> {
        let state =
            State { allowance: bytes_per_second, refilled: Instant::now(), dropped: 0, last_lines: VecDeque::new() };
        Arc::new(Self { plugin, settings, bytes_per_second, state: Mutex::new(state) })
    }

    /// Writes one line, or counts it as dropped where the rate is exceeded.
    pub(super) fn write(&self, level: Level, target: &str, message: &str, fields: &[(String, String)]) {
        let pairs = fields.iter().map(|(key, value)| key.len().saturating_add(value.len()).saturating_add(2));
        let pairs = pairs.fold(0, usize::saturating_add);
        let Some(dropped) = self.admit(message, message.len().min(MAX_LINE) + pairs.min(MAX_LINE)) else { return };
        let text = self.text(message, fields);
        let target = cut(target, 256);
        let (plugin, uid, org) = (self.plugin.as_str(), self.settings.uid.as_str(), self.settings.org_id);
        if dropped > 0 {
            tracing::warn!(
                target: "wellhead::guest", plugin, uid, org, dropped,
                "log lines dropped: the instance writes more than {} bytes a second", self.bytes_per_second
            );
        }
        match level {
            Level::Trace => tracing::trace!(target: "wellhead::guest", plugin, uid, org, guest = target, "{text}"),
            Level::Debug => tracing::debug!(target: "wellhead::guest", plugin, uid, org, guest = target, "{text}"),
            Level::Info => tracing::info!(target: "wellhead::guest", plugin, uid, org, guest = target, "{text}"),
            Level::Warn => tracing::warn!(target: "wellhead::guest", plugin, uid, org, guest = target, "{text}"),
            Level::Error => tracing::error!(target: "wellhead::guest", plugin, uid, org, guest = target, "{text}"),
        }
    }

    /// What is shown of a line: message and fields, of each the beginning.
    fn text(&self, message: &str, fields: &[(String, String)]) -> String {
        let mut text = self.settings.secrets.redact_start(message, MAX_LINE);
        if fields.is_empty() {
            return text;
        }
        let mut pairs = String::new();
        for (key, value) in fields {
            if pairs.len() >= TAKEN {
                break;
            }
            pairs.extend([if pairs.is_empty() { "" } else { " " }, cut(key, TAKEN), "=", cut(value, TAKEN)]);
        }
        text.push(' ');
        text.push_str(&self.settings.secrets.redact_start(&pairs, MAX_LINE));
        text
    }

    /// The last panic among the last lines: where, and with which message. Rust prints the message on a line of its own.
    pub(crate) fn panic_message(&self) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = state.last_lines.iter().skip_while(|line| !line.contains("panicked at"));
        let first = lines.next()?.clone();
        let message = lines.next().filter(|_| first.ends_with(':'));
        let shown = |line: &str| self.settings.secrets.redact_start(line, MAX_KEPT_LINE);
        let first = shown(&first);
        Some(message.map_or(first.clone(), |message| format!("{first} {}", shown(message))))
    }

    /// Something that takes what the guest prints and logs it line by line.
    pub(super) fn stream(self: &Arc<Self>, name: &'static str) -> GuestOutput {
        GuestOutput { log: self.clone(), name }
    }

    /// Takes a line into account, of which `bytes` are to be shown. `None`: over the rate. `Some(n)`: go on, and `n` lines
    /// were dropped before.
    fn admit(&self, line: &str, bytes: usize) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.last_lines.len() >= KEPT_LINES {
            state.last_lines.pop_front();
        }
        state.last_lines.push_back(cut(line, 2 * MAX_KEPT_LINE).to_owned());
        let now = Instant::now();
        let earned =
            now.duration_since(state.refilled).as_millis().saturating_mul(self.bytes_per_second as u128) / 1000;
        if earned > 0 {
            let full = self.bytes_per_second;
            state.allowance = state.allowance.saturating_add(usize::try_from(earned).unwrap_or(full)).min(full);
            state.refilled = now;
        }
        match state.allowance.checked_sub(bytes.max(1)) {
            Some(rest) => {
                state.allowance = rest;
                Some(std::mem::take(&mut state.dropped))
            }
            None => {
                state.dropped = state.dropped.saturating_add(1);
                None
            }
        }
    }
}

/// Where a guest's standard output or error goes.
#[derive(Clone, Debug)]
pub(crate) struct GuestOutput {
    log: Arc<GuestLog>,
    name: &'static str,
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(LineWriter { output: self.clone(), line: Vec::new() })
    }
}

/// Collects bytes into lines. What a line has beyond the longest is dropped, up to its end.
struct LineWriter {
    output: GuestOutput,
    line: Vec<u8>,
}

impl LineWriter {
    fn finish_line(&mut self) {
        if !self.line.is_empty() {
            let text = String::from_utf8_lossy(&self.line);
            self.output.log.write(Level::Info, self.output.name, &text, &[]);
            self.line.clear();
        }
    }
}

impl AsyncWrite for LineWriter {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        for byte in bytes {
            match byte {
                b'\n' => self.finish_line(),
                _ if self.line.len() < TAKEN => self.line.push(*byte),
                _ => {}
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.finish_line();
        Poll::Ready(Ok(()))
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.finish_line();
    }
}

/// At most `limit` bytes of `text`, cut between characters.
fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretValues;
    use std::task::Waker;

    fn log(bytes_per_second: usize) -> Arc<GuestLog> {
        let secrets = SecretValues::from_iter([("token", "s3cr3t-token")]);
        GuestLog::new("p".into(), Arc::new(DataSourceSettings { secrets, ..Default::default() }), bytes_per_second)
    }

    #[test]
    fn lines_over_the_rate_are_dropped_and_counted() {
        let log = log(100);
        assert_eq!(log.admit("x", 90), Some(0));
        assert_eq!(log.admit("x", 90), None);
        assert_eq!(log.admit("x", 90), None);
        log.state.lock().unwrap().allowance = 100;
        assert_eq!(log.admit("x", 1), Some(2), "the next line that passes tells of the two that did not");
    }

    #[test]
    fn a_secret_across_the_cut_of_a_line_is_blanked_and_not_begun() {
        let line = format!("{}s3cr3t-token and more", "x".repeat(MAX_LINE - 5));
        let shown = log(1 << 20).text(&line, &[("k".into(), line.clone())]);
        assert!(!shown.contains("s3c") && !shown.contains("oken"), "it is not even begun");
        assert_eq!(shown.matches("x[secret]").count(), 2);
    }

    #[test]
    fn what_a_printed_line_has_beyond_the_longest_is_dropped_up_to_its_end() {
        let log = log(1 << 20);
        let mut printed = LineWriter { output: log.stream("stdout"), line: Vec::new() };
        for piece in ["x".repeat(TAKEN - 3).as_bytes(), b"s3cr3t-token", &[b'y'; TAKEN], b"\nnext\n"] {
            let written = Pin::new(&mut printed).poll_write(&mut Context::from_waker(Waker::noop()), piece);
            assert!(matches!(written, Poll::Ready(Ok(length)) if length == piece.len()));
        }
        let lines = log.state.lock().unwrap().last_lines.clone();
        assert_eq!((lines.len(), lines[1].as_str()), (2, "next"), "no line begins in the middle of a value");
    }

    #[test]
    fn a_line_over_the_rate_is_kept_for_the_report_of_a_crash_with_secrets_blanked() {
        let log = log(1);
        log.write(Level::Error, "t", "panicked at a line of s3cr3t-token", &[]);
        assert_eq!(log.state.lock().unwrap().dropped, 1);
        assert_eq!(log.panic_message().unwrap(), "panicked at a line of [secret]");
    }

    #[test]
    fn the_panic_message_is_found_among_the_last_lines_with_secrets_blanked() {
        let log = log(1 << 20);
        log.write(Level::Info, "t", "before", &[]);
        assert_eq!(log.panic_message(), None);
        log.write(Level::Error, "t", "panicked at src/lib.rs:1:", &[]);
        log.write(Level::Error, "t", "no s3cr3t-token", &[]);
        log.write(Level::Info, "t", "later", &[]);
        assert_eq!(log.panic_message().unwrap(), "panicked at src/lib.rs:1: no [secret]");
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
