//! The inotify watch on the folder: made, made again where the folder is another than it was, done without where there is
//! none to be had.

use crate::inbox::Inbox;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::any::Any;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Makes a watch that ends when it is dropped.
pub(crate) type Maker = Box<dyn Fn(&Path, Arc<Inbox>) -> notify::Result<Box<dyn Any + Send>> + Send>;

/// The operating system's watch.
pub(crate) fn inotify() -> Maker {
    Box::new(|folder, inbox| {
        let watched = folder.to_owned();
        let mut watcher = RecommendedWatcher::new(move |event| inbox.put(&watched, event), notify::Config::default())?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(Box::new(watcher))
    })
}

/// Device and inode: what the folder's name stands for.
type Identity = (u64, u64);

pub(crate) struct Watch {
    /// Absolute, as the watcher names it in events.
    folder: PathBuf,
    rescan: Duration,
    inbox: Arc<Inbox>,
    /// `None`: polling.
    maker: Option<Maker>,
    held: Option<(Identity, Box<dyn Any + Send>)>,
    warned: bool,
}

impl Watch {
    pub(crate) fn new(folder: PathBuf, rescan: Duration, inbox: Arc<Inbox>, maker: Option<Maker>) -> Self {
        Self { folder, rescan, inbox, maker, held: None, warned: false }
    }

    /// Sees to it that what is watched is what the folder's name stands for now. `lost` says that it is not, for a
    /// folder made anew may have its predecessor's inode. To be called before the folder is scanned, so that nothing
    /// falls between. Blocks.
    pub(crate) fn renew(&mut self, lost: bool) {
        let Some(maker) = &self.maker else { return };
        let here = self.identity();
        if !lost && self.held.as_ref().is_some_and(|(watched, _)| Some(*watched) == here) {
            return;
        }
        self.held = None;
        let Some(here) = here else { return };
        match maker(&self.folder, Arc::clone(&self.inbox)) {
            // Replaced meanwhile: which of the two is watched, nobody knows. The next rescan tries again.
            Ok(_) if self.identity() != Some(here) => {}
            Ok(watcher) => {
                self.held = Some((here, watcher));
                if std::mem::take(&mut self.warned) {
                    tracing::info!("plugins folder {}: changes are seen at once again", self.folder.display());
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.warned, true) {
                    tracing::warn!(
                        "plugins folder {}: changes are seen only every {:?}, because it cannot be watched: {error}; raise \
                         the sysctl fs.inotify.max_user_instances or fs.inotify.max_user_watches",
                        self.folder.display(),
                        self.rescan,
                    );
                }
            }
        }
    }

    fn identity(&self) -> Option<Identity> {
        fs::metadata(&self.folder).ok().map(|metadata| (metadata.dev(), metadata.ino()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::ErrorKind;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    /// What is logged, a line an event.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<(Level, String)>>>);

    struct Message(String);

    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("wellhead_watch")
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut message = Message(String::new());
            event.record(&mut message);
            self.0.lock().unwrap().push((*event.metadata().level(), message.0));
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    fn watch_made_by(maker: impl Fn() -> notify::Result<()> + Send + 'static, folder: &Path) -> Watch {
        let maker: Maker = Box::new(move |_, _| maker().map(|()| Box::new(()) as Box<dyn Any + Send>));
        Watch::new(folder.to_owned(), Duration::from_secs(2), Arc::default(), Some(maker))
    }

    #[test]
    fn that_inotify_does_not_serve_is_said_once_and_that_it_serves_again_too() {
        let folder = tempfile::tempdir().unwrap();
        let serves = Arc::new(AtomicBool::new(false));
        let switch = Arc::clone(&serves);
        let made = move || match switch.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(notify::Error::new(ErrorKind::MaxFilesWatch)),
        };
        let mut watch = watch_made_by(made, folder.path());
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), || {
            watch.renew(false);
            watch.renew(false);
            assert!(watch.held.is_none());
            serves.store(true, Ordering::Relaxed);
            watch.renew(false);
            watch.renew(false);
            assert!(watch.held.is_some());
        });
        let lines = log.0.lock().unwrap();
        let levels = lines.iter().map(|(level, _)| *level).collect::<Vec<_>>();
        assert_eq!(levels, [Level::WARN, Level::INFO], "{lines:?}");
        let warning = &lines[0].1;
        for part in [folder.path().to_str().unwrap(), "2s", "OS file watch limit", "fs.inotify.max_user_watches"] {
            assert!(warning.contains(part), "{warning}");
        }
    }

    #[test]
    fn a_watch_is_made_again_only_when_the_folder_is_another_or_the_watch_is_lost() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("plugins");
        fs::create_dir(&folder).unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let made = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let mut watch = watch_made_by(made, &folder);
        let mut after = |lost| {
            watch.renew(lost);
            (watch.held.is_some(), count.load(Ordering::Relaxed))
        };
        assert_eq!(after(false), (true, 1));
        assert_eq!(after(false), (true, 1));
        assert_eq!(after(true), (true, 2));
        let moved = outside.path().join("moved");
        fs::rename(&folder, &moved).unwrap();
        assert_eq!(after(false), (false, 2));
        fs::create_dir(&folder).unwrap();
        assert_eq!(after(false), (true, 3));
    }

    #[test]
    fn a_folder_replaced_while_its_watch_is_made_is_not_taken_for_watched() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("plugins");
        fs::create_dir(&folder).unwrap();
        let (from, to) = (folder.clone(), outside.path().join("moved"));
        let made = move || {
            if !to.exists() {
                fs::rename(&from, &to).unwrap();
                fs::create_dir(&from).unwrap();
            }
            Ok(())
        };
        let mut watch = watch_made_by(made, &folder);
        watch.renew(false);
        assert!(watch.held.is_none());
        watch.renew(false);
        assert!(watch.held.is_some());
    }
}
