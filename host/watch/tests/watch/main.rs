//! The watcher on real folders. Except where a test is about rescans, there are none, so that what is seen is seen by
//! inotify.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may end where something is not as expected, in helpers too"
)]

mod common;
mod deleting;
mod folders;
mod many;
mod replacing;
mod rescans;
mod sidecars;
mod writing;
