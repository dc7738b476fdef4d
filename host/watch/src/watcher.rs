//! The task that asks inotify and the file system, and tells the receiver. It touches the file system only on threads
//! that may block, because a network file system can hang.

use crate::fingerprint::Parts;
use crate::folder::{Folder, Found};
use crate::inbox::{Inbox, Sweep};
use crate::outbox::Outbox;
use crate::tracker::{Sight, Tracker};
use crate::watch::{self, Maker, Watch};
use crate::{FileEvent, Options, WatchError};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError};

/// Events the receiver can have waiting. Few: those that wait longer wait where a later one takes their place.
const CHANNEL: usize = 16;

/// A plugins folder being watched. Dropping it ends the watching, and with it the channel.
#[derive(Debug)]
pub struct FolderWatcher {
    task: AbortHandle,
}

impl FolderWatcher {
    /// Starts watching, and says what is there already. Nothing is sent for that: load it, and what changes from now on,
    /// also while it is being loaded, comes as events. Blocks for as long as listing the folder takes.
    ///
    /// # Errors
    /// [`WatchError::Folder`] if the folder cannot be listed; [`WatchError::NoRuntime`] outside a Tokio runtime. That
    /// inotify does not serve is no error: a warning is logged, and changes are found by rescans.
    pub fn start(
        folder: impl Into<PathBuf>,
        options: Options,
    ) -> Result<(Self, Found, mpsc::Receiver<FileEvent>), WatchError> {
        Self::start_with(folder.into(), options, watch::inotify())
    }

    fn start_with(
        path: PathBuf,
        options: Options,
        maker: Maker,
    ) -> Result<(Self, Found, mpsc::Receiver<FileEvent>), WatchError> {
        let Ok(runtime) = Handle::try_current() else { return Err(WatchError::NoRuntime { folder: path }) };
        let (folder, options) = (Folder::new(path), options.bounded());
        let absolute = std::path::absolute(folder.path()).map_err(|error| folder.failed(error))?;
        let inbox = Arc::new(Inbox::default());
        let maker = if options.force_polling {
            tracing::info!(
                "plugins folder {}: changes are looked for every {:?}, as asked",
                folder.path().display(),
                options.rescan
            );
            None
        } else {
            Some(maker)
        };
        let mut watch = Watch::new(absolute, options.rescan, Arc::clone(&inbox), maker);
        watch.renew(false);
        let present = folder.scan().map_err(|error| folder.failed(error))?;
        let found = Found::of(&folder, &present);
        let (events, receiver) = mpsc::channel(CHANNEL);
        let task = Task {
            tracker: Tracker::new(folder.clone(), options.quiet, present),
            outbox: Outbox::default(),
            next_rescan: Instant::now() + options.rescan,
            watch: Arc::new(Mutex::new(watch)),
            unlisted: false,
            folder,
            options,
            inbox,
            events,
        };
        Ok((Self { task: runtime.spawn(task.run()).abort_handle() }, found, receiver))
    }
}

impl Drop for FolderWatcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Task {
    folder: Folder,
    options: Options,
    inbox: Arc<Inbox>,
    /// Behind a lock only to be lent to a thread that may block.
    watch: Arc<Mutex<Watch>>,
    tracker: Tracker,
    outbox: Outbox,
    events: mpsc::Sender<FileEvent>,
    next_rescan: Instant,
    /// The last rescan failed, and that was said.
    unlisted: bool,
}

impl Task {
    async fn run(mut self) {
        loop {
            let wake = self.tracker.next_due().map_or(self.next_rescan, |due| due.min(self.next_rescan));
            tokio::select! {
                permit = self.events.reserve(), if !self.outbox.is_empty() => {
                    let Ok(permit) = permit else { return };
                    if let Some(event) = self.outbox.take() {
                        permit.send(event);
                    }
                    continue;
                }
                () = self.events.closed() => return,
                () = self.inbox.filled() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
            }
            if let Err(error) = self.step().await {
                // Otherwise the runtime shuts down, and gives no more threads to block.
                if error.is_panic() {
                    tracing::error!("plugins folder {}: no longer watched: {error}", self.folder.path().display());
                }
                return;
            }
        }
    }

    async fn step(&mut self) -> Result<(), JoinError> {
        let news = self.inbox.take();
        for (stem, touch) in &news.plugins {
            if let Some(at) = touch.active {
                self.tracker.active(stem, at);
            }
        }
        let seen = if news.sweep.is_some() || Instant::now() >= self.next_rescan {
            self.sweep(news.lost).await?
        } else {
            let stems = news.plugins.iter().filter(|(_, touch)| touch.look).map(|(stem, _)| stem.clone()).collect();
            self.look(stems).await?
        };
        let otherwise = match news.sweep {
            Some(Sweep::Swapped(at)) => Sight::Swapped(at),
            Some(Sweep::Changed) | None => Sight::Noticed(Instant::now()),
        };
        for (stem, parts) in seen {
            let settled = news.plugins.get(&stem).and_then(|touch| touch.settled);
            self.tracker.seen(&stem, parts, settled.map_or(otherwise, Sight::Settled), &mut self.outbox);
        }
        self.finish().await
    }

