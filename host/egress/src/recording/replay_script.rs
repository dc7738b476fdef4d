//! A byte connection from a recording: what is written is compared, what was read is handed out once all is written that
//! was written before it.
//!
//! Which script a connection plays shows at its first write; where the server speaks first, at its first read.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Fault, NetScript, NetStep, Otherwise, Replay, nearest};
use crate::{EgressError, Origin, TlsInfo};

/// A recorded connection, ready to be played.
pub(super) struct KnownScript {
    pub(super) name: String,
    endpoint: String,
    steps: Vec<Step>,
}

enum Step {
    Write(Bytes),
    Read(Bytes),
    StartTls(TlsInfo),
    Finish,
    End,
    Error(Fault),
}

impl From<(String, NetScript)> for KnownScript {
    fn from((name, script): (String, NetScript)) -> Self {
        let step = |step| match step {
            NetStep::Write(content) => Step::Write(content.bytes().unwrap_or_default().into()),
            NetStep::Read(content) => Step::Read(content.bytes().unwrap_or_default().into()),
            NetStep::StartTls(info) => Step::StartTls(info.info()),
            NetStep::Finish {} => Step::Finish,
            NetStep::End {} => Step::End,
            NetStep::Error(fault) => Step::Error(fault),
        };
        Self { name, endpoint: script.endpoint, steps: script.steps.into_iter().map(step).collect() }
    }
}

impl KnownScript {
    fn never_opened(&self) -> Option<&Fault> {
        match self.steps.as_slice() {
            [Step::Error(fault)] => Some(fault),
            _ => None,
        }
    }

    fn begins_with_the_server(&self) -> bool {
        !matches!(self.steps.first(), None | Some(Step::Write(_) | Step::StartTls(_)))
    }

    /// Whether what is written first may be the beginning of this.
    fn may_begin_with(&self, written: &[u8]) -> bool {
        let first = self.steps.iter().find_map(|step| match step {
            Step::Write(bytes) => Some(bytes),
            _ => None,
        });
        first.is_some_and(|first| first.starts_with(written) || written.starts_with(first))
    }
}

impl Replay {
    /// Opens a connection to the endpoint of this name, as the next script of it was opened.
    pub(crate) async fn connect(&self, endpoint: &str, origin: &Origin) -> Result<ReplayedBytes, EgressError> {
        self.asks();
        let open = ReplayedBytes {
            replay: self.clone(),
            origin: origin.clone(),
            endpoint: endpoint.to_owned(),
            playing: None,
            reader: None,
        };
        let Some(number) = open.next(|_| true) else {
            return match self.otherwise() {
                Otherwise::Fail => Err(self.miss(format!("one more connection to `{endpoint}` than was recorded"))),
                Otherwise::Stall => std::future::pending().await,
                Otherwise::Refuse => Err(EgressError::Refused { origin: origin.clone() }),
            };
        };
        match self.net().get(number).and_then(KnownScript::never_opened) {
            None => Ok(open),
            Some(fault) => {
                open.plays(number);
                match fault.error(origin) {
                    Some(error) => Err(error),
                    None => std::future::pending().await,
                }
            }
        }
    }
}

/// The bytes of one connection.
pub(crate) struct ReplayedBytes {
    replay: Replay,
    origin: Origin,
    endpoint: String,
    playing: Option<Playing>,
    reader: Option<Waker>,
}

/// How far a connection has come in its script.
#[derive(Default)]
struct Playing {
    script: usize,
    /// The step that is written next, and how much of it is written.
    write: (usize, usize),
    /// The step that is read next, and how much of it is read.
    read: (usize, usize),
    /// Steps before this one belong to a time before the latest upgrade to TLS.
    secured: usize,
    finished: bool,
}

impl ReplayedBytes {
    /// Speaks TLS from here on, as it was recorded.
    pub(crate) fn start_tls(&mut self) -> Result<TlsInfo, EgressError> {
        // Protocols that begin with TLS write nothing before it.
        let choice = self.next(|script| matches!(script.steps.first(), Some(Step::StartTls(_))));
        if self.playing.is_none()
            && let Some(number) = choice
        {
            self.playing = Some(self.plays(number));
        }
        let Self { replay, playing, origin, .. } = self;
        let steps = playing.as_ref().and_then(|playing| Some(&replay.net().get(playing.script)?.steps));
        let (Some(playing), Some(steps)) = (playing, steps) else {
            return Err(replay.miss("TLS begins on a connection that was recorded without it".to_owned()));
        };
        let found =
            steps.iter().enumerate().skip(playing.write.0.max(playing.secured)).find_map(|(at, step)| match step {
                Step::StartTls(info) => Some(Ok((at, info.clone()))),
                Step::Error(fault) => Some(Err(fault.error(origin))),
                _ => None,
            });
        match found {
            Some(Ok((at, info))) => {
                playing.secured = at.saturating_add(1);
                playing.write = (playing.secured, 0);
                Ok(info)
            }
            Some(Err(Some(error))) => Err(error),
            Some(Err(None)) | None => {
                Err(replay.miss("TLS begins on a connection that was recorded without it".to_owned()))
            }
        }
    }

