//! Replies read to their end, frame by whole frame, within limits.

use super::limits::bytes_of;
use super::{Replies, ResultLimits, Running, unanswered};
use crate::public_error::of_ref_id;
use futures::StreamExt;
use futures::future::join_all;
use std::collections::BTreeMap;
use wellhead_frame::{Frame, FrameError, RecordBatch, SchemaRef};
use wellhead_runtime::{DataResponse, GuestError, Piece};

/// Every query's answer, by ref-id.
#[derive(Clone, Debug, Default)]
pub struct QueryResults {
    /// In the order of their ref-ids.
    pub responses: BTreeMap<String, DataResponse>,
}

impl QueryResults {
    /// Whether any query failed.
    pub fn has_failed(&self) -> bool {
        self.responses.values().any(|response| response.error.is_some())
    }

    /// The frames of one query, or why it has none.
    ///
    /// # Errors
    /// The query's own failure; a 404 where no query bears this name.
    pub fn frames(&self, ref_id: &str) -> Result<&[Frame], GuestError> {
        match self.responses.get(ref_id) {
            Some(DataResponse { error: Some(error), .. }) => Err(error.clone()),
            Some(response) => Ok(&response.frames),
            None => Err(GuestError::plugin(404, format!("no query of the request has the refId {ref_id:?}"))),
        }
    }
}

impl Replies {
    /// Waits for everything and puts the pieces together. A query whose frames exceed `limits` fails alone, and its
    /// rows are let go.
    pub async fn collect(self, limits: ResultLimits) -> QueryResults {
        let ready = self.ready.into_iter().map(|(ref_id, response)| (ref_id, within(response, limits)));
        let mut responses: BTreeMap<_, _> = ready.collect();
        for collected in join_all(self.running.into_iter().map(|running| drain(running, limits))).await {
            responses.extend(collected);
        }
        QueryResults { responses }
    }
}

fn within(response: DataResponse, limits: ResultLimits) -> DataResponse {
    let mut bytes = 0_usize;
    let checked = response.frames.iter().try_for_each(|frame| {
        bytes = frame.batches().iter().map(bytes_of).fold(bytes, usize::saturating_add);
        limits.check_rows(frame.num_rows())?;
        limits.check_bytes(bytes)
    });
    match checked {
        Ok(()) => response,
        Err(error) => DataResponse::failed(response.ref_id, error),
    }
}

async fn drain(running: Running, limits: ResultLimits) -> BTreeMap<String, DataResponse> {
    let mut pieces = running.pieces;
    let mut open: BTreeMap<String, OpenQuery> =
        running.ref_ids.into_iter().map(|ref_id| (ref_id, OpenQuery::default())).collect();
    let mut owners: BTreeMap<u32, String> = BTreeMap::new();
    let mut done = BTreeMap::new();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(Piece::Begin { ref_id, frame, schema }) => {
                if let Some(query) = open.get_mut(&ref_id) {
                    query.begin(frame, schema);
                    owners.insert(frame, ref_id);
                }
            }
            Ok(Piece::Batch { frame, batch }) => {
                if let Some(query) = owners.get(&frame).and_then(|ref_id| open.get_mut(ref_id)) {
                    query.push(frame, batch, limits);
                }
                // What comes now helps nobody: dropping the stream tells the plugin to stop.
                if open.values().all(|query| query.exceeded.is_some()) {
                    return failed(open, done, &unanswered());
                }
            }
            Ok(Piece::Done(response)) => {
                if let Some(query) = open.remove(&response.ref_id) {
                    done.insert(response.ref_id.clone(), within(query.finish(response), limits));
                }
            }
            Err(error) => return failed(open, done, &of_ref_id(&error)),
        }
    }
    failed(open, done, &unanswered())
}

/// What is done stays; what is still open has failed, with the frames read so far.
fn failed(
    open: BTreeMap<String, OpenQuery>,
    mut done: BTreeMap<String, DataResponse>,
    error: &GuestError,
) -> BTreeMap<String, DataResponse> {
    for (ref_id, query) in open {
        done.insert(ref_id.clone(), query.finish(DataResponse::failed(ref_id, error.clone())));
    }
    done
}

/// A query some of whose frames are under way.
#[derive(Default)]
struct OpenQuery {
    /// By the guest's number, in the order they began.
    frames: Vec<(u32, Result<Frame, FrameError>)>,
    bytes: usize,
    exceeded: Option<GuestError>,
}

impl OpenQuery {
    fn begin(&mut self, number: u32, schema: SchemaRef) {
        self.frames.push((number, Frame::try_new(schema, Vec::new())));
    }

    fn push(&mut self, number: u32, batch: RecordBatch, limits: ResultLimits) {
        if self.exceeded.is_some() {
            return;
        }
        self.bytes = self.bytes.saturating_add(bytes_of(&batch));
        let Some((_, Ok(frame))) = self.frames.iter_mut().find(|(begun, _)| *begun == number) else { return };
        let rows = frame.num_rows().saturating_add(batch.num_rows());
        match limits.check_rows(rows).and_then(|()| limits.check_bytes(self.bytes)) {
            Ok(()) => {
                if let Err(error) = frame.push_batch(batch) {
                    self.exceeded = Some(broken(&error));
                }
            }
            Err(error) => self.exceed(error),
        }
    }

    fn exceed(&mut self, error: GuestError) {
        self.frames = Vec::new();
        self.exceeded = Some(error);
    }

    fn finish(self, mut response: DataResponse) -> DataResponse {
        let later = std::mem::take(&mut response.frames);
        for (_, frame) in self.frames {
            match frame {
                Ok(frame) => response.frames.push(frame),
                Err(error) => return DataResponse::failed(response.ref_id, broken(&error)),
            }
        }
        match self.exceeded {
            Some(error) => DataResponse::failed(response.ref_id, error),
            None => {
                response.frames.extend(later);
                response
            }
        }
    }
}

fn broken(error: &FrameError) -> GuestError {
    GuestError::plugin(500, format!("the plugin sent a frame that cannot be put together: {error}"))
}
