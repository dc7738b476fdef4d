//! The folder itself: missing, deleted, replaced, swapped; and the end of watching.

use crate::common::{PATIENCE, Plugins, inotify, rescanning};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};
use wellhead_watch::FileEventKind::{Gone, Quiet};
use wellhead_watch::{FolderWatcher, Options, WatchError};

fn one(folder: &Path) {
    fs::write(folder.join("x.wasm"), "one").unwrap();
}

#[tokio::test]
async fn a_folder_that_is_missing_at_the_start_is_an_error_that_names_it() {
    let error = FolderWatcher::start("/nowhere/plugins", Options::default()).unwrap_err();
    assert!(matches!(&error, WatchError::Folder { folder, .. } if folder == Path::new("/nowhere/plugins")));
    assert!(error.to_string().contains("/nowhere/plugins"), "{error}");
}

#[test]
fn outside_a_runtime_watching_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let error = FolderWatcher::start(folder.path(), Options::default()).unwrap_err();
    assert!(matches!(error, WatchError::NoRuntime { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_deleted_takes_its_files_along_and_is_watched_again_when_it_is_back() {
    let mut plugins = Plugins::watch(rescanning(), one);
    fs::remove_dir_all(&plugins.folder).unwrap();
    plugins.expect(&[("x.wasm", Gone)]).await;
    fs::create_dir(&plugins.folder).unwrap();
    plugins.replace_until_seen_at_once("x.wasm").await;
}

#[tokio::test]
async fn a_folder_deleted_and_made_again_at_once_is_watched_on() {
    let mut plugins = Plugins::watch(rescanning(), one);
    fs::remove_dir_all(&plugins.folder).unwrap();
    // Many file systems give it the same inode.
    fs::create_dir(&plugins.folder).unwrap();
    plugins.replace_until_seen_at_once("x.wasm").await;
}

#[tokio::test]
async fn a_folder_replaced_by_another_is_compared_with_it() {
    let mut plugins = Plugins::watch(rescanning(), |folder| {
        one(folder);
        fs::write(folder.join("y.wasm"), "y").unwrap();
    });
    fs::create_dir(plugins.outside("next")).unwrap();
    fs::write(plugins.outside("next").join("x.wasm"), "two").unwrap();
    fs::rename(&plugins.folder, plugins.outside("previous")).unwrap();
    fs::rename(plugins.outside("next"), &plugins.folder).unwrap();
    let mut all = plugins.all().await;
    all.sort_by(|this, that| this.0.cmp(&that.0));
    assert_eq!(all, [("x.wasm".to_owned(), Quiet), ("y.wasm".to_owned(), Gone)]);
    plugins.replace_until_seen_at_once("x.wasm").await;
}

#[tokio::test]
async fn a_folder_that_is_a_symlink_may_be_swapped() {
    let mut plugins = Plugins::watch(rescanning(), |folder| {
        for version in ["v1", "v2"] {
            fs::create_dir(folder.with_file_name(version)).unwrap();
            one(&folder.with_file_name(version));
        }
        fs::remove_dir(folder).unwrap();
        symlink("v1", folder).unwrap();
    });
    symlink("v2", plugins.outside("link")).unwrap();
    fs::rename(plugins.outside("link"), &plugins.folder).unwrap();
    plugins.expect(&[("x.wasm", Quiet)]).await;
    plugins.replace_until_seen_at_once("x.wasm").await;
    // What happens in the folder that was watched before is nothing to us.
    assert!(inotify_watches(&plugins.outside("v1"), 0).await);
}

#[tokio::test]
async fn dropping_the_watcher_ends_the_channel_and_the_watch() {
    let mut plugins = Plugins::watch(inotify(), one);
    assert!(inotify_watches(&plugins.folder, 1).await);
    drop(plugins.watcher);
    let end = tokio::time::timeout(PATIENCE, plugins.events.recv()).await.expect("the end within the time");
    assert_eq!(end, None);
    assert!(inotify_watches(&plugins.folder, 0).await);
}

#[tokio::test]
async fn dropping_the_receiver_ends_the_watch() {
    let plugins = Plugins::watch(inotify(), one);
    drop(plugins.events);
    assert!(inotify_watches(&plugins.folder, 0).await);
}

/// Waits until this process watches a folder so many times: `proc_pid_fdinfo(5)` lists the inodes of inotify's.
async fn inotify_watches(folder: &Path, times: usize) -> bool {
    let inode = format!(" ino:{:x} ", fs::metadata(folder).unwrap().ino());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let entries = fs::read_dir("/proc/self/fdinfo").unwrap();
        // Others open and close files meanwhile.
        let infos = entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok()).collect::<String>();
        if infos.lines().filter(|line| line.starts_with("inotify ") && line.contains(&inode)).count() == times {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
