//! What inotify has said since the watching task last asked, put together file by file: the thread that fills it never
//! waits, and it holds no more than there are files, however far the task lags behind.

use crate::folder;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// So many names at once are no longer kept one by one: a sweep finds what happened to them.
const MAX_NAMES: usize = 4096;

/// What happened, by stem and to the whole folder.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) plugins: HashMap<String, Touch>,
    /// All fingerprints are to be compared.
    pub(crate) sweep: Option<Sweep>,
    /// The folder that is watched is no longer the one that has the name.
    pub(crate) lost: bool,
}

/// What happened to a plugin's files.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Touch {
    /// When it was last written, made, renamed or deleted.
    pub(crate) active: Option<Instant>,
    /// When it was last closed after writing, or renamed into place.
    pub(crate) settled: Option<Instant>,
    /// Its fingerprint may have changed.
    pub(crate) look: bool,
}

/// Why all fingerprints are to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sweep {
    /// Something was made, moved away or lost.
    Changed,
    /// Something other than a plugin file was renamed into place or closed after writing. Where plugin files are
    /// symlinks through it, as through Kubernetes' `..data`, they are whole.
    Swapped(Instant),
}

/// What one event means.
enum Meaning {
    Nothing,
    /// Mode, owner, times or links.
    Attributes,
    Written,
    /// Made, deleted, moved away, or unknown.
    Moved,
    Settled,
}

impl Meaning {
    fn of(kind: &EventKind) -> Self {
        match kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Self::Settled,
            // `Both` comes after `From` and `To`, and says nothing new.
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => Self::Nothing,
            EventKind::Modify(ModifyKind::Metadata(_)) => Self::Attributes,
            EventKind::Modify(ModifyKind::Data(_)) => Self::Written,
            _ => Self::Moved,
        }
    }
}

impl News {
    pub(crate) fn is_empty(&self) -> bool {
        self.plugins.is_empty() && self.sweep.is_none() && !self.lost
    }

    fn happened(&mut self, watched: &Path, path: &Path, kind: &EventKind, at: Instant) {
        let meaning = Meaning::of(kind);
        if path == watched {
            // Of the folder itself only its end matters, not that it is listed or what its mode is.
            if matches!(meaning, Meaning::Moved) {
                self.lost = true;
                self.sweep.get_or_insert(Sweep::Changed);
            }
            return;
        }
        match path.file_name().and_then(folder::stem) {
            Some(stem) => self.plugin_happened(stem, &meaning, at),
            None => self.other_happened(&meaning, at),
        }
    }

    fn plugin_happened(&mut self, stem: &str, meaning: &Meaning, at: Instant) {
        if matches!(meaning, Meaning::Nothing) {
            return;
        }
        if self.plugins.len() >= MAX_NAMES && !self.plugins.contains_key(stem) {
            self.plugins.clear();
            self.sweep.get_or_insert(Sweep::Changed);
            return;
        }
        let touch = self.plugins.entry(stem.to_owned()).or_default();
        match meaning {
            Meaning::Nothing => {}
            Meaning::Attributes => touch.look = true,
            Meaning::Written | Meaning::Moved => touch.active = Some(at),
            Meaning::Settled => *touch = Touch { active: Some(at), settled: Some(at), look: true },
        }
    }

    fn other_happened(&mut self, meaning: &Meaning, at: Instant) {
        match meaning {
            // A log file in the folder must not cost a stat a plugin each time a line is written to it.
            Meaning::Nothing | Meaning::Attributes | Meaning::Written => {}
            Meaning::Moved => {
                self.sweep.get_or_insert(Sweep::Changed);
            }
            Meaning::Settled => self.sweep = Some(Sweep::Swapped(at)),
        }
    }
}

/// Filled by inotify's thread, emptied by the watching task.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    news: Mutex<News>,
    filled: Notify,
}

