//! Watches one plugins folder and says, for each plugin file, when its bytes are worth reading.
//!
//! A plugin file is `STEM.wasm`, with `STEM.plugin.json` (its sidecar) beside it or not. A `STEM.plugin.json` alone is
//! the manifest of a front-end plugin. Names that begin with `.` are none. The crate reads no file: what the bytes mean,
//! and whether they differ from those that were read last (a hash tells), is its caller's.
//!
//! | what happens | what is sent |
//! |---|---|
//! | closed after writing; renamed into place; a symlink or Kubernetes' `..data` swapped by rename | [`Settled`] at once, [`Quiet`] once nothing more came for [`Options::quiet`] |
//! | written and kept open; hard link or symlink made | [`Quiet`] |
//! | sidecar made, changed or deleted | the same, for the `.wasm` |
//! | deleted, and still away after [`Options::quiet`] | [`Gone`] |
//! | deleted and made again before | as if overwritten |
//! | only opened or read; mode changed, but who may read it not | nothing |
//!
//! Events come from inotify. What it does not see (a symlink's target outside the folder changed in place, changes made
//! by another machine of a network file system, events lost to a full queue, the folder itself deleted, replaced or
//! swapped as a symlink) is found by comparing fingerprints every [`Options::rescan`]; then there is no [`Settled`], as
//! nobody knows whether the writer is done, but [`Quiet`] after the fingerprint has stood still. Without inotify all
//! goes that way, and inotify is tried again at each rescan.
//!
//! ```no_run
//! # async fn example() -> Result<(), wellhead_watch::WatchError> {
//! use wellhead_watch::{FileEventKind, FolderWatcher, Options};
//!
//! let (_watcher, found, mut events) = FolderWatcher::start("plugins", Options::default())?;
//! for component in &found.components {
//!     println!("load {}", component.display()); // a change while this runs is an event later
//! }
//! while let Some(event) = events.recv().await {
//!     match event.kind {
//!         FileEventKind::Settled => println!("read {}, say nothing if it is half a file", event.file.display()),
//!         FileEventKind::Quiet => println!("read {}, complain if it is bad", event.file.display()),
//!         FileEventKind::Gone => println!("retire {}", event.file.display()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Settled`]: FileEventKind::Settled
//! [`Quiet`]: FileEventKind::Quiet
//! [`Gone`]: FileEventKind::Gone

mod error;
mod event;
mod fingerprint;
mod folder;
mod inbox;
mod options;
mod outbox;
mod tracker;
mod watch;
mod watcher;

pub use error::WatchError;
pub use event::{FileEvent, FileEventKind};
pub use folder::Found;
pub use options::Options;
pub use watcher::FolderWatcher;
