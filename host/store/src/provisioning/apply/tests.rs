use super::*;
use crate::{
    Author, Change, DataSourceKey, DeleteDataSource, MemoryStore, Revision, SecretValues, Secrets, UpdateDataSource,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use wellhead_secrets::Sealed;

fn read(files: &[&str]) -> Provisioning {
    let folder = tempfile::tempdir().unwrap();
    for (index, text) in files.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{index}.yaml")), format!("apiVersion: 1\n{text}")).unwrap();
    }
    Provisioning::read_with(folder.path(), &|_| None).unwrap()
}

fn try_apply(store: &dyn DataSourceStore, files: &[&str]) -> Result<Applied, ApplyError> {
    read(files).apply(store).now_or_never().expect("a memory store answers at once")
}

/// What applying these files did, in the words of the log.
fn apply(store: &dyn DataSourceStore, files: &[&str]) -> String {
    try_apply(store, files).unwrap().to_string()
}

fn problems(store: &dyn DataSourceStore, text: &str) -> String {
    match try_apply(store, &[text]).unwrap_err() {
        ApplyError::Files(error) => error.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        other => panic!("{other}"),
    }
}

fn all(store: &dyn DataSourceStore) -> Vec<Arc<DataSource>> {
    store.all().now_or_never().unwrap().unwrap()
}

fn named(store: &dyn DataSourceStore, name: &str) -> Arc<DataSource> {
    store.get(1, &DataSourceKey::Name(name.into())).now_or_never().unwrap().unwrap()
}

fn store_of(sources: impl IntoIterator<Item = DataSource>) -> MemoryStore {
    MemoryStore::new(sources).unwrap()
}

#[test]
fn what_is_new_is_added_what_differs_is_updated_and_what_is_the_same_is_not_touched() {
    let store = MemoryStore::default();
    let (a, b) = ("{name: A, type: t, uid: a, secureJsonData: {k: v}}", "{name: B, type: t, jsonData: {x: [1, 2.5]}}");
    let both = format!("datasources: [{a}, {b}]");
    assert_eq!(apply(&store, &[&both]), "2 added (\"A\", \"B\"), 0 updated, 0 deleted, 0 unchanged");
    let before = all(&store);
    assert_eq!(apply(&store, &[&both]), "0 added, 0 updated, 0 deleted, 2 unchanged");
    assert!(before.iter().zip(all(&store)).all(|(before, after)| Arc::ptr_eq(before, &after)), "nothing was written");
    let other = both.replace("uid: a", "uid: a, url: 'http://new'");
    assert_eq!(apply(&store, &[&other]), "0 added, 1 updated (\"A\"), 0 deleted, 1 unchanged");
    let a = named(&store, "A");
    assert_eq!((a.url.as_str(), a.version, a.id), ("http://new", 2, before[1].id));
}

#[test]
fn every_field_that_differs_is_an_update() {
    for change in [
        "type: u",
        "access: direct",
        "url: u",
        "user: u",
        "database: u",
        "basicAuth: true",
        "basicAuthUser: u",
        "withCredentials: true",
        "isDefault: true",
        "editable: true",
        "jsonData: {k: 1}",
        "secureJsonData: {k: v}",
        "uid: other",
        "name: Other",
    ] {
        let (key, _) = change.split_once(':').unwrap();
        let mut fields = vec!["name: A", "type: t", "uid: a"];
        // Another one is the org's default.
        let store = store_of([DataSource { is_default: true, ..DataSource::new("z", "Z", "t") }]);
        apply(&store, &[&format!("datasources: [{{{}}}]", fields.join(", "))]);
        fields.retain(|field| !field.starts_with(&format!("{key}:")));
        fields.push(change);
        let changed = format!("datasources: [{{{}}}]", fields.join(", "));
        let applied = try_apply(&store, &[&changed]).unwrap();
        assert_eq!((applied.updated.len(), applied.added.len()), (1, 0), "{change}");
        assert!(!try_apply(&store, &[&changed]).unwrap().is_change(), "{change}");
    }
}

#[test]
fn a_version_in_a_file_is_not_compared() {
    let store = MemoryStore::default();
    apply(&store, &["datasources: [{name: A, type: t, version: 7}]"]);
    assert!(!try_apply(&store, &["datasources: [{name: A, type: t, version: 8}]"]).unwrap().is_change());
}