impl Inbox {
    /// Takes in an event of the folder `watched`, which must be named as it was when the watch was made.
    pub(crate) fn put(&self, watched: &Path, event: notify::Result<notify::Event>) {
        let at = Instant::now();
        {
            let mut news = self.lock();
            match event {
                Ok(event) => {
                    // Events were lost: the queue was full.
                    if event.need_rescan() {
                        news.sweep.get_or_insert(Sweep::Changed);
                    }
                    for path in &event.paths {
                        news.happened(watched, path, &event.kind, at);
                    }
                }
                Err(_) => {
                    news.sweep.get_or_insert(Sweep::Changed);
                }
            }
            if news.is_empty() {
                return;
            }
        }
        self.filled.notify_one();
    }

    /// Returns once there may be something to take.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    pub(crate) fn take(&self) -> News {
        std::mem::take(&mut *self.lock())
    }

    /// Whether something happened to this plugin that nobody has taken yet.
    pub(crate) fn mentions(&self, stem: &str) -> bool {
        self.lock().plugins.contains_key(stem)
    }

    fn lock(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::Event;
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind};

    const FOLDER: &str = "/plugins";

    fn news_of(events: impl IntoIterator<Item = (&'static str, EventKind)>) -> News {
        let inbox = Inbox::default();
        for (name, kind) in events {
            inbox.put(FOLDER.as_ref(), Ok(Event::new(kind).add_path(Path::new(FOLDER).join(name))));
        }
        inbox.take()
    }

    const OPENED: EventKind = EventKind::Access(AccessKind::Open(AccessMode::Any));
    const CLOSED: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));
    const WRITTEN: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    const ATTRIBUTES: EventKind = EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any));

    #[test]
    fn reading_a_plugin_or_writing_to_a_file_that_is_none_is_no_news() {
        let read = EventKind::Access(AccessKind::Close(AccessMode::Read));
        assert!(news_of([("x.wasm", OPENED), ("x.wasm", read), ("", OPENED)]).is_empty());
        assert!(news_of([("x.log", WRITTEN), ("x.log", OPENED), ("", ATTRIBUTES)]).is_empty());
    }

    #[test]
    fn closing_a_file_that_is_no_plugin_asks_for_a_sweep_that_may_settle_others() {
        assert!(matches!(news_of([(".x.tmp", CLOSED)]).sweep, Some(Sweep::Swapped(_))));
        assert_eq!(news_of([("..data", EventKind::Create(CreateKind::Folder))]).sweep, Some(Sweep::Changed));
    }

    #[test]
    fn the_end_of_the_folder_loses_the_watch() {
        assert!(news_of([("", EventKind::Remove(RemoveKind::Folder))]).lost);
        assert!(news_of([("", EventKind::Modify(ModifyKind::Name(RenameMode::From)))]).lost);
    }

    #[test]
    fn events_of_one_plugin_and_its_sidecar_are_put_together() {
        let news = news_of([("x.wasm", CLOSED), ("x.plugin.json", WRITTEN), ("x.wasm", ATTRIBUTES)]);
        let touch = news.plugins["x"];
        assert_eq!(news.plugins.len(), 1);
        assert!(touch.settled.is_some() && touch.active > touch.settled && touch.look);
    }

    #[test]
    fn a_full_queue_asks_for_a_sweep() {
        let inbox = Inbox::default();
        inbox.put(FOLDER.as_ref(), Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert_eq!(inbox.take().sweep, Some(Sweep::Changed));
    }

    #[test]
    fn more_names_than_are_kept_become_a_sweep() {
        let inbox = Inbox::default();
        for number in 0..=MAX_NAMES {
            let path = Path::new(FOLDER).join(format!("{number}.wasm"));
            inbox.put(FOLDER.as_ref(), Ok(Event::new(CLOSED).add_path(path)));
        }
        let news = inbox.take();
        assert_eq!(news.sweep, Some(Sweep::Changed));
        assert!(news.plugins.is_empty());
    }
}
