//! What crossed the sandbox's edge, kept and played back: one seam, below which a client is live, live and recorded, or
//! replayed.
//!
//! It lies above TLS, redirects, retries and credentials: what is kept is what the plugin said and heard, so credentials
//! that the host adds are in no recording, and secret values that the plugin itself sent are blanked. A replay needs no
//! network and judges policy and limits as ever. Files and folders are [`Recording`]'s; running plugins is others' affair.
//!
//! ```no_run
//! # async fn example(policy: wellhead_egress::EgressPolicy) -> Result<(), Box<dyn std::error::Error>> {
//! use wellhead_egress::{Egress, Recorder, Recording, Replay};
//!
//! let recorder = Recorder::new(Default::default());
//! let live = Egress::builder().record(recorder.clone()).build()?;
//! // … requests are sent by clients of `live` …
//! recorder.recording().write("cases/up".as_ref())?;
//!
//! let replay = Replay::new(Recording::read("cases/up".as_ref())?, Default::default());
//! let offline = Egress::builder().replay(replay.clone()).build()?;
//! // … the same requests are sent by clients of `offline` …
//! assert!(replay.misses().is_empty());
//! # Ok(()) }
//! ```

mod content;
mod exchange;
mod fault;
mod folder;
mod nearest;
mod recorder;
mod replay;
mod replay_http;
mod replay_script;
mod script;

pub use content::Content;
pub use exchange::{HttpExchange, HttpOutcome, RecordedRequest, RecordedResponse};
pub use fault::{Clock, Fault};
pub use folder::{Recording, RecordingError};
pub use recorder::Recorder;
pub use replay::{Otherwise, Replay};
pub use script::{NetScript, NetStep, StartTls};

pub(crate) use recorder::{NotedBody, NotedScript};
pub(crate) use replay_script::ReplayedBytes;

/// How the clients of a host reach their upstreams.
#[derive(Debug, Clone, Default)]
pub(crate) enum Way {
    /// Over the network.
    #[default]
    Live,
    /// Over the network, and kept.
    Recorded(Recorder),
    /// From what was kept.
    Replayed(Replay),
}
