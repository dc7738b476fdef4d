//! W3C trace context: taken over from the client, or begun here; handed to plugins and shown in errors.

use axum::http::{HeaderMap, HeaderValue};
use std::hash::{BuildHasher, Hasher, RandomState};

/// A request's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    trace_id: String,
    /// Of the span this host opened for the request.
    span_id: String,
    flags: String,
}

impl Trace {
    /// Goes on with the client's trace where `traceparent` has a valid one, else begins a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let parent = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(parse);
        let (trace_id, flags) =
            parent.unwrap_or_else(|| (format!("{:016x}{:016x}", random(), random()), "00".to_owned()));
        Self { trace_id, span_id: format!("{:016x}", random()), flags }
    }

    /// 32 hex digits.
    pub(crate) fn trace_id(&self) -> &str {
        &self.trace_id
    }

    /// The header for whoever is called next.
    pub(crate) fn traceparent(&self) -> String {
        format!("00-{}-{}-{}", self.trace_id, self.span_id, self.flags)
    }

    /// The same as the response header `traceresponse`.
    pub(crate) fn response_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.traceparent()).ok()
    }
}

/// Trace id and flags. Later versions may append fields; this one ends after the flags.
fn parse(header: &str) -> Option<(String, String)> {
    let mut parts = header.trim().split('-');
    let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let well_formed = is_hex(version, 2) && is_hex(trace_id, 32) && is_hex(span_id, 16) && is_hex(flags, 2);
    let known = version != "ff" && (version != "00" || parts.next().is_none());
    (well_formed && known && !is_zero(trace_id) && !is_zero(span_id)).then(|| (trace_id.to_owned(), flags.to_owned()))
}

/// For ids, and never zero. They need to differ, not to be secret: the standard library's hash seeds will do.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(traceparent: &str) -> Trace {
        Trace::of(&HeaderMap::from_iter([("traceparent".parse().unwrap(), traceparent.parse().unwrap())]))
    }

    #[test]
    fn a_valid_parent_is_taken_over_with_a_span_of_our_own() {
        let trace = of(PARENT);
        assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(trace.traceparent().ends_with("-01") && !trace.traceparent().contains("00f067aa0ba902b7"));
        assert_eq!(of(&PARENT.replacen("00", "01", 1)).trace_id(), trace.trace_id(), "a later version");
    }

    #[test]
    fn a_faulty_parent_begins_a_new_trace() {
        for faulty in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            let trace = of(faulty);
            assert_ne!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736", "{faulty}");
            assert_eq!(trace.trace_id().len(), 32);
        }
        assert_ne!(of("").trace_id(), of("").trace_id());
    }
}
