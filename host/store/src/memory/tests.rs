//! What is particular to a memory store. What every store does is tested for all of them together.

use super::*;
use crate::ChangeKind;
use futures::FutureExt;

fn source(uid: &str) -> DataSource {
    DataSource::new(uid, format!("Name of {uid}"), "testdata")
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("a memory store answers at once")
}

#[test]
fn it_finds_by_uid_id_and_name_and_only_within_the_org() {
    let store = MemoryStore::new([source("a"), source("b"), DataSource { org_id: 2, ..source("c") }]).unwrap();
    for key in [DataSourceKey::uid("b"), DataSourceKey::Id(2), DataSourceKey::Name("Name of b".into())] {
        assert_eq!(ready(store.get(1, &key)).unwrap().uid, "b", "{key}");
        assert!(matches!(ready(store.get(2, &key)), Err(StoreError::NotFound { org_id: 2, .. })), "{key}");
    }
    assert!(ready(store.get(2, &DataSourceKey::Id(3))).is_ok());
}

#[test]
fn the_list_is_by_lower_cased_name() {
    let named = |uid: &str, name: &str| DataSource::new(uid, name, "testdata");
    let store = MemoryStore::new([named("1", "beta"), named("2", "Alpha"), named("3", "alpine")]).unwrap();
    let names: Vec<_> = ready(store.list(1)).unwrap().iter().map(|source| source.name.clone()).collect();
    assert_eq!(names, ["Alpha", "alpine", "beta"]);
}

#[test]
fn a_shared_uid_name_or_id_is_refused_within_an_org() {
    let error = MemoryStore::new([source("a"), source("a")]).unwrap_err();
    assert_eq!(error.to_string(), "org 1 has two data sources with uid \"a\": give each its own");
    let same_name = DataSource { name: "Name of a".into(), ..source("b") };
    assert_eq!(MemoryStore::new([source("a"), same_name]).unwrap_err().key, DataSourceKey::Name("Name of a".into()));
    let with_id = |uid| DataSource { id: 7, ..source(uid) };
    assert_eq!(MemoryStore::new([with_id("a"), with_id("b")]).unwrap_err().key, DataSourceKey::Id(7));
    assert!(MemoryStore::new([source("a"), DataSource { org_id: 2, ..source("a") }]).is_ok());
}

#[test]
fn what_a_person_types_is_a_uid_else_an_id_else_a_name() {
    let named = |uid: &str, name: &str| DataSource::new(uid, name, "testdata");
    let store = MemoryStore::new([named("1", "2"), named("b", "1"), named("c", "x")]).unwrap();
    let uid = |text: &str| ready(store.get(1, &DataSourceKey::Any(text.into()))).map(|source| source.uid.clone());
    assert_eq!([uid("1").unwrap(), uid("2").unwrap(), uid("x").unwrap()], ["1", "b", "c"]);
    assert!(uid("y").unwrap_err().to_string().contains("uid, id or name \"y\""));
}

#[test]
fn a_change_raises_the_version_and_keeps_the_id_while_no_change_keeps_all() {
    let store = MemoryStore::new([source("a"), source("b")]).unwrap();
    let before = ready(store.get(1, &DataSourceKey::uid("a"))).unwrap();
    store.replace([source("a").with_url("http://new"), source("b")]).unwrap();
    let a = ready(store.get(1, &DataSourceKey::uid("a"))).unwrap();
    let b = ready(store.get(1, &DataSourceKey::uid("b"))).unwrap();
    assert_eq!((a.version, a.id, b.version), (before.version + 1, before.id, 1));
}

#[test]
fn a_watcher_sees_what_was_there_what_changes_and_what_goes() {
    let store = MemoryStore::new([source("a"), source("b")]).unwrap();
    let mut changes = store.watch(Revision::default());
    let mut next = || changes.next().now_or_never().map(Option::unwrap);
    assert_eq!(next().map(|change| (change.uid, change.kind)), Some(("a".into(), ChangeKind::Put)));
    assert_eq!(next().map(|change| (change.uid, change.kind)), Some(("b".into(), ChangeKind::Put)));
    assert_eq!(next(), None);
    store.replace([source("b").with_url("http://new")]).unwrap();
    assert_eq!(next().map(|change| (change.uid, change.kind)), Some(("b".into(), ChangeKind::Put)));
    let last = next().unwrap();
    assert_eq!((last.uid.as_str(), last.kind), ("a", ChangeKind::Deleted));
    assert_eq!(next(), None);
    assert_eq!(store.watch(last.revision).next().now_or_never(), None);
    drop(store);
    assert_eq!(changes.next().now_or_never(), Some(None));
}
