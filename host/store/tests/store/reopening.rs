//! What is there after a restart: everything.

use crate::support::{assert_consistent, delete, next, open, plain_list, source, uid, update};
use wellhead_store::{ChangeKind, DataSource, DataSourceStore, Revision};

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store
        .add(source("a").with_secret("token", "hunter2!").with_json_data("z", 1).with_json_data("a", 2))
        .await
        .unwrap();
    store.add(DataSource { org_id: 2, read_only: true, ..source("b") }).await.unwrap();
    store.add(source("gone")).await.unwrap();
    store.delete(delete(1, "gone")).await.unwrap();
    store.update(update(source("a").with_url("http://a"))).await.unwrap();
    let before = (plain_list(&store, 1).await, plain_list(&store, 2).await);
    drop(store);
    let store = open(&folder).await;
    assert_consistent(&store).await;
    assert_eq!((plain_list(&store, 1).await, plain_list(&store, 2).await), before);
    assert_eq!(store.add(source("gone")).await.unwrap().id, 4, "an id is not given twice, also not after a restart");
}

#[tokio::test]
async fn a_watcher_goes_on_after_a_restart_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store.add(source("a")).await.unwrap();
    let seen = next(&mut store.watch(Revision::default())).await.revision;
    store.add(source("b")).await.unwrap();
    store.delete(delete(1, "a")).await.unwrap();
    drop(store);
    let store = open(&folder).await;
    let mut changes = store.watch(seen);
    let missed = [next(&mut changes).await, next(&mut changes).await];
    assert_eq!(
        missed.map(|change| (change.uid, change.kind)),
        [("b".into(), ChangeKind::Put), ("a".into(), ChangeKind::Deleted)]
    );
    store.add(source("c")).await.unwrap();
    assert_eq!(next(&mut changes).await.uid, "c");
    assert_eq!(store.get(1, &uid("c")).await.unwrap().id, 3);
}
