//! Results as a flat stream of record batches.

use futures::stream::{self, Stream, StreamExt};
use std::collections::BTreeMap;
use wellhead_frame::{Frame, RecordBatch, SchemaRef};
use wellhead_query::Replies;
use wellhead_runtime::{DataResponse, GuestError, Piece};

/// Rows of one frame of one query. A frame without rows comes as one empty batch, so that its schema is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Which query they answer.
    pub ref_id: String,
    /// Which frame they belong to: unique over the whole result. Batches of one frame share their schema.
    pub frame: u32,
    /// The rows; Grafana's metadata is in the schema.
    pub batch: RecordBatch,
}

/// A query that failed; others of the same request may be fine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("query {ref_id:?} failed: {error}")]
pub struct QueryFailure {
    /// Which query.
    pub ref_id: String,
    /// Why.
    pub error: GuestError,
}

pub(crate) fn rows_of(replies: Replies) -> impl Stream<Item = Result<Rows, QueryFailure>> + Send + use<> {
    let mut frames = Frames::default();
    replies.into_pieces().flat_map(move |piece| stream::iter(frames.rows(piece)))
}

/// Numbers frames, and remembers those that have begun and had no rows yet.
#[derive(Default)]
struct Frames {
    next: u32,
    /// By the piece stream's number.
    open: BTreeMap<u32, OpenFrame>,
}

struct OpenFrame {
    ref_id: String,
    number: u32,
    schema: SchemaRef,
    has_rows: bool,
}

impl Frames {
    fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        number
    }

    fn rows(&mut self, piece: Piece) -> Vec<Result<Rows, QueryFailure>> {
        match piece {
            Piece::Begin { ref_id, frame, schema } => {
                let number = self.number();
                self.open.insert(frame, OpenFrame { ref_id, number, schema, has_rows: false });
                Vec::new()
            }
            Piece::Batch { frame, batch } => {
                let open = self.open.get_mut(&frame);
                let rows = open.map(|open| {
                    open.has_rows = true;
                    Ok(Rows { ref_id: open.ref_id.clone(), frame: open.number, batch })
                });
                rows.into_iter().collect()
            }
            Piece::Done(response) => self.finish(response),
        }
    }

    fn finish(&mut self, response: DataResponse) -> Vec<Result<Rows, QueryFailure>> {
        let ref_id = response.ref_id;
        let mut items = Vec::new();
        self.open.retain(|_, open| {
            let ends = open.ref_id == ref_id;
            if ends && !open.has_rows {
                let batch = RecordBatch::new_empty(open.schema.clone());
                items.push(Ok(Rows { ref_id: ref_id.clone(), frame: open.number, batch }));
            }
            !ends
        });
        for frame in response.frames {
            let number = self.number();
            let batches = batches_of(frame).into_iter();
            items.extend(batches.map(|batch| Ok(Rows { ref_id: ref_id.clone(), frame: number, batch })));
        }
        items.extend(response.error.map(|error| Err(QueryFailure { ref_id, error })));
        items
    }
}

fn batches_of(frame: Frame) -> Vec<RecordBatch> {
    if frame.batches().is_empty() { vec![RecordBatch::new_empty(frame.schema().clone())] } else { frame.into_batches() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_frame::Field;

    fn frame(rows: i64) -> Frame {
        Frame::builder("n").column(Field::new("n"), (0..rows).collect::<Vec<_>>()).build().unwrap()
    }

    fn begin(ref_id: &str, number: u32) -> Piece {
        Piece::Begin { ref_id: ref_id.into(), frame: number, schema: frame(0).schema().clone() }
    }

    #[test]
    fn whole_and_streamed_frames_get_numbers_of_their_own_and_empty_ones_are_seen() {
        let batch = frame(2).into_batches().remove(0);
        let failed = GuestError::downstream(502, "gone");
        let pieces = [
            begin("A", 5),
            begin("A", 6),
            Piece::Batch { frame: 5, batch },
            Piece::Done(DataResponse::ok("A", vec![frame(3), Frame::empty("none")])),
            Piece::Done(DataResponse::failed("B", failed)),
        ];
        let mut frames = Frames::default();
        let shown: Vec<_> = pieces
            .into_iter()
            .flat_map(|piece| frames.rows(piece))
            .map(|rows| match rows {
                Ok(rows) => format!("{} {} {}", rows.ref_id, rows.frame, rows.batch.num_rows()),
                Err(failure) => failure.to_string(),
            })
            .collect();
        assert_eq!(shown, ["A 0 2", "A 1 0", "A 2 3", "A 3 0", "query \"B\" failed: gone"]);
    }
}