#[test]
fn a_secret_that_changes_or_goes_from_the_file_changes_or_goes_in_a_store_that_seals() {
    let store = Sealing::default();
    let with = |secrets: &str| format!("datasources: [{{name: A, type: t, secureJsonData: {secrets}}}]");
    let open = || {
        let values = store.open_secrets(&named(&store, "A")).now_or_never().unwrap().unwrap();
        values.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    };
    apply(&store, &[&with("{a: '1', b: '2'}")]);
    assert!(named(&store, "A").secure_json_data.plain().next().is_none(), "they are sealed");
    assert!(!try_apply(&store, &[&with("{b: '2', a: '1'}")]).unwrap().is_change());
    assert!(try_apply(&store, &[&with("{a: '1', b: '3'}")]).unwrap().is_change());
    assert_eq!(open(), "a=1 b=3");
    assert!(try_apply(&store, &[&with("{b: '3', c: '4'}")]).unwrap().is_change());
    assert_eq!(open(), "b=3 c=4");
    assert!(!try_apply(&store, &[&with("{b: '3', c: '4', d: $NOT_SET}")]).unwrap().is_change());
    assert!(try_apply(&store, &[&with("{}")]).unwrap().is_change());
    assert_eq!(open(), "");
}

#[test]
fn numbers_that_a_store_of_json_text_rounds_are_no_difference() {
    let store = Sealing::default();
    // Each at the edge of what a double can tell apart.
    let numbers = (0..500).map(|n| format!("{:e}", f64::from_bits(0x1234_5678_9abc_def1 + n * 0x0007_1357_9bdf_0135)));
    let text =
        format!("datasources: [{{name: A, type: t, jsonData: {{x: [{}]}}}}]", numbers.collect::<Vec<_>>().join(", "));
    apply(&store, &[&text]);
    assert_ne!(
        named(&store, "A").json_data,
        read(&[&text]).data_sources().next().unwrap().json_data,
        "some are rounded"
    );
    assert!(!try_apply(&store, &[&text]).unwrap().is_change());
}

#[test]
fn a_uid_finds_a_data_source_whatever_its_name_and_a_name_whatever_its_uid() {
    let store = store_of([DataSource::new("u", "Old", "t"), DataSource::new("v", "Name", "t")]);
    assert!(apply(&store, &["datasources: [{name: New, type: t, uid: u}]"]).starts_with("0 added, 1 updated"));
    assert_eq!(named(&store, "New").uid, "u");
    assert!(apply(&store, &["datasources: [{name: Name, type: t, uid: w}]"]).starts_with("0 added, 1 updated"));
    assert_eq!(named(&store, "Name").uid, "w");
    assert!(apply(&store, &["datasources: [{name: Name, type: u}]"]).starts_with("0 added, 1 updated"));
    assert_eq!(named(&store, "Name").uid, "w", "a file that names no uid keeps the one there is");
    assert_eq!(all(&store).len(), 2);
}

#[test]
fn a_data_source_renamed_over_the_api_is_found_by_the_uid_that_follows_from_its_name() {
    let store = MemoryStore::default();
    let text = "datasources: [{name: Prometheus, type: t, editable: true}]";
    apply(&store, &[text]);
    let renamed = DataSource { name: "Prom".into(), ..DataSource::clone(&named(&store, "Prometheus")) };
    let key = DataSourceKey::uid(&renamed.uid);
    let update = UpdateDataSource { key, source: renamed, expected_version: None, author: Author::Client };
    store.update(update).now_or_never().unwrap().unwrap();
    assert!(apply(&store, &[text]).starts_with("0 added, 1 updated"));
    assert_eq!(all(&store).len(), 1);
}

#[test]
fn one_that_was_made_over_the_api_becomes_read_only_unless_the_file_says_editable() {
    let store = store_of([DataSource::new("a", "A", "t"), DataSource::new("b", "B", "t")]);
    apply(&store, &["datasources: [{name: A, type: t}, {name: B, type: t, url: u, editable: true}]"]);
    assert!(named(&store, "A").read_only && !named(&store, "B").read_only);
}

