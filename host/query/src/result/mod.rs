//! What came back: the replies of all data sources asked, to be read whole or piece by piece.

mod collect;
mod limits;
mod pieces;

pub use collect::QueryResults;
pub use limits::ResultLimits;

use crate::public_error::of_ref_id;
use futures::stream::{BoxStream, StreamExt};
use std::collections::BTreeMap;
use wellhead_runtime::{DataResponse, GuestError, Piece, PluginError, QueryDataReply};

/// The answers of every data source asked: those that are there, and those under way.
///
/// Dropping it cancels what is under way.
#[derive(Default)]
pub struct Replies {
    /// By ref-id.
    ready: BTreeMap<String, DataResponse>,
    running: Vec<Running>,
}

/// A reply whose pieces are still coming.
struct Running {
    /// Which queries it has yet to answer.
    ref_ids: Vec<String>,
    pieces: BoxStream<'static, Result<Piece, PluginError>>,
}

impl Replies {
    /// Whether a query is known to have failed. Those under way may still fail.
    pub fn has_failed(&self) -> bool {
        self.ready.values().any(|response| response.error.is_some())
    }

    /// Takes up a plugin's answer to the queries `ref_ids`.
    pub(crate) fn add(&mut self, mut ref_ids: Vec<String>, answer: Result<QueryDataReply, PluginError>) {
        let reply = match answer {
            Ok(reply) => reply,
            Err(error) => return self.fail(ref_ids, &of_ref_id(&error)),
        };
        for response in reply.ready {
            // What was not asked for has no place to go.
            if let Some(asked) = ref_ids.iter().position(|ref_id| *ref_id == response.ref_id) {
                ref_ids.swap_remove(asked);
                self.ready.insert(response.ref_id.clone(), response);
            }
        }
        match reply.rest {
            Some(pieces) => self.running.push(Running { ref_ids, pieces: pieces.boxed() }),
            None => self.fail(ref_ids, &unanswered()),
        }
    }

    fn fail(&mut self, ref_ids: Vec<String>, error: &GuestError) {
        for ref_id in ref_ids {
            self.ready.insert(ref_id.clone(), DataResponse::failed(ref_id, error.clone()));
        }
    }
}

impl std::fmt::Debug for Replies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let running: Vec<_> = self.running.iter().flat_map(|reply| &reply.ref_ids).collect();
        f.debug_struct("Replies").field("ready", &self.ready.keys()).field("running", &running).finish()
    }
}

fn unanswered() -> GuestError {
    GuestError::plugin(500, "the plugin did not answer this query: its reply has no such refId")
}

#[cfg(test)]
mod tests;
