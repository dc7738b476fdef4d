//! Adding, updating, deleting.

use super::conform;
use crate::support::{delete, kind, source, uid, update};
use wellhead_store::{Access, Author, DataSource, DataSourceKey, DeleteDataSource, UpdateDataSource};

conform!(what_was_added_is_there_with_every_field, store, {
    let sent = DataSource {
        access: Access::Direct,
        user: "u".into(),
        database: "d".into(),
        basic_auth: true,
        basic_auth_user: "b".into(),
        with_credentials: true,
        ..source("a").with_url("http://a").with_json_data("z", 1).with_json_data("a", vec![1, 2])
    };
    let added = store.add(sent.clone().with_secret("token", "hunter2!")).await.unwrap();
    let found = store.get(1, &uid("a")).await.unwrap();
    assert_eq!(found, added);
    assert_eq!(found.secure_json_data.keys().collect::<Vec<_>>(), ["token"]);
    assert_eq!(store.open_secrets(&found).await.unwrap().iter().collect::<Vec<_>>(), [("token", "hunter2!")]);
    let expected = DataSource { id: 1, version: 1, is_default: true, ..sent };
    assert_eq!(DataSource { secure_json_data: Default::default(), ..DataSource::clone(&found) }, expected);
});

conform!(uid_and_name_are_made_up_where_they_are_empty, store, {
    for name in ["testdata", "testdata-1", "testdata-2"] {
        let added = store.add(DataSource::new("", "", "testdata")).await.unwrap();
        assert_eq!((added.name.as_str(), added.uid.len()), (name, 14));
    }
});

conform!(an_id_is_never_given_twice, store, {
    let first = store.add(source("a")).await.unwrap().id;
    store.delete(delete(1, "a")).await.unwrap();
    assert_eq!(store.add(source("a")).await.unwrap().id, first + 1);
    assert_eq!(store.add(DataSource { id: 77, ..source("b") }).await.unwrap().id, first + 2, "the store chooses");
});

conform!(uid_and_name_are_unique_within_the_org, store, {
    store.add(source("a")).await.unwrap();
    let b = store.add(source("b")).await.unwrap();
    let same_name = |of: &str| DataSource { name: "Name of a".into(), ..source(of) };
    assert_eq!(kind(&store.add(DataSource { name: "x".into(), ..source("a") }).await), "uid exists");
    assert_eq!(kind(&store.add(same_name("c")).await), "name exists");
    assert_eq!(kind(&store.update(update(same_name("b"))).await), "name exists");
    let moved = UpdateDataSource { key: uid("b"), ..update(DataSource { name: "x".into(), ..source("a") }) };
    assert_eq!(kind(&store.update(moved).await), "uid exists");
    assert!(store.add(DataSource { org_id: 2, ..source("a") }).await.is_ok());
    assert_eq!(store.get(1, &uid("b")).await.unwrap(), b, "nothing changed");
});

conform!(a_name_and_a_uid_that_were_given_up_are_free_again, store, {
    store.add(source("a")).await.unwrap();
    let renamed = UpdateDataSource { key: uid("a"), ..update(DataSource::new("b", "B", "loki")) };
    store.update(renamed).await.unwrap();
    assert_eq!(kind(&store.get(1, &uid("a")).await), "not found");
    assert_eq!(kind(&store.get(1, &DataSourceKey::Name("Name of a".into())).await), "not found");
    assert!(store.of_type(None, &["testdata".into()]).await.unwrap().is_empty());
    assert_eq!(store.get(1, &DataSourceKey::Id(1)).await.unwrap().uid, "b");
    assert_eq!(store.add(source("a")).await.unwrap().id, 2);
});

conform!(an_update_raises_the_version_and_a_stale_one_changes_nothing, store, {
    let first = store.add(source("a")).await.unwrap();
    let to = |url: &str, version| UpdateDataSource { expected_version: version, ..update(source("a").with_url(url)) };
    let second = store.update(to("http://1", Some(1))).await.unwrap();
    assert_eq!((second.id, second.version), (first.id, 2));
    assert_eq!(kind(&store.update(to("http://2", Some(1))).await), "version conflict");
    assert_eq!(store.get(1, &uid("a")).await.unwrap(), second);
    assert_eq!(store.update(to("http://3", None)).await.unwrap().version, 3);
    assert_eq!(kind(&store.update(update(source("x"))).await), "not found");
});

conform!(secrets_that_are_not_sent_stay_and_empty_ones_go, store, {
    store.add(source("a").with_secret("kept", "1").with_secret("gone", "2").with_secret("new", "3")).await.unwrap();
    let updated = store.update(update(source("a").with_secret("gone", "").with_secret("new", "4"))).await.unwrap();
    let values = store.open_secrets(&updated).await.unwrap();
    assert_eq!(values.iter().collect::<Vec<_>>(), [("kept", "1"), ("new", "4")]);
});

conform!(secrets_go_along_to_another_uid, store, {
    store.add(source("a").with_secret("token", "hunter2!")).await.unwrap();
    let moved = UpdateDataSource { key: uid("a"), ..update(source("b").with_secret("other", "x")) };
    let moved = store.update(moved).await.unwrap();
    let values = store.open_secrets(&moved).await.unwrap();
    assert_eq!(values.iter().collect::<Vec<_>>(), [("other", "x"), ("token", "hunter2!")]);
});

