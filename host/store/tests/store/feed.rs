//! Deletions are remembered, but not for ever.

use crate::support::{assert_consistent, delete, in_memory, next, source};
use futures::StreamExt;
use wellhead_store::{ChangeKind, DataSourceStore, MemoryStore, Revision};

/// As many as a store remembers, and some.
const DELETIONS: u64 = 10_003;

async fn forgets(store: &impl DataSourceStore) {
    store.add(source("stays")).await.unwrap();
    let first = next(&mut store.watch(Revision::default())).await.revision;
    for number in 0..DELETIONS {
        let uid = number.to_string();
        store.add(source(&uid)).await.unwrap();
        store.delete(delete(1, &uid)).await.unwrap();
    }
    let last = Revision(first.0 + 2 * DELETIONS);
    let reset = next(&mut store.watch(first)).await;
    assert_eq!((reset.kind, reset.revision), (ChangeKind::Reset, last));
    // The third deletion is the newest one that is forgotten.
    assert_eq!(next(&mut store.watch(Revision(first.0 + 5))).await.kind, ChangeKind::Reset);
    let fourth = next(&mut store.watch(Revision(first.0 + 6))).await;
    assert_eq!((fourth.kind, fourth.uid.as_str(), fourth.revision.0), (ChangeKind::Deleted, "3", first.0 + 8));
    let all: Vec<_> = store.watch(Revision::default()).take(10_001).collect().await;
    assert_eq!((all[0].uid.as_str(), all[0].kind, all[10_000].revision), ("stays", ChangeKind::Put, last));
}

#[tokio::test]
async fn whoever_missed_more_deletions_than_a_memory_store_remembers_reads_everything_again() {
    forgets(&MemoryStore::default()).await;
}

#[tokio::test]
async fn whoever_missed_more_deletions_than_a_redb_store_remembers_reads_everything_again() {
    let store = in_memory().await;
    forgets(&store).await;
    assert_consistent(&store).await;
}