#[test]
fn what_goes_from_the_files_stays_unless_its_file_said_prune() {
    for (prune, left) in [("", 2), ("prune: false\n", 2), ("prune: true\n", 1)] {
        let store = store_of([DataSource::new("api", "Of the API", "t")]);
        apply(&store, &[&format!("{prune}datasources: [{{name: A, type: t, editable: true}}]")]);
        assert_eq!(named(&store, "A").prunable, prune.contains("true"));
        let applied = apply(&store, &[]);
        assert_eq!(all(&store).len(), left, "{applied}");
    }
}

#[test]
fn pruning_reaches_into_orgs_that_no_file_names_any_more() {
    let store = MemoryStore::default();
    apply(&store, &["prune: true\ndatasources: [{name: A, type: t, orgId: 7}, {name: B, type: t}]"]);
    assert_eq!(
        apply(&store, &["datasources: [{name: B, type: t}]"]),
        "0 added, 1 updated (\"B\"), 1 deleted (\"A\"), 0 unchanged"
    );
    assert!(!named(&store, "B").prunable, "its file says so no more");
}

#[test]
fn a_client_of_the_api_keeps_a_data_source_prunable() {
    let store = MemoryStore::default();
    apply(&store, &["prune: true\ndatasources: [{name: A, type: t, editable: true}]"]);
    let changed = DataSource { prunable: false, url: "http://new".into(), ..DataSource::clone(&named(&store, "A")) };
    let key = DataSourceKey::uid(&changed.uid);
    let update = UpdateDataSource { key, source: changed, expected_version: None, author: Author::Client };
    assert!(store.update(update).now_or_never().unwrap().unwrap().prunable);
}

#[test]
fn delete_datasources_deletes_by_name_within_the_org_and_whosever_it_is() {
    let other_org = DataSource { org_id: 2, ..DataSource::new("c", "A", "t") };
    let store = store_of([DataSource { read_only: true, ..DataSource::new("a", "A", "t") }, other_org]);
    let text = "deleteDatasources: [{name: A}, {name: A, orgId: 1}, {name: Not there, orgId: 0}]";
    assert_eq!(apply(&store, &[text]), "0 added, 0 updated, 1 deleted (\"A\"), 0 unchanged");
    assert_eq!(all(&store)[0].org_id, 2);
    assert!(!try_apply(&store, &[text]).unwrap().is_change());
}

#[test]
fn what_is_deleted_gives_its_name_to_an_entry_of_the_same_files() {
    let store = store_of([DataSource::new("old", "A", "t"), DataSource::new("new", "B", "t")]);
    let text = "datasources: [{name: A, type: t, uid: new}]\ndeleteDatasources: [{name: A}]";
    assert_eq!(apply(&store, &[text]), "0 added, 1 updated (\"A\"), 1 deleted (\"A\"), 0 unchanged");
    assert_eq!(named(&store, "A").uid, "new");
}

#[test]
fn a_data_source_both_deleted_and_described_is_not_made_anew_at_every_start() {
    let store = MemoryStore::default();
    let text = "datasources: [{name: A, type: t}]\ndeleteDatasources: [{name: A}]";
    apply(&store, &[text]);
    assert!(!try_apply(&store, &[text]).unwrap().is_change());
}

#[test]
fn the_default_is_the_one_a_file_names_and_else_stays_where_it_is() {
    let store = MemoryStore::default();
    let defaults = |store: &MemoryStore| {
        let is_default = |source: &&Arc<DataSource>| source.is_default;
        all(store).iter().filter(is_default).map(|source| source.name.clone()).collect::<Vec<_>>()
    };
    let none = "datasources: [{name: A, type: t}, {name: B, type: t}]";
    apply(&store, &[none]);
    assert_eq!(defaults(&store), ["A"], "the first of an org");
    assert!(!try_apply(&store, &[none]).unwrap().is_change());
    let b = "datasources: [{name: A, type: u}, {name: B, type: t, isDefault: true}]";
    apply(&store, &[b]);
    assert_eq!(defaults(&store), ["B"]);
    assert!(!try_apply(&store, &[b]).unwrap().is_change());
    apply(&store, &[none]);
    assert_eq!(defaults(&store), ["B"]);
    // The one that has to give the default up comes last, and does not take it back.
    let a = "datasources: [{name: A, type: t, isDefault: true}, {name: B, type: u}]";
    apply(&store, &[a]);
    assert_eq!(defaults(&store), ["A"]);
    assert!(!try_apply(&store, &[a]).unwrap().is_change());
}