    /// Says of files that have been quiet that they are, or that they are gone.
    async fn finish(&mut self) -> Result<(), JoinError> {
        let due = self.tracker.due(Instant::now());
        for (stem, parts) in self.look(due).await? {
            // What came while we looked is for the next step: it may have begun another burst.
            if !self.inbox.mentions(&stem) {
                self.tracker.finish(&stem, parts, Instant::now(), &mut self.outbox);
            }
        }
        Ok(())
    }

    /// Takes the fingerprints of some plugins.
    async fn look(&self, stems: Vec<String>) -> Result<Vec<(String, Parts)>, JoinError> {
        if stems.is_empty() {
            return Ok(Vec::new());
        }
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || {
            let looked = stems.into_iter().map(|stem| {
                let parts = folder.look(&stem);
                (stem, parts)
            });
            looked.collect()
        })
        .await
    }

    /// Takes the fingerprints of all plugins, those that are no longer there among them; none if the folder cannot be
    /// listed, because that says nothing about the files.
    async fn sweep(&mut self, lost: bool) -> Result<Vec<(String, Parts)>, JoinError> {
        let (folder, watch) = (self.folder.clone(), Arc::clone(&self.watch));
        let scanned = tokio::task::spawn_blocking(move || {
            watch.lock().unwrap_or_else(PoisonError::into_inner).renew(lost);
            match folder.scan() {
                // A folder that was deleted holds nothing.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
                scanned => scanned,
            }
        })
        .await?;
        self.next_rescan = Instant::now() + self.options.rescan;
        let mut plugins = match scanned {
            Ok(plugins) => plugins,
            Err(error) => {
                if !std::mem::replace(&mut self.unlisted, true) {
                    tracing::warn!("{}; its plugins stay as they are until then", self.folder.failed(error));
                }
                return Ok(Vec::new());
            }
        };
        self.unlisted = false;
        for stem in self.tracker.stems() {
            if !plugins.contains_key(stem) {
                plugins.insert(stem.clone(), Parts::default());
            }
        }
        Ok(plugins.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileEventKind::Quiet;
    use notify::event::{EventKind, Flag};
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    /// Longer than anything waited for takes, on however slow a machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    async fn next(events: &mut mpsc::Receiver<FileEvent>) -> FileEvent {
        tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap()
    }

    fn options(rescan: Duration) -> Options {
        Options { quiet: Duration::from_millis(100), rescan, force_polling: false }
    }

    #[tokio::test]
    async fn events_lost_to_a_full_queue_are_made_good_by_comparing_all_fingerprints() {
        let folder = tempfile::tempdir().unwrap();
        let inboxes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&inboxes);
        let deaf: Maker = Box::new(move |_, inbox| {
            kept.lock().unwrap().push(inbox);
            Ok(Box::new(()))
        });
        let (_watcher, _, mut events) =
            FolderWatcher::start_with(folder.path().to_owned(), options(Duration::MAX), deaf).unwrap();
        fs::write(folder.path().join("x.wasm"), "one").unwrap();
        let overflow = notify::Event::new(EventKind::Other).set_flag(Flag::Rescan);
        inboxes.lock().unwrap()[0].put(folder.path(), Ok(overflow));
        let event = next(&mut events).await;
        assert_eq!((event.file, event.kind), (folder.path().join("x.wasm"), Quiet));
    }

    #[tokio::test]
    async fn without_a_watch_changes_are_found_by_rescans() {
        let folder = tempfile::tempdir().unwrap();
        let none: Maker = Box::new(|_, _| Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch)));
        let (_watcher, _, mut events) =
            FolderWatcher::start_with(folder.path().to_owned(), options(Duration::ZERO), none).unwrap();
        fs::write(folder.path().join("x.wasm"), "one").unwrap();
        assert_eq!(next(&mut events).await.kind, Quiet);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_listed_says_nothing_of_its_files() {
        let outside = tempfile::tempdir().unwrap();
        let path = |name| outside.path().join(name);
        fs::create_dir(path("directory")).unwrap();
        fs::write(path("directory").join("x.wasm"), "one").unwrap();
        // A file cannot be listed, whoever asks; a mode of 000 can be by root.
        fs::write(path("file"), "no folder").unwrap();
        let folder = path("plugins");
        let turn_to = |target| {
            symlink(target, path("link")).unwrap();
            fs::rename(path("link"), &folder).unwrap();
        };
        turn_to("directory");
        let (_watcher, _, mut events) = FolderWatcher::start(&folder, options(Duration::ZERO)).unwrap();
        turn_to("file");
        tokio::time::sleep(5 * options(Duration::ZERO).quiet).await;
        turn_to("directory");
        fs::write(folder.join("y.wasm"), "two").unwrap();
        assert_eq!(next(&mut events).await.file, folder.join("y.wasm"));
    }
}
