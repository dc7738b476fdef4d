//! The change feed.

use super::conform;
use crate::support::{delete, next, source, uid, update};
use futures::{FutureExt, StreamExt};
use wellhead_store::{ChangeKind, Revision, UpdateDataSource};

conform!(a_watcher_sees_what_was_there_what_changes_and_what_goes, store, {
    store.add(source("a")).await.unwrap();
    let mut changes = store.watch(Revision::default());
    let first = next(&mut changes).await;
    assert_eq!((first.org_id, first.uid.as_str(), first.kind), (1, "a", ChangeKind::Put));
    assert_eq!(changes.next().now_or_never(), None);
    store.update(update(source("a").with_url("http://new"))).await.unwrap();
    let second = next(&mut changes).await;
    assert_eq!((second.uid.as_str(), second.kind), ("a", ChangeKind::Put));
    store.delete(delete(1, "a")).await.unwrap();
    let last = next(&mut changes).await;
    assert_eq!((last.uid.as_str(), last.kind), ("a", ChangeKind::Deleted));
    assert!(first.revision < second.revision && second.revision < last.revision);
    assert_eq!(store.watch(last.revision).next().now_or_never(), None);
    assert_eq!(next(&mut store.watch(first.revision)).await, last);
});

conform!(changes_of_one_data_source_are_folded_into_its_last, store, {
    store.add(source("a")).await.unwrap();
    store.add(source("b")).await.unwrap();
    store.delete(delete(1, "a")).await.unwrap();
    store.add(source("a")).await.unwrap();
    let mut changes = store.watch(Revision::default());
    let seen = [next(&mut changes).await, next(&mut changes).await];
    assert_eq!(
        seen.map(|change| (change.uid, change.kind)),
        [("b".into(), ChangeKind::Put), ("a".into(), ChangeKind::Put)]
    );
    assert_eq!(changes.next().now_or_never(), None);
});

conform!(another_uid_is_one_that_goes_and_one_that_comes, store, {
    let added = store.add(source("a")).await.unwrap();
    let mut changes = store.watch(Revision::default());
    let seen = next(&mut changes).await.revision;
    store.update(UpdateDataSource { key: uid("a"), ..update(source("b")) }).await.unwrap();
    let mut changes = store.watch(seen);
    let (gone, come) = (next(&mut changes).await, next(&mut changes).await);
    assert_eq!(
        (gone.uid.as_str(), gone.kind, come.uid.as_str(), come.kind),
        ("a", ChangeKind::Deleted, "b", ChangeKind::Put)
    );
    assert_eq!(store.get(1, &uid("b")).await.unwrap().id, added.id);
});

conform!(a_default_that_loses_it_has_changed_too, store, {
    store.add(source("a")).await.unwrap();
    let mut changes = store.watch(Revision::default());
    next(&mut changes).await;
    store.add(wellhead_store::DataSource { is_default: true, ..source("b") }).await.unwrap();
    let seen = [next(&mut changes).await.uid, next(&mut changes).await.uid];
    assert_eq!(seen, ["a", "b"]);
});

conform!(a_command_that_failed_is_no_change, store, {
    store.add(source("a")).await.unwrap();
    let mut changes = store.watch(Revision::default());
    next(&mut changes).await;
    assert!(store.add(source("a")).await.is_err());
    assert!(store.delete(delete(1, "x")).await.is_err());
    assert_eq!(changes.next().now_or_never(), None);
});

conform!(a_watcher_of_another_history_is_told_to_read_everything_again, store, {
    store.add(source("a")).await.unwrap();
    let mut changes = store.watch(Revision(1_000));
    let reset = next(&mut changes).await;
    assert_eq!((reset.kind, reset.revision), (ChangeKind::Reset, Revision(1)));
    store.add(source("b")).await.unwrap();
    assert_eq!(next(&mut changes).await.uid, "b");
});

conform!(the_stream_ends_with_the_store, store, {
    let mut changes = store.watch(Revision::default());
    assert_eq!(changes.next().now_or_never(), None);
    drop(store);
    assert_eq!(tokio::time::timeout(crate::support::BOUND, changes.next()).await.unwrap(), None);
});