#[test]
fn names_are_handed_on_within_one_set_of_files_in_whatever_order_they_stand() {
    let store = store_of([DataSource::new("a", "A", "t"), DataSource::new("b", "B", "t")]);
    let text = "datasources: [{name: A, type: t, uid: new}, {name: B, type: t, uid: a}, {name: C, type: t, uid: b}]";
    apply(&store, &[text]);
    let names = all(&store).iter().map(|source| format!("{} {}", source.uid, source.name)).collect::<Vec<_>>();
    assert_eq!(names, ["a B", "b C", "new A"]);
}

#[test]
fn a_name_that_is_anothers_is_refused_by_its_line_and_nothing_is_changed() {
    let store = store_of([DataSource::new("a", "A", "t"), DataSource::new("b", "B", "t")]);
    let before = all(&store);
    let text = "datasources:\n- {name: New, type: t}\n- {name: A, type: t, uid: b}\ndeleteDatasources: [{name: Z}]";
    let problem = problems(&store, text);
    assert!(
        problem.ends_with(
            "0.yaml:4: name: org 1 has \"A\" already, for the data source with uid \"a\", which is another one: choose \
             another, or name that one under deleteDatasources"
        ),
        "{problem}"
    );
    assert_eq!(all(&store), before);
    let swap = "datasources: [{name: B, type: t, uid: a}, {name: A, type: t, uid: b}]";
    assert_eq!(problems(&store, swap).lines().count(), 2);
    assert_eq!(all(&store), before);
}

#[test]
fn a_summary_of_many_names_the_first() {
    let entries: Vec<_> = (10..22).map(|number| format!("{{name: N{number}, type: t}}")).collect();
    let applied = apply(&MemoryStore::default(), &[&format!("datasources: [{}]", entries.join(", "))]);
    assert!(
        applied.starts_with("12 added (\"N10\", ") && applied.contains("\"N19\" and 2 more), 0 updated"),
        "{applied}"
    );
}

/// A store that keeps secrets in a form of its own and all else as JSON text, as one with a disk does.
#[derive(Default)]
struct Sealing(MemoryStore);

impl Sealing {
    fn kept(mut source: DataSource) -> DataSource {
        let mut secrets = Secrets::default();
        for (key, value) in source.secure_json_data.plain() {
            if value.is_empty() {
                secrets.insert(key, value);
            } else {
                secrets.insert_sealed(key, Sealed::from_bytes(value.bytes().rev().chain(*b"#").collect::<Vec<_>>()));
            }
        }
        source.secure_json_data = secrets;
        source.json_data = serde_json::from_str(&serde_json::to_string(&source.json_data).unwrap()).unwrap();
        source
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl DataSourceStore for Sealing {
    fn get<'a>(&'a self, org_id: i64, key: &'a DataSourceKey) -> Answer<'a, Arc<DataSource>> {
        self.0.get(org_id, key)
    }
    fn list(&self, org_id: i64) -> Answer<'_, Vec<Arc<DataSource>>> {
        self.0.list(org_id)
    }
    fn all(&self) -> Answer<'_, Vec<Arc<DataSource>>> {
        self.0.all()
    }
    fn of_type<'a>(&'a self, org_id: Option<i64>, plugin_ids: &'a [String]) -> Answer<'a, Vec<Arc<DataSource>>> {
        self.0.of_type(org_id, plugin_ids)
    }
    fn add(&self, source: DataSource) -> Answer<'_, Arc<DataSource>> {
        self.0.add(Self::kept(source))
    }
    fn update(&self, update: UpdateDataSource) -> Answer<'_, Arc<DataSource>> {
        self.0.update(UpdateDataSource { source: Self::kept(update.source), ..update })
    }
    fn delete(&self, delete: DeleteDataSource) -> Answer<'_, Arc<DataSource>> {
        self.0.delete(delete)
    }
    fn open_secrets<'a>(&'a self, source: &'a DataSource) -> Answer<'a, SecretValues> {
        let mut values = SecretValues::default();
        for (key, sealed) in source.secure_json_data.sealed() {
            let value = sealed.as_bytes().iter().copied().filter(|byte| *byte != b'#').rev().collect();
            values.insert(key, String::from_utf8(value).unwrap());
        }
        Box::pin(std::future::ready(Ok(values)))
    }
    fn watch(&self, from: Revision) -> BoxStream<'static, Change> {
        self.0.watch(from)
    }
}
