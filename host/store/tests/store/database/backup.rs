//! Copies of a database in use.

use crate::support::{assert_consistent, open, open_at, plain_list, source, update};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use wellhead_store::{DataSource, DataSourceStore, Database, DatabaseError};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_is_one_moment_of_a_store_that_is_written_to_all_the_while() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    for uid in ["a", "b"] {
        store.add(source(uid).with_secret("token", "hunter2!")).await.unwrap();
    }
    // b follows a, so that b is never ahead in any one moment.
    let acknowledged = Arc::new(AtomicU32::new(1));
    let writer = tokio::spawn({
        let (store, acknowledged) = (store.clone(), Arc::clone(&acknowledged));
        async move {
            loop {
                store.update(update(source("a"))).await.unwrap();
                let version = store.update(update(source("b"))).await.unwrap().version;
                acknowledged.store(version, Ordering::SeqCst);
            }
        }
    });
    let mut floors = Vec::new();
    for number in 0..10 {
        floors.push(acknowledged.load(Ordering::SeqCst));
        store.database().back_up(folder.path().join(format!("backup{number}"))).await.unwrap();
    }
    writer.abort();
    for (number, floor) in floors.into_iter().enumerate() {
        let path = folder.path().join(format!("backup{number}"));
        std::fs::copy(folder.path().join("data.redb.key"), folder.path().join(format!("backup{number}.key"))).unwrap();
        let copy = open_at(&path).await;
        assert_consistent(&copy).await;
        let list = plain_list(&copy, 1).await;
        let versions = [list[0].version, list[1].version];
        assert!(versions[1] >= floor && (0..=1).contains(&(versions[0] - versions[1])), "{versions:?}, {floor}");
        assert!(list.iter().all(|source: &DataSource| source.secure_json_data.len() == 1));
    }
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path().join("data.redb")).unwrap();
    let path = folder.path().join("backup");
    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(database.back_up(&path).await, Err(DatabaseError::Exists { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    let onto_itself = database.back_up(folder.path().join("data.redb")).await.unwrap_err();
    assert!(onto_itself.to_string().contains("is there already and is not overwritten"), "{onto_itself}");
}

#[tokio::test]
async fn a_backup_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path().join("data.redb")).unwrap();
    let error = database.back_up(folder.path().join("missing").join("backup")).await.unwrap_err();
    assert!(error.to_string().contains("make its folder"), "{error}");
    assert!(matches!(
        Database::in_memory().unwrap().back_up(folder.path().join("b")).await,
        Err(DatabaseError::InMemory)
    ));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}