conform!(what_was_read_can_be_sent_back, store, {
    let read = store.add(source("a").with_secret("token", "hunter2!")).await.unwrap();
    let updated = store.update(update(DataSource::clone(&read).with_url("http://a"))).await.unwrap();
    let values = store.open_secrets(&updated).await.unwrap();
    assert_eq!(values.iter().collect::<Vec<_>>(), [("token", "hunter2!")]);
});

conform!(an_org_has_one_default_at_most_and_its_first_is_it, store, {
    let defaults = async |org_id| {
        let list = store.list(org_id).await.unwrap();
        list.iter().filter(|source| source.is_default).map(|source| source.uid.clone()).collect::<Vec<_>>()
    };
    store.add(source("a")).await.unwrap();
    store.add(source("b")).await.unwrap();
    assert_eq!(defaults(1).await, ["a"]);
    store.add(DataSource { is_default: true, ..source("c") }).await.unwrap();
    assert_eq!(defaults(1).await, ["c"]);
    assert!(!store.get(1, &uid("a")).await.unwrap().is_default);
    store.update(update(DataSource { is_default: true, ..source("b") })).await.unwrap();
    assert_eq!(defaults(1).await, ["b"]);
    store.add(DataSource { org_id: 2, ..source("a") }).await.unwrap();
    assert_eq!((defaults(1).await, defaults(2).await), (vec!["b".into()], vec!["a".into()]));
    store.delete(delete(1, "b")).await.unwrap();
    assert_eq!(defaults(1).await, Vec::<String>::new());
});

conform!(a_default_that_moves_to_another_uid_stays_the_default, store, {
    store.add(source("a")).await.unwrap();
    let moved = UpdateDataSource { key: uid("a"), ..update(DataSource { is_default: true, ..source("b") }) };
    assert!(store.update(moved).await.unwrap().is_default);
    store.add(DataSource { is_default: true, ..source("c") }).await.unwrap();
    assert!(!store.get(1, &uid("b")).await.unwrap().is_default);
});

conform!(what_is_provisioned_is_changed_by_provisioning_alone, store, {
    let provisioned = DataSource { read_only: true, ..source("a") };
    store.add(provisioned.clone()).await.unwrap();
    assert_eq!(kind(&store.update(update(source("a"))).await), "read only");
    assert_eq!(kind(&store.delete(delete(1, "a")).await), "read only");
    let by_file = UpdateDataSource { author: Author::Provisioning, ..update(provisioned) };
    assert_eq!(store.update(by_file).await.unwrap().version, 2);
    let by_file = DeleteDataSource { author: Author::Provisioning, ..delete(1, "a") };
    assert!(store.delete(by_file).await.is_ok());
});

conform!(what_was_deleted_is_given_back_and_gone, store, {
    let added = store.add(source("a").with_secret("token", "x")).await.unwrap();
    assert_eq!(store.delete(delete(1, "a")).await.unwrap(), added);
    assert_eq!(kind(&store.delete(delete(1, "a")).await), "not found");
    for key in [uid("a"), DataSourceKey::Id(added.id), DataSourceKey::Name(added.name.clone())] {
        assert_eq!(kind(&store.get(1, &key).await), "not found", "{key}");
    }
    assert!(store.list(1).await.unwrap().is_empty());
});

conform!(what_cannot_be_stored_changes_nothing, store, {
    for bad in [
        DataSource { name: "x".repeat(1 << 20), ..source("a") },
        DataSource { uid: "../x".into(), ..source("a") },
        DataSource { name: "a\0b".into(), ..source("a") },
        DataSource { org_id: 0, ..source("a") },
    ] {
        assert_eq!(kind(&store.add(bad).await), "invalid");
    }
    assert!(store.list(1).await.unwrap().is_empty());
    assert_eq!(store.add(DataSource { name: "😀".repeat(190), ..source("a") }).await.unwrap().id, 1);
});

conform!(secrets_do_not_add_up_beyond_what_may_be_sent_at_once, store, {
    let large = "x".repeat(400_000);
    store.add(source("a").with_secret("k0", &large)).await.unwrap();
    store.update(update(source("a").with_secret("k1", &large))).await.unwrap();
    let error = store.update(update(source("a").with_secret("k2", &large))).await.unwrap_err().to_string();
    assert!(error.contains("secureJsonData has 1200006 bytes, 1048576 are allowed"), "{error}");
    let replaced = source("a").with_secret("k2", &large).with_secret("k1", "");
    assert_eq!(store.update(update(replaced)).await.unwrap().secure_json_data.len(), 2);

    let many = (0..900).fold(source("b"), |source, number| source.with_secret(format!("k{number}"), "v"));
    store.add(many).await.unwrap();
    let more = (900..1_001).fold(source("b"), |source, number| source.with_secret(format!("k{number}"), "v"));
    let error = store.update(update(more)).await.unwrap_err().to_string();
    assert!(error.contains("secureJsonData has 1001 keys, 1000 are allowed: remove some"), "{error}");
});

conform!(secrets_of_the_largest_size_stay_through_an_update_of_something_else, store, {
    store.add(source("a").with_secret("k", "x".repeat((1 << 20) - 1))).await.unwrap();
    store.update(update(source("a").with_url("http://a"))).await.unwrap();
});