    /// The first script of this endpoint that may still be played and `suits`.
    fn next(&self, suits: impl Fn(&KnownScript) -> bool) -> Option<usize> {
        let played = self.replay.played();
        let scripts = self.replay.net().iter().zip(&played.net).enumerate();
        let free = scripts.filter(|(_, (script, times))| {
            script.endpoint == self.endpoint && self.replay.may_play(**times) && suits(script)
        });
        free.min_by_key(|(_, (_, times))| **times).map(|(number, _)| number)
    }

    fn plays(&self, script: usize) -> Playing {
        if let Some(times) = self.replay.played().net.get_mut(script) {
            *times = times.saturating_add(1);
        }
        Playing { script, ..Playing::default() }
    }

    /// Compares what is written with what comes next in the script.
    fn write(&mut self, written: &[u8]) -> Result<(), EgressError> {
        let blanked = self.replay.redactor().redact_bytes(written);
        if self.playing.is_none() {
            // Where none begins so, the first shows the difference.
            let chosen = self.next(|script| script.may_begin_with(&blanked)).or_else(|| self.next(|_| true));
            self.playing = chosen.map(|number| self.plays(number));
        }
        let playing = self.playing.as_mut();
        let Some((playing, script)) = playing.and_then(|playing| {
            let script = self.replay.net().get(playing.script)?;
            Some((playing, script))
        }) else {
            return Err(self.replay.miss(format!("one more connection to `{}` than was recorded", self.endpoint)));
        };
        let mut rest: &[u8] = &blanked;
        while !rest.is_empty() {
            let (at, done) = playing.write;
            let expected = match script.steps.get(at) {
                Some(Step::Write(bytes)) => bytes.get(done..).unwrap_or_default(),
                Some(Step::Read(_) | Step::Finish) => &[],
                // Nothing was written there.
                Some(Step::StartTls(_) | Step::End | Step::Error(_)) | None => {
                    let asked = nearest::byte_lines(rest);
                    let shown = nearest::difference(&script.name, "", &asked);
                    return Err(self.replay.miss(format!(
                        "`{}`: written at the end of {}, where nothing more was\n{shown}",
                        self.endpoint, script.name
                    )));
                }
            };
            let length = expected.len().min(rest.len());
            let (now, later) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            if expected.get(..length) != Some(now) {
                let (expected, asked) = (nearest::byte_lines(expected), nearest::byte_lines(rest));
                let shown = nearest::difference(&script.name, &expected, &asked);
                return Err(self.replay.miss(format!(
                    "`{}`: written otherwise than in step {} of {}\n{shown}",
                    self.endpoint,
                    at.saturating_add(1),
                    script.name
                )));
            }
            rest = later;
            let whole = length == expected.len();
            playing.write = if whole { (at.saturating_add(1), 0) } else { (at, done.saturating_add(length)) };
        }
        Ok(())
    }

    /// What there is to read now; `None` where that is not yet known, `Some(0 bytes)` at the end.
    fn read(&mut self, most: usize) -> Option<Result<Bytes, EgressError>> {
        if self.playing.is_none() {
            let number = self.next(|_| true)?;
            if !self.replay.net().get(number)?.begins_with_the_server() {
                return None;
            }
            self.playing = Some(self.plays(number));
        }
        let playing = self.playing.as_mut()?;
        let script = self.replay.net().get(playing.script)?;
        loop {
            let (at, done) = playing.read;
            // A step that is written in part is the next to write.
            let is_written = playing.write.0 > at;
            match script.steps.get(at)? {
                Step::Write(_) if is_written => {}
                Step::StartTls(_) if playing.secured > at => {}
                Step::Finish if playing.finished => {}
                Step::Write(_) | Step::StartTls(_) | Step::Finish => return None,
                Step::Read(bytes) => {
                    let left = bytes.get(done..).unwrap_or_default();
                    if !left.is_empty() {
                        let end = done.saturating_add(left.len().min(most));
                        playing.read.1 = end;
                        return Some(Ok(bytes.slice(done..end)));
                    }
                }
                Step::End => return Some(Ok(Bytes::new())),
                Step::Error(fault) => return fault.error(&self.origin).map(Err),
            }
            playing.read = (at.saturating_add(1), 0);
        }
    }

    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl AsyncRead for ReplayedBytes {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.read(buf.remaining()) {
            Some(Ok(bytes)) => {
                buf.put_slice(&bytes);
                Poll::Ready(Ok(()))
            }
            Some(Err(error)) => Poll::Ready(Err(io::Error::other(error))),
            None => {
                self.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl AsyncWrite for ReplayedBytes {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.write(buf);
        self.wake_reader();
        Poll::Ready(written.map(|()| buf.len()).map_err(io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(playing) = &mut self.playing {
            playing.finished = true;
        }
        self.wake_reader();
        Poll::Ready(Ok(()))
    }
}
