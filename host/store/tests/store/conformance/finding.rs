//! Looking up and listing.

use super::conform;
use crate::support::{kind, source, uid};
use wellhead_store::{DataSource, DataSourceKey};

conform!(it_finds_by_uid_id_and_name_and_only_within_the_org, store, {
    store.add(source("a")).await.unwrap();
    let b = store.add(source("b")).await.unwrap();
    store.add(DataSource { org_id: 2, ..source("c") }).await.unwrap();
    for key in [uid("b"), DataSourceKey::Id(b.id), DataSourceKey::Name("Name of b".into())] {
        assert_eq!(store.get(1, &key).await.unwrap(), b, "{key}");
        assert_eq!(kind(&store.get(2, &key).await), "not found", "{key}");
    }
    assert_eq!(store.get(2, &DataSourceKey::Id(3)).await.unwrap().uid, "c");
});

conform!(what_a_person_types_is_a_uid_else_an_id_else_a_name, store, {
    for (uid, name) in [("1", "2"), ("b", "1"), ("c", "x")] {
        store.add(DataSource::new(uid, name, "testdata")).await.unwrap();
    }
    for (text, expected) in [("1", "1"), ("2", "b"), ("x", "c")] {
        assert_eq!(store.get(1, &DataSourceKey::Any(text.into())).await.unwrap().uid, expected, "{text}");
    }
    let error = store.get(1, &DataSourceKey::Any("y".into())).await.unwrap_err();
    assert!(error.to_string().contains("uid, id or name \"y\""), "{error}");
});

conform!(the_list_is_of_one_org_by_lower_cased_name, store, {
    for (uid, name) in [("1", "beta"), ("2", "Alpha"), ("3", "alpine")] {
        store.add(DataSource::new(uid, name, "testdata")).await.unwrap();
    }
    store.add(DataSource { org_id: 2, ..source("other") }).await.unwrap();
    let list = store.list(1).await.unwrap();
    assert_eq!(list.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(), ["Alpha", "alpine", "beta"]);
    assert!(store.list(3).await.unwrap().is_empty());
});

conform!(those_of_any_of_some_types_come_by_org_and_uid, store, {
    for (org_id, uid, plugin_id) in [(2, "a", "loki"), (1, "z", "loki"), (1, "b", "prometheus"), (1, "c", "lok")] {
        store.add(DataSource { org_id, ..DataSource::new(uid, uid, plugin_id) }).await.unwrap();
    }
    let types = ["prometheus".to_owned(), "loki".to_owned()];
    let uids = async |org_id, types: &[String]| {
        let found = store.of_type(org_id, types).await.unwrap();
        found.iter().map(|source| source.uid.clone()).collect::<Vec<_>>()
    };
    assert_eq!(uids(None, &types).await, ["b", "z", "a"]);
    assert_eq!(uids(Some(1), &types).await, ["b", "z"]);
    assert_eq!(uids(Some(2), &types[..1]).await, Vec::<String>::new());
});

conform!(a_store_of_hundreds_lists_them_all, store, {
    for index in 0..300 {
        store.add(source(&format!("{index:04}"))).await.unwrap();
    }
    assert_eq!(store.list(1).await.unwrap().len(), 300);
    assert_eq!(store.of_type(None, &["testdata".into()]).await.unwrap().len(), 300);
});
