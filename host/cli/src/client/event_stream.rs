//! Server-Sent Events, put together from the chunks of a body.

use anyhow::{Result, bail};

/// Far more than any event of a Wellhead has but a live frame, which has its own bound there; a server that sends no line
/// end is none of ours.
const LINE_BYTES: usize = 64 << 20;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// `message` where the server names none.
    pub(crate) kind: String,
    /// Its lines, joined.
    pub(crate) data: String,
}

/// What has come of the next event.
#[derive(Debug, Default)]
pub(crate) struct EventStream {
    /// Of a line that goes on.
    line: Vec<u8>,
    kind: String,
    data: String,
    has_data: bool,
}

impl EventStream {
    /// Takes a chunk; answers the events that it completes.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            self.line.extend_from_slice(line);
            let line = std::mem::take(&mut self.line);
            events.extend(self.take(String::from_utf8_lossy(&line).trim_end_matches('\r')));
        }
        self.line.extend_from_slice(rest);
        if self.line.len().saturating_add(self.data.len()) > LINE_BYTES {
            bail!("the server sent an event of more than {LINE_BYTES} bytes");
        }
        Ok(events)
    }

    /// Takes a line; an empty one ends an event.
    fn take(&mut self, line: &str) -> Option<Event> {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if line.is_empty() => return self.end(),
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            // A comment, or a field that none of ours has.
            _ => {}
        }
        None
    }

    fn end(&mut self) -> Option<Event> {
        let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        let has_data = std::mem::take(&mut self.has_data);
        has_data.then(|| Event { kind: if kind.is_empty() { "message".to_owned() } else { kind }, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_wherever_the_chunks_end() {
        let text =
            b": hello\n\nevent: a\ndata: {\"x\":1}\n\n:\n\nevent: b\r\ndata:{\"y\":2}\r\ndata: 3\r\n\r\ndata: c\n\n";
        for size in 1..text.len() {
            let mut stream = EventStream::default();
            let events: Vec<Event> = text.chunks(size).flat_map(|chunk| stream.push(chunk).unwrap()).collect();
            let events: Vec<_> = events.iter().map(|event| (event.kind.as_str(), event.data.as_str())).collect();
            assert_eq!(events, [("a", "{\"x\":1}"), ("b", "{\"y\":2}\n3"), ("message", "c")], "chunks of {size}");
        }
    }

    #[test]
    fn a_server_that_sends_no_line_end_is_given_up() {
        assert!(EventStream::default().push(&vec![b'x'; LINE_BYTES + 1]).is_err());
    }
}
