//! The answer: frames by ref-id, at once or piece by piece.

use crate::{GuestError, PluginError};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use wellhead_frame::Frame;

/// The final word on one ref-id. With `error` set, `frames` hold what was read before it.
#[derive(Clone, Debug)]
pub struct DataResponse {
    /// Which query this answers.
    pub ref_id: String,
    /// HTTP status, 100 to 599: 200 unless there is an error.
    pub status: u16,
    /// Validated and canonical, each with this ref-id in its schema metadata.
    pub frames: Vec<Frame>,
    /// Why the query failed.
    pub error: Option<GuestError>,
}

impl DataResponse {
    /// A good answer.
    pub fn ok(ref_id: impl Into<String>, frames: Vec<Frame>) -> Self {
        Self { ref_id: ref_id.into(), status: 200, frames, error: None }
    }

    /// A failed query, with the error's own status.
    pub fn failed(ref_id: impl Into<String>, error: GuestError) -> Self {
        Self { ref_id: ref_id.into(), status: error.status, frames: Vec::new(), error: Some(error) }
    }
}

/// Part of a large result. Pieces of different frames may interleave; those of one frame are in order.
#[derive(Clone, Debug)]
pub enum Piece {
    /// A frame opens.
    Begin {
        /// The query it answers.
        ref_id: String,
        /// Its number, unique within the reply.
        frame: u32,
        /// Canonical schema with Grafana's metadata, ref-id filled in.
        schema: SchemaRef,
    },
    /// Rows of an open frame.
    Batch {
        /// The number its `Begin` gave.
        frame: u32,
        /// Validated rows under that schema.
        batch: RecordBatch,
    },
    /// Ends a ref-id and the frames it opened; frames in it come after those.
    Done(DataResponse),
}

/// Checked pieces as they come; an error is the last item and means that the whole call failed.
///
/// Dropping it tells the plugin that nobody waits any more.
#[derive(Debug)]
pub struct PieceStream(mpsc::Receiver<Result<Piece, PluginError>>);

impl PieceStream {
    pub(crate) fn new(pieces: mpsc::Receiver<Result<Piece, PluginError>>) -> Self {
        Self(pieces)
    }
}

impl Stream for PieceStream {
    type Item = Result<Piece, PluginError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

/// A plugin's answer to one `QueryDataRequest`: every ref-id exactly once, in `ready` or by `Done` in `rest`.
#[derive(Debug)]
pub struct QueryDataReply {
    /// Answers that are whole.
    pub ready: Vec<DataResponse>,
    /// Large answers under way.
    pub rest: Option<PieceStream>,
}

impl QueryDataReply {
    /// A reply that is all there.
    pub fn ready(ready: Vec<DataResponse>) -> Self {
        Self { ready, rest: None }
    }
}
