//! A folder of plugins being watched.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;
use wellhead_watch::FileEventKind::{Gone, Quiet, Settled};
use wellhead_watch::{FileEvent, FileEventKind, FolderWatcher, Found, Options};

/// Longer than anything waited for takes, on however slow a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Sorts last, so that what began with it or before is over when it is quiet.
const END: &str = "~end.wasm";

/// Inotify alone.
pub(crate) fn inotify() -> Options {
    Options { quiet: Duration::from_millis(300), rescan: Duration::from_secs(3600), force_polling: false }
}

/// For what must happen within one burst: so much quiet that a slow machine makes no pause of it.
pub(crate) fn patient() -> Options {
    Options { quiet: Duration::from_millis(1500), ..inotify() }
}

/// Inotify, and rescans often enough for a test.
pub(crate) fn rescanning() -> Options {
    Options { rescan: Duration::from_millis(50), ..inotify() }
}

/// Rescans alone.
pub(crate) fn polling() -> Options {
    Options { force_polling: true, ..rescanning() }
}

pub(crate) struct Plugins {
    pub(crate) folder: PathBuf,
    pub(crate) found: Found,
    pub(crate) watcher: FolderWatcher,
    pub(crate) events: Receiver<FileEvent>,
    outside: TempDir,
}

impl Plugins {
    /// Watches a folder that holds what `prepare` puts into it.
    pub(crate) fn watch(options: Options, prepare: impl FnOnce(&Path)) -> Self {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("plugins");
        fs::create_dir(&folder).unwrap();
        prepare(&folder);
        let (watcher, found, events) = FolderWatcher::start(&folder, options).unwrap();
        Self { folder, found, watcher, events, outside }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A path on the same file system that is not in the folder.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.outside.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &str) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes a file elsewhere, and renames it to this name.
    pub(crate) fn replace(&self, name: &str, bytes: &str) {
        let temporary = self.outside("temporary");
        fs::write(&temporary, bytes).unwrap();
        fs::rename(temporary, self.path(name)).unwrap();
    }

    pub(crate) async fn next(&mut self) -> FileEvent {
        let event = tokio::time::timeout(PATIENCE, self.events.recv()).await;
        event.unwrap_or_else(|_| panic!("no event in {PATIENCE:?}")).unwrap()
    }

    /// The next event, which is about this file.
    pub(crate) async fn next_of(&mut self, name: &str) -> FileEventKind {
        let event = self.next().await;
        assert_eq!(event.file, self.path(name), "{event:?}");
        event.kind
    }

    pub(crate) async fn expect(&mut self, expected: &[(&str, FileEventKind)]) {
        for (name, kind) in expected {
            assert_eq!((*name, self.next_of(name).await), (*name, *kind));
        }
    }

    /// All events until now, for their quiet is over when that of a file written now is.
    pub(crate) async fn all(&mut self) -> Vec<(String, FileEventKind)> {
        self.write(END, "");
        let mut all = Vec::new();
        loop {
            let event = self.next().await;
            let name = event.file.strip_prefix(&self.folder).unwrap().to_str().unwrap().to_owned();
            match (name.as_str(), event.kind) {
                (END, Quiet) => return all,
                (END, Settled) => {}
                (END, Gone) => panic!("{END} is there"),
                _ => all.push((name, event.kind)),
            }
        }
    }

    pub(crate) async fn expect_nothing(&mut self) {
        assert_eq!(self.all().await, []);
    }

    /// Replaces a file until that is seen at once, which it is only through inotify.
    pub(crate) async fn replace_until_seen_at_once(&mut self, name: &str) {
        let replacing = async {
            for round in 0.. {
                self.replace(name, &format!("round {round}"));
                loop {
                    let event = self.next().await;
                    match event.kind {
                        Settled if event.file == self.path(name) => return,
                        Quiet if event.file == self.path(name) => break,
                        _ => {}
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, replacing).await.unwrap_or_else(|_| panic!("{name} is found by rescans only"));
    }
}
