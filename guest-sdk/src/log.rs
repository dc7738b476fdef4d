//! `tracing` in a guest: events become lines of the contract's `log`, with the fields of the spans around them. Panics
//! are logged with message and place before they trap. `export!` installs both.
//!
//! Everything from `DEBUG` up goes to the host, which filters, limits and blanks secrets.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

#[cfg(target_family = "wasm")]
use crate::imports;
use crate::imports::LogLevel;

/// Makes this guest's `tracing` events and panics lines of the host's log. A second call changes nothing.
#[cfg(target_family = "wasm")]
pub(crate) fn install() {
    if tracing::subscriber::set_global_default(HostLog::new(imports::log)).is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

#[cfg(target_family = "wasm")]
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("panic without a message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    imports::log(LogLevel::Error, "panic", message, &[("location".to_owned(), place)]);
}

type Write = fn(LogLevel, &str, &str, &[(String, String)]);

/// The subscriber. Spans are only kept for their fields; there is one thread, so one stack of entered spans.
struct HostLog {
    write: Write,
    spans: Mutex<Spans>,
}

#[derive(Default)]
struct Spans {
    known: Vec<Option<Span>>,
    entered: Vec<u64>,
}

struct Span {
    fields: Vec<(String, String)>,
    parent: Option<u64>,
    handles: usize,
}

impl Spans {
    fn get_mut(&mut self, id: u64) -> Option<&mut Span> {
        // Ids start at 1: tracing wants them non-zero.
        self.known.get_mut(usize::try_from(id).ok()?.checked_sub(1)?)?.as_mut()
    }

    fn insert(&mut self, span: Span) -> u64 {
        let free = self.known.iter().position(Option::is_none).unwrap_or_else(|| {
            self.known.push(None);
            self.known.len() - 1
        });
        if let Some(slot) = self.known.get_mut(free) {
            *slot = Some(span);
        }
        free as u64 + 1
    }

    /// Fields of a span and of those around it, the outermost first.
    fn fields_of(&mut self, innermost: Option<u64>) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        let mut next = innermost;
        while let Some(span) = next.and_then(|id| self.get_mut(id)) {
            fields.splice(0..0, span.fields.iter().cloned());
            next = span.parent;
        }
        fields
    }

    fn release(&mut self, id: u64) -> bool {
        let Some(span) = self.get_mut(id) else { return false };
        span.handles -= 1;
        if span.handles > 0 {
            return false;
        }
        let parent = span.parent;
        if let Some(slot) = usize::try_from(id).ok().and_then(|id| self.known.get_mut(id.wrapping_sub(1))) {
            *slot = None;
        }
        if let Some(parent) = parent {
            self.release(parent);
        }
        true
    }
}

impl HostLog {
    fn new(write: Write) -> Self {
        Self { write, spans: Mutex::default() }
    }

    fn spans(&self) -> MutexGuard<'_, Spans> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for HostLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut spans = self.spans();
        let parent = match span.parent() {
            Some(parent) => Some(parent.into_u64()),
            None if span.is_contextual() => spans.entered.last().copied(),
            None => None,
        };
        if let Some(parent) = parent.and_then(|id| spans.get_mut(id)) {
            parent.handles += 1;
        }
        Id::from_u64(spans.insert(Span { fields: fields.all(), parent, handles: 1 }))
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(span) = self.spans().get_mut(span.into_u64()) {
            span.fields.extend(fields.all());
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut own = Fields::default();
        event.record(&mut own);
        let fields = {
            let mut spans = self.spans();
            let innermost = event.parent().map(Id::into_u64).or_else(|| spans.entered.last().copied());
            let mut fields = spans.fields_of(innermost);
            fields.append(&mut own.fields);
            fields
        };
        let level = match *event.metadata().level() {
            Level::TRACE => LogLevel::Trace,
            Level::DEBUG => LogLevel::Debug,
            Level::INFO => LogLevel::Info,
            Level::WARN => LogLevel::Warn,
            Level::ERROR => LogLevel::Error,
        };
        (self.write)(level, event.metadata().target(), &own.message, &fields);
    }

    fn enter(&self, span: &Id) {
        self.spans().entered.push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        let mut spans = self.spans();
        if let Some(place) = spans.entered.iter().rposition(|id| *id == span.into_u64()) {
            spans.entered.remove(place);
        }
    }

    fn clone_span(&self, id: &Id) -> Id {
        if let Some(span) = self.spans().get_mut(id.into_u64()) {
            span.handles += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.spans().release(id.into_u64())
    }
}

/// Collects the fields of an event or a span as text; the field `message` is kept apart.
#[derive(Default)]
struct Fields {
    message: String,
    fields: Vec<(String, String)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            name => self.fields.push((name.to_owned(), value)),
        }
    }

    fn all(mut self) -> Vec<(String, String)> {
        if !self.message.is_empty() {
            self.fields.push(("message".to_owned(), self.message));
        }
        self.fields
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    thread_local! {
        static LINES: RefCell<Vec<String>> = RefCell::default();
    }

    fn keep(level: LogLevel, target: &str, message: &str, fields: &[(String, String)]) {
        let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let line = format!("{level:?} {target} {message:?} {}", fields.join(" "));
        LINES.with_borrow_mut(|lines| lines.push(line));
    }

    fn lines_of(work: impl FnOnce()) -> Vec<String> {
        LINES.with_borrow_mut(Vec::clear);
        tracing::subscriber::with_default(HostLog::new(keep), work);
        LINES.take()
    }

    #[test]
    fn an_event_has_level_target_message_and_fields() {
        let lines = lines_of(|| tracing::warn!(target: "t", rows = 3, name = "x", "took {} ms", 5));
        assert_eq!(lines, [r#"Warn t "took 5 ms" rows=3 name=x"#]);
    }

    #[test]
    fn an_event_has_the_fields_of_the_spans_around_it_and_no_others() {
        let lines = lines_of(|| {
            let outer = tracing::info_span!("query", ref_id = "A").entered();
            tracing::info_span!("part", part = 1).in_scope(|| tracing::info!(target: "t", "in"));
            drop(outer);
            tracing::info!(target: "t", "out");
        });
        assert_eq!(lines, [r#"Info t "in" ref_id=A part=1"#, r#"Info t "out" "#]);
    }

    #[test]
    fn a_closed_span_is_forgotten_when_its_children_are() {
        let log = HostLog::new(keep);
        let mut spans = log.spans();
        let parent = spans.insert(Span { fields: Vec::new(), parent: None, handles: 2 });
        let child = spans.insert(Span { fields: Vec::new(), parent: Some(parent), handles: 1 });
        assert!(!spans.release(parent));
        assert!(spans.release(child));
        assert!(spans.known.iter().all(Option::is_none));
    }

    #[test]
    fn trace_events_stay_in_the_guest() {
        assert!(lines_of(|| tracing::trace!("fine")).is_empty());
    }
}
