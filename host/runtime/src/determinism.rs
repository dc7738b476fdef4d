//! Time and chance for guests whose traffic is recorded or replayed: both must be told the same, or a request with a
//! date or a nonce in it is another request every time.

use std::time::{Duration, SystemTime};

/// The instant and the random numbers that every guest of a runtime is told.
///
/// The wall clock stands still at `now`. A monotonic clock moves when a wait for it ends, by what was waited for, so that
/// no guest can tell how long its work or an answer took; waits take their time. (A guest that reads it in a loop
/// instead of waiting reads it until its call's deadline.) Random numbers are the same sequence for every instance; they
/// are not secret.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use wellhead_runtime::{Determinism, Runtime};
///
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// let builder = Runtime::builder().determinism(Determinism { now, seed: 7 });
/// # let _ = builder;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Determinism {
    /// What the wall clock says. An instant before 1970 is 1970.
    pub now: SystemTime,
    /// What random numbers begin with.
    pub seed: u64,
}

impl Determinism {
    /// Since the Unix epoch.
    pub(crate) fn since_epoch(self) -> Duration {
        self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}
