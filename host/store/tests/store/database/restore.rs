//! Putting a backup in the place of a database.

use crate::support::{assert_consistent, delete, open, open_at, plain_list, source};
use std::fs;
use tempfile::TempDir;
use wellhead_store::{DataSourceStore, Database, DatabaseError};

/// A closed store whose only data source was deleted after the backup.
async fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store.add(source("a").with_secret("token", "hunter2!")).await.unwrap();
    store.database().back_up(folder.path().join("backup")).await.unwrap();
    store.delete(delete(1, "a")).await.unwrap();
    drop(store);
    drop(open(&folder).await);
    folder
}

#[tokio::test]
async fn what_was_backed_up_is_there_again_and_what_was_there_is_kept() {
    let folder = folder().await;
    let (backup, path) = (folder.path().join("backup"), folder.path().join("data.redb"));
    let before = fs::read(&backup).unwrap();
    let kept = unlocked(|| Database::restore(&backup, &path)).unwrap().unwrap();
    assert_eq!(kept, folder.path().join("data.redb.before-restore"));
    let store = open(&folder).await;
    assert_consistent(&store).await;
    let list = plain_list(&store, 1).await;
    assert_eq!(list[0].secure_json_data.plain().collect::<Vec<_>>(), [("token", "hunter2!")]);
    fs::copy(folder.path().join("data.redb.key"), folder.path().join("data.redb.before-restore.key")).unwrap();
    assert!(open_at(&kept).await.list(1).await.unwrap().is_empty());
    assert!(fs::read(&backup).unwrap() == before, "the backup is as it was");
}

#[tokio::test]
async fn a_database_that_is_missing_is_restored_too() {
    let folder = folder().await;
    let path = folder.path().join("data.redb");
    fs::remove_file(&path).unwrap();
    assert_eq!(Database::restore(folder.path().join("backup"), &path).unwrap(), None);
    assert_eq!(open(&folder).await.list(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_database_that_is_damaged_is_restored_too() {
    let folder = folder().await;
    let path = folder.path().join("data.redb");
    fs::write(&path, "no database").unwrap();
    let kept = Database::restore(folder.path().join("backup"), &path).unwrap().unwrap();
    assert_eq!(fs::read(kept).unwrap(), b"no database");
    assert_eq!(open(&folder).await.list(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_is_restored_over_a_database_that_is_open() {
    let folder = folder().await;
    let store = open(&folder).await;
    let path = folder.path().join("data.redb");
    let refused = Database::restore(folder.path().join("backup"), &path);
    assert!(matches!(refused, Err(DatabaseError::Locked { .. })), "{refused:?}");
    store.add(source("b")).await.unwrap();
    drop(store);
    assert_eq!(open(&folder).await.list(1).await.unwrap().len(), 1);
    assert!(!folder.path().join("data.redb.before-restore").exists());
}

#[tokio::test]
async fn a_second_restore_does_not_overwrite_what_the_first_one_kept() {
    let folder = folder().await;
    let (backup, path) = (folder.path().join("backup"), folder.path().join("data.redb"));
    let kept = unlocked(|| Database::restore(&backup, &path)).unwrap().unwrap();
    let before = fs::read(&kept).unwrap();
    let refused = Database::restore(&backup, &path).unwrap_err().to_string();
    assert!(refused.contains("data.redb.before-restore is there already and is not overwritten"), "{refused}");
    assert!(fs::read(&kept).unwrap() == before);
}

#[tokio::test]
async fn a_backup_that_is_no_good_is_refused_before_anything_is_touched() {
    let folder = folder().await;
    let (backup, path) = (folder.path().join("backup"), folder.path().join("data.redb"));
    let (whole, before) = (fs::read(&backup).unwrap(), fs::read(&path).unwrap());
    let mut flipped = whole.clone();
    for byte in &mut flipped[5_000..] {
        *byte = !*byte;
    }
    for bad in [whole[..whole.len() / 2].to_vec(), flipped, b"no database".to_vec(), Vec::new()] {
        fs::write(&backup, &bad).unwrap();
        let refused = Database::restore(&backup, &path).unwrap_err();
        assert!(matches!(&refused, DatabaseError::Unusable { path, .. } if *path == backup), "{refused}");
        assert!(fs::read(&path).unwrap() == before && fs::read(&backup).unwrap() == bad);
    }
    fs::remove_file(&backup).unwrap();
    assert!(matches!(Database::restore(&backup, &path), Err(DatabaseError::File { .. })));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left behind");
}

/// Asks until threads of a pool have let go of the file.
fn unlocked<T>(mut restore: impl FnMut() -> Result<T, DatabaseError>) -> Result<T, DatabaseError> {
    for _ in 0..10_000 {
        match restore() {
            Err(DatabaseError::Locked { .. }) => std::thread::yield_now(),
            other => return other,
        }
    }
    restore()
}
