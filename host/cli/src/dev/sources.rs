//! Tells which files of a project changed.
//!
//! What the operating system says is only a reason to look: what changed is what differs from the last look, so that
//! editors may save as they like. What builds write is left out, or one would cause the next.

use anyhow::{Context, Result};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task;

/// A save is several events: after the first, this long without another.
const QUIET: Duration = Duration::from_millis(20);
/// A look is taken at the latest after so long, however often something is written.
const LATEST: Duration = Duration::from_millis(500);
/// Folders that tools keep beside sources.
const TOOLS: &[&str] = &["target", "node_modules", "__pycache__", "dist"];

/// What is to be followed.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// Folders, with those in them.
    pub(super) folders: Vec<PathBuf>,
    /// Files and folders in those that are not looked at.
    pub(super) without: Vec<PathBuf>,
}

/// Follows a project's files.
pub(super) struct Sources {
    places: Places,
    seen: Look,
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    events: mpsc::Receiver<()>,
}

/// What tells a file from what it was.
type Stamp = (u64, u64, i64, i64);

/// The files, and the folders they are in.
#[derive(Debug, Default)]
struct Look {
    files: BTreeMap<PathBuf, Stamp>,
    folders: BTreeSet<PathBuf>,
}

impl Sources {
    /// Takes a first look; changes are those after it. Blocks on the file system.
    pub(super) fn follow(places: Places) -> Result<Self> {
        // One that waits to be taken says all there is to say.
        let (tell, events) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if !matches!(event, Ok(notify::Event { kind: EventKind::Access(_), .. })) {
                let _ = tell.try_send(());
            }
        });
        let watcher = watcher.context("cannot watch files")?;
        let mut this = Self { places, seen: Look::default(), watcher, watched: BTreeSet::new(), events };
        this.look()?;
        Ok(this)
    }

    /// Waits until files change, and says which.
    pub(super) async fn changed(&mut self) -> Result<Vec<PathBuf>> {
        loop {
            self.events.recv().await.context("files are no longer watched")?;
            let first = Instant::now();
            while first.elapsed() < LATEST && tokio::time::timeout(QUIET, self.events.recv()).await.is_ok() {}
            let changed = task::block_in_place(|| self.look())?;
            if !changed.is_empty() {
                return Ok(changed);
            }
        }
    }

    /// Looks, watches folders that are new, and says what differs from the last look.
    fn look(&mut self) -> Result<Vec<PathBuf>> {
        let mut now = self.places.look();
        // What happened in a new folder before it was watched is seen by looking again.
        while self.watch(&now)? {
            now = self.places.look();
        }
        let before = std::mem::replace(&mut self.seen, now);
        let different = |(path, stamp): &(&PathBuf, &Stamp)| before.files.get(*path) != Some(stamp);
        let mut changed: Vec<PathBuf> =
            self.seen.files.iter().filter(different).map(|(path, _)| path.clone()).collect();
        changed.extend(before.files.keys().filter(|path| !self.seen.files.contains_key(*path)).cloned());
        Ok(changed)
    }

    /// Whether there was a folder to be watched that was not.
    fn watch(&mut self, now: &Look) -> Result<bool> {
        let gone: Vec<PathBuf> = self.watched.difference(&now.folders).cloned().collect();
        for folder in gone {
            // The system has let go of it by itself.
            let _ = self.watcher.unwatch(&folder);
            self.watched.remove(&folder);
        }
        let mut added = false;
        for folder in now.folders.difference(&self.watched.clone()) {
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(folder.clone());
                    added = true;
                }
                // Gone again already.
                Err(_) if !folder.exists() => {}
                Err(error) => return Err(error).with_context(|| format!("cannot watch {}", folder.display())),
            }
        }
        Ok(added)
    }
}

impl Places {
    fn look(&self) -> Look {
        let mut look = Look::default();
        self.folders.iter().for_each(|folder| self.collect(folder, &mut look));
        look
    }

    fn collect(&self, folder: &Path, look: &mut Look) {
        // A folder below another is looked at once; one that cannot be read is as one that is gone.
        if look.folders.contains(folder) {
            return;
        }
        let Ok(entries) = fs::read_dir(folder) else { return };
        look.folders.insert(folder.to_owned());
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if is_no_source(&name.to_string_lossy()) || self.without.contains(&path) {
                continue;
            }
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() => {
                    // A link to a folder could lead round in circles.
                    if !entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                        self.collect(&path, look);
                    }
                }
                Ok(found) => drop(look.files.insert(path, stamp(&found))),
                Err(_) => {}
            }
        }
    }
}

fn stamp(found: &Metadata) -> Stamp {
    (found.ino(), found.size(), found.mtime(), found.mtime_nsec())
}

/// Hidden files, folders of tools, and what editors put beside a file while they save it.
fn is_no_source(name: &str) -> bool {
    name.starts_with(['.', '#']) || name.ends_with(['~', '#']) || name == "4913" || TOOLS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn project() -> (tempfile::TempDir, Sources) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        for file in ["Cargo.lock", "src/lib.rs", "src/deep/mod.rs", "target/debug/x.wasm", ".git/HEAD"] {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "1").unwrap();
        }
        let places = Places { folders: vec![root.clone(), root.join("src")], without: vec![root.join("Cargo.lock")] };
        let sources = Sources::follow(places).unwrap();
        (folder, sources)
    }

    fn names(root: &Path, changed: Vec<PathBuf>) -> BTreeSet<String> {
        changed.into_iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_changed_is_told_and_what_tools_write_is_not() {
        let (folder, mut sources) = project();
        let root = folder.path();
        for output in ["Cargo.lock", "target/debug/x.wasm", ".git/HEAD", "src/.lib.rs.swp", "src/lib.rs~", "4913"] {
            fs::write(root.join(output), "2 longer").unwrap();
        }
        fs::write(root.join("src/lib.rs"), "2 longer").unwrap();
        let mut told = BTreeSet::new();
        while !told.contains("src/lib.rs") {
            told.extend(names(root, sources.changed().await.unwrap()));
        }
        assert_eq!(told.len(), 1, "{told:?}");

        // As careful editors save.
        fs::write(root.join("src/.new"), "3 longer still").unwrap();
        fs::rename(root.join("src/.new"), root.join("src/deep/mod.rs")).unwrap();
        assert_eq!(names(root, sources.changed().await.unwrap()).first().unwrap(), "src/deep/mod.rs");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_new_folder_is_followed_and_a_deleted_file_is_a_change() {
        let (folder, mut sources) = project();
        let root = folder.path();
        fs::create_dir_all(root.join("src/new/one")).unwrap();
        fs::write(root.join("src/new/one/a.rs"), "1").unwrap();
        assert_eq!(names(root, sources.changed().await.unwrap()).first().unwrap(), "src/new/one/a.rs");
        fs::write(root.join("src/new/one/a.rs"), "2 longer").unwrap();
        assert_eq!(names(root, sources.changed().await.unwrap()).first().unwrap(), "src/new/one/a.rs");
        fs::remove_file(root.join("src/new/one/a.rs")).unwrap();
        assert_eq!(names(root, sources.changed().await.unwrap()).first().unwrap(), "src/new/one/a.rs");
    }
}
