//! What a cache may answer from memory, and what it may not.

use crate::support::{BOUND, delete, in_memory, kind, source, uid, update};
use std::sync::Arc;
use std::time::Duration;
use wellhead_store::{CachedStore, DataSource, DataSourceKey, DataSourceStore, RedbStore, UpdateDataSource};

/// No answer gets too old while a test runs.
const LONG: Duration = Duration::from_secs(3_600);

async fn store() -> CachedStore<RedbStore> {
    let store = CachedStore::with_ttl(Arc::new(in_memory().await), LONG);
    store.add(source("a")).await.unwrap();
    store.add(source("b")).await.unwrap();
    store
}

#[tokio::test]
async fn a_second_read_by_uid_or_id_is_from_memory_and_uncached_is_not() {
    let store = store().await;
    let first = store.get(1, &uid("a")).await.unwrap();
    for key in [uid("a"), DataSourceKey::Id(first.id), DataSourceKey::Any("a".into())] {
        assert!(Arc::ptr_eq(&first, &store.get(1, &key).await.unwrap()), "{key}");
        assert!(!Arc::ptr_eq(&first, &store.uncached().get(1, &key).await.unwrap()), "{key}");
    }
    assert_eq!(kind(&store.get(2, &uid("a")).await), "not found");
    assert_eq!(kind(&store.get(2, &DataSourceKey::Id(first.id)).await), "not found");
}

#[tokio::test]
async fn an_answer_is_not_used_when_its_time_is_over() {
    let store = CachedStore::with_ttl(Arc::new(in_memory().await), Duration::ZERO);
    store.add(source("a")).await.unwrap();
    let first = store.get(1, &uid("a")).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &store.get(1, &uid("a")).await.unwrap()));
}

#[tokio::test]
async fn its_own_commands_are_seen_by_the_next_answer() {
    let store = store().await;
    let by_id = async |id| store.get(1, &DataSourceKey::Id(id)).await;
    for key in ["a", "b"] {
        store.get(1, &uid(key)).await.unwrap();
    }
    store.update(update(DataSource { is_default: true, ..source("a").with_url("http://new") })).await.unwrap();
    assert_eq!(by_id(1).await.unwrap().url, "http://new");
    store.update(update(DataSource { is_default: true, ..source("b") })).await.unwrap();
    assert!(!by_id(1).await.unwrap().is_default, "the one that loses the default has changed, too");
    let moved = UpdateDataSource { key: DataSourceKey::Id(1), ..update(source("c")) };
    store.update(moved).await.unwrap();
    assert_eq!((kind(&store.get(1, &uid("a")).await), by_id(1).await.unwrap().uid.as_str()), ("not found", "c"));
    store.delete(delete(1, "c")).await.unwrap();
    assert_eq!((kind(&by_id(1).await), kind(&store.get(1, &uid("c")).await)), ("not found", "not found"));
    store.add(source("a")).await.unwrap();
    assert_eq!(store.get(1, &uid("a")).await.unwrap().id, 3, "that it was not there is not remembered");
}

#[tokio::test]
async fn commands_of_others_are_seen_when_the_change_feed_tells() {
    let store = store().await;
    store.get(1, &uid("a")).await.unwrap();
    let others = Arc::clone(store.uncached());
    others.update(update(source("a").with_url("http://new"))).await.unwrap();
    let seen = async {
        while store.get(1, &uid("a")).await.unwrap().url.is_empty() {
            tokio::task::yield_now().await;
        }
        others.delete(delete(1, "a")).await.unwrap();
        while store.get(1, &uid("a")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, seen).await.expect("the old answer is still given");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_sees_an_older_version_once_a_newer_one_was_acknowledged() {
    let store = Arc::new(store().await);
    let acknowledged = Arc::new(std::sync::atomic::AtomicU32::new(1));
    let readers = (0..3).map(|_| {
        let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
        tokio::spawn(async move {
            loop {
                let floor = acknowledged.load(std::sync::atomic::Ordering::SeqCst);
                let read = store.get(1, &uid("a")).await.unwrap().version;
                assert!(read >= floor, "version {read} after {floor} was acknowledged");
                if floor > 500 {
                    break;
                }
                tokio::task::yield_now().await;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    while acknowledged.load(std::sync::atomic::Ordering::SeqCst) <= 500 {
        let version = store.update(update(source("a"))).await.unwrap().version;
        acknowledged.store(version, std::sync::atomic::Ordering::SeqCst);
    }
    for reader in readers {
        reader.await.unwrap();
    }
}
