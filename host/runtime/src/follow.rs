//! Follows a plugins folder: what changes in it is loaded, what is deleted is retired.
//!
//! When a file is worth reading is the watcher's word, what becomes of it the loader's.

use crate::loader::{Loaded, Loader, Tell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use tokio::sync::{Mutex, mpsc};
use tokio_util::task::AbortOnDropHandle;
use wellhead_watch::{FileEvent, FileEventKind, FolderWatcher, Found, Options, WatchError};

/// A folder that is followed, until it is dropped.
pub(crate) struct Following {
    _watcher: FolderWatcher,
    _task: AbortOnDropHandle<()>,
}

/// Loads what is in the folder, then follows it.
pub(crate) async fn follow(
    loader: &Arc<Loader>,
    folder: &Path,
    options: Options,
) -> Result<(Following, Vec<(PathBuf, Loaded)>), WatchError> {
    // The watch begins before the first look, so that no change falls between.
    let (watcher, found, events) = FolderWatcher::start(folder, options)?;
    let Found { components, frontends, .. } = found;
    let mut loaded = Vec::new();
    // One after the other: of two files with one id the first by name has it, at every start.
    for file in components.into_iter().chain(frontends) {
        let outcome = loader.file(&file, Tell::All, false).await;
        loaded.push((file, outcome));
    }
    let task = tokio::spawn(attend(Arc::downgrade(loader), events));
    Ok((Following { _watcher: watcher, _task: AbortOnDropHandle::new(task) }, loaded))
}

/// One file's changes: made one after the other, and only the newest of those that wait.
#[derive(Default)]
struct Line {
    busy: Mutex<()>,
    newest: AtomicU64,
}

/// Files do not wait for one another. What a file was while another change of it was being made does not matter any more
/// once it has changed again: to judge it then would be to judge a file that is being written.
async fn attend(loader: Weak<Loader>, mut events: mpsc::Receiver<FileEvent>) {
    let mut files: HashMap<PathBuf, Arc<Line>> = HashMap::new();
    while let Some(event) = events.recv().await {
        let Some(loader) = loader.upgrade() else { return };
        // Whoever holds a clone is busy with that file.
        files.retain(|_, line| Arc::strong_count(line) > 1);
        let line = files.entry(event.file.clone()).or_default().clone();
        let number = line.newest.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        tokio::spawn(async move {
            let _busy = line.busy.lock().await;
            if line.newest.load(Ordering::Acquire) == number {
                changed(&loader, &event).await;
            }
        });
    }
}

async fn changed(loader: &Loader, event: &FileEvent) {
    let told = match event.kind {
        // Closed or renamed into place: most likely whole, and if not there is more to come.
        FileEventKind::Settled => loader.file(&event.file, Tell::GoodNews, false).await,
        FileEventKind::Quiet => loader.file(&event.file, Tell::All, false).await,
        FileEventKind::Gone => {
            loader.gone(&event.file).await;
            return;
        }
    };
    let took = event.at.elapsed();
    match told {
        Ok(manifest) => {
            tracing::debug!(target: "wellhead::runtime", plugin = manifest.id, "{} was attended to after {took:?}", event.file.display());
        }
        Err(error) => tracing::debug!(target: "wellhead::runtime", "{error}"),
    }
}
