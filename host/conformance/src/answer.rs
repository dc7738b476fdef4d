//! An answer as rules judge it: who answered which refId how, and what the host itself had to say of it.

use futures::StreamExt;
use wellhead::{DataResponse, GuestError, Piece, PluginError, QueryDataReply};

/// The answer to one refId.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) ref_id: String,
    pub(crate) frames: usize,
    pub(crate) error: Option<GuestError>,
}

impl Answered {
    fn of(response: DataResponse, begun: usize) -> Self {
        let frames = response.frames.len().saturating_add(begun);
        Self { ref_id: response.ref_id, frames, error: response.error }
    }

    /// What the host says of a frame that is none. A plugin that says so itself names no plugin.
    pub(crate) fn invalid_frame(&self, plugin_id: &str) -> Option<&str> {
        let mark = format!(" from plugin {plugin_id:?} is not valid: ");
        self.hosts_word(|message| message.starts_with("frame ") && message.contains(&mark))
    }

    /// What the host says where the plugin left the refId out.
    pub(crate) fn left_out(&self, plugin_id: &str) -> Option<&str> {
        self.hosts_word(|message| message.starts_with(&format!("plugin {plugin_id:?} did not answer query ")))
    }

    fn hosts_word(&self, is: impl Fn(&str) -> bool) -> Option<&str> {
        self.error.as_ref().map(|error| error.message.as_str()).filter(|message| is(message))
    }
}

/// Reads a reply to its end.
pub(crate) async fn read(reply: QueryDataReply) -> Result<Vec<Answered>, PluginError> {
    let mut answers: Vec<_> = reply.ready.into_iter().map(|response| Answered::of(response, 0)).collect();
    let Some(mut rest) = reply.rest else { return Ok(answers) };
    let mut begun: Vec<String> = Vec::new();
    while let Some(piece) = rest.next().await {
        match piece? {
            Piece::Begin { ref_id, .. } => begun.push(ref_id),
            Piece::Batch { .. } => {}
            Piece::Done(response) => {
                let frames = begun.iter().filter(|ref_id| **ref_id == response.ref_id).count();
                answers.push(Answered::of(response, frames));
            }
        }
    }
    Ok(answers)
}
