//! What a channel hands to all its subscribers: one content, and the bytes of each form made once.

use super::charge::{Budget, Charge};
use super::{Channel, LiveError, Wire, held, notice};
use bytes::Bytes;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use wellhead_frame::{Frame, JsonOptions, Severity};

/// What was published.
#[derive(Clone)]
pub(super) enum Content {
    Frame {
        frame: Frame,
        /// That it keeps in memory.
        bytes: usize,
    },
    /// One JSON document on one line.
    Json(Bytes),
}

impl Content {
    /// A frame that keeps little more in memory than its rows.
    pub(super) fn frame(frame: Frame) -> Self {
        let (frame, bytes) = held::lean(frame);
        Self::Frame { frame, bytes }
    }

    /// As the first that a subscriber gets; where it was `refused`, what was wrong with it in its place.
    pub(super) fn first_of(self, channel: &Channel, refused: Option<&LiveError>) -> Option<Frame> {
        let Self::Frame { frame, .. } = self else { return None };
        let Some(error) = refused else { return Some(frame) };
        let text = format!("the first frame of channel {channel} was dropped: {error}");
        Some(notice::alone(Some(frame.schema()), Severity::Error, text))
    }

    /// That it keeps in memory.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Frame { bytes, .. } => *bytes,
            Self::Json(document) => document.len(),
        }
    }
}

pub(super) struct Message {
    channel: Arc<Channel>,
    content: Content,
    /// Bytes of it as it came.
    weight: usize,
    /// Bytes that its JSON may have.
    max_json: usize,
    /// Whether somebody reads the channel as JSON: set with the first that is made.
    read_as_json: Arc<AtomicBool>,
    whole: Forms,
    data: Forms,
    pub(super) charge: Charge,
}

#[derive(Default)]
struct Forms {
    /// Only where somebody asked for it, or it takes long to make: what goes to many is made of a passing one.
    json: OnceLock<Bytes>,
    web_socket: OnceLock<Bytes>,
    event_stream: OnceLock<Bytes>,
}

impl Message {
    pub(super) fn new(
        channel: Arc<Channel>,
        content: Content,
        max_json: usize,
        read_as_json: Arc<AtomicBool>,
        budget: &Budget,
    ) -> Self {
        let weight = content.bytes().saturating_add(size_of::<Self>());
        let charge = Charge::of(weight, budget);
        let (whole, data) = (Forms::default(), Forms::default());
        Self { channel, content, weight, max_json, read_as_json, whole, data, charge }
    }

    /// The same, for one subscriber who missed updates before it. A document that is no frame has no place to say so.
    pub(super) fn after_gap(&self, dropped: u64) -> Option<Self> {
        let frame = notice::dropped(self.frame()?.clone(), dropped);
        // Its values are this message's, which is charged for them: many who are slow may share them.
        let content = Content::Frame { frame, bytes: 0 };
        let (channel, read_as_json) = (Arc::clone(&self.channel), Arc::clone(&self.read_as_json));
        Some(Self::new(channel, content, self.max_json, read_as_json, self.charge.budget()))
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn frame(&self) -> Option<&Frame> {
        match &self.content {
            Content::Frame { frame, .. } => Some(frame),
            Content::Json(_) => None,
        }
    }

    pub(super) fn json(&self, with_schema: bool) -> Bytes {
        if let Content::Json(document) = &self.content {
            return document.clone();
        }
        let made = || self.charged(self.encode(with_schema));
        self.forms(with_schema).json.get_or_init(made).clone()
    }

    pub(super) fn wire(&self, wire: Wire, with_schema: bool, make: impl FnOnce(&Channel, &[u8]) -> Vec<u8>) -> Bytes {
        let forms = self.forms(with_schema);
        let place = match wire {
            Wire::WebSocket => &forms.web_socket,
            Wire::EventStream => &forms.event_stream,
        };
        let made = || {
            let json = forms.json.get().cloned().unwrap_or_else(|| self.encode(with_schema));
            self.charged(make(&self.channel, &json).into())
        };
        place.get_or_init(made).clone()
    }

    fn forms(&self, with_schema: bool) -> &Forms {
        if with_schema { &self.whole } else { &self.data }
    }

    fn charged(&self, bytes: Bytes) -> Bytes {
        self.charge.add(bytes.len());
        bytes
    }

    fn encode(&self, with_schema: bool) -> Bytes {
        let frame = match &self.content {
            Content::Json(document) => return document.clone(),
            Content::Frame { frame, .. } => frame,
        };
        self.read_as_json.store(true, Ordering::Relaxed);
        let options = JsonOptions::default().with_max_bytes(self.max_json);
        let mut out = Vec::new();
        let written =
            if with_schema { frame.write_json(&mut out, &options) } else { frame.write_data_json(&mut out, &options) };
        if let Err(error) = written {
            let text = format!("a frame of this channel cannot be sent as JSON: {error}");
            let instead = notice::alone(Some(frame.schema()), Severity::Error, text);
            // Names and metadata alone can be too much only where somebody set out to do so.
            out = instead.to_json(&JsonOptions::default()).unwrap_or_else(|_| b"{}".to_vec());
        }
        out.into()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.frame().map(Frame::num_rows);
        f.debug_struct("Message").field("channel", &self.channel).field("rows", &rows).finish_non_exhaustive()
    }
}
