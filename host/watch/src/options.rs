//! How long to wait, and whether to poll.

use std::time::Duration;

/// A rescan costs a stat a file, so it must not become a busy loop.
const MIN_RESCAN: Duration = Duration::from_millis(10);

/// Longer is never: instants that far away can still be reckoned with.
const MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How to watch a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long nothing must have happened to a file until what is there is final. Default 500 ms: long enough for a
    /// program that writes in steps, short enough for somebody who waits for the message that the file is bad. At most a day.
    pub quiet: Duration,
    /// How often the fingerprints of all files are compared, for what inotify does not see. Default 2 s; at least 10 ms,
    /// at most a day.
    pub rescan: Duration,
    /// Live by rescans alone, for a file system on which inotify is known to say nothing.
    pub force_polling: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { quiet: Duration::from_millis(500), rescan: Duration::from_secs(2), force_polling: false }
    }
}

impl Options {
    /// With both spans within their bounds.
    pub(crate) fn bounded(self) -> Self {
        Self { quiet: self.quiet.min(MAX), rescan: self.rescan.clamp(MIN_RESCAN, MAX), ..self }
    }
}
