//! One update of a channel, as one subscriber sees it.

use super::Channel;
use super::message::Message;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;
use wellhead_frame::Frame;

/// The ways an update is sent to many: each makes its bytes once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// `/api/live/ws`.
    WebSocket,
    /// Server-Sent Events.
    EventStream,
}

/// One update. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Update {
    message: Arc<Message>,
    starts_schema: bool,
    dropped: u64,
}

impl Update {
    /// `dropped` are told where there is a place to, which is in a frame.
    pub(super) fn new(message: Arc<Message>, starts_schema: bool, dropped: u64) -> Self {
        let own = (dropped > 0).then(|| message.after_gap(dropped)).flatten();
        Self { message: own.map_or(message, Arc::new), starts_schema, dropped }
    }

    /// The frame, with a notice where updates before it were dropped; `None` for a document that is no frame.
    pub fn frame(&self) -> Option<Cow<'_, Frame>> {
        self.message.frame().map(Cow::Borrowed)
    }

    /// Whether the schema is new to this subscriber: for the first frame, where it is another than the last one's, and
    /// after a gap.
    pub fn starts_schema(&self) -> bool {
        self.starts_schema
    }

    /// Updates that this subscriber was too slow for before this one.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Grafana's JSON, on one line: with the schema where it is new to this subscriber, else `{"data":{"values":[…]}}`. A
    /// document that is no frame is as it was published.
    pub fn json(&self) -> Bytes {
        self.message.json(self.starts_schema)
    }

    /// What `make` makes of the channel and [`json`](Self::json), made once for all subscribers who see the same. `make`
    /// should always make the same of the same.
    pub fn wire(&self, wire: Wire, make: impl FnOnce(&Channel, &[u8]) -> Vec<u8>) -> Bytes {
        self.message.wire(wire, self.starts_schema, make)
    }
}
