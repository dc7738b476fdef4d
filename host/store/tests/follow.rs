//! A folder of provisioning files that changes while a provisioner follows it, in the ways editors and Kubernetes do it.
#![cfg(test)]

use futures::FutureExt;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use wellhead_store::{Applied, DataSource, DataSourceStore, MemoryStore, Provisioner};

/// Longer than anything waited for takes, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn file(entries: &str) -> String {
    format!("apiVersion: 1\nprune: true\ndatasources: [{entries}]\n")
}

struct Follow {
    folder: TempDir,
    store: Arc<MemoryStore>,
    provisioner: Provisioner,
}

impl Follow {
    /// Follows a folder with one file of one data source, A, that was applied.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ds.yaml"), file("{name: A, type: t}")).unwrap();
        Self::of(folder).await
    }

    async fn of(folder: TempDir) -> Self {
        let store = Arc::new(MemoryStore::default());
        let provisioner = Provisioner::new(folder.path(), store.clone()).look_every(Duration::from_millis(20));
        let mut follow = Self { folder, store, provisioner };
        follow.provisioner.apply().await.unwrap();
        follow
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("ds.yaml")
    }

    /// What the next change did.
    async fn changed(&mut self) -> Applied {
        tokio::time::timeout(PATIENCE, self.provisioner.changed()).await.unwrap().1
    }

    /// Nothing is applied, however often the folder is looked at: a change takes two looks.
    async fn unchanged(&mut self) {
        let mut looks = self.provisioner.looks();
        let enough = *looks.borrow_and_update() + 5;
        let looked = async {
            tokio::select! {
                applied = self.provisioner.changed() => panic!("{}", applied.1),
                looked = looks.wait_for(|looks| *looks >= enough) => drop(looked.unwrap()),
            }
        };
        tokio::time::timeout(PATIENCE, looked).await.unwrap();
    }

    async fn names(&self) -> Vec<String> {
        self.store.all().await.unwrap().iter().map(|source| source.name.clone()).collect()
    }
}

fn rename_over(path: &Path, text: &str) {
    let half = path.with_extension("half");
    fs::write(&half, text).unwrap();
    fs::rename(half, path).unwrap();
}

#[tokio::test]
async fn a_file_renamed_over_written_in_place_or_deleted_takes_effect() {
    let mut follow = Follow::start().await;
    rename_over(&follow.file(), &file("{name: A, type: t, url: u}"));
    let applied = follow.changed().await;
    assert_eq!((applied.updated.len(), applied.updated[0].url.as_str()), (1, "u"));
    fs::write(follow.file(), file("{name: A, type: t, url: u}, {name: B, type: t}")).unwrap();
    let applied = follow.changed().await;
    assert_eq!((applied.added.len(), applied.unchanged), (1, 1));
    fs::create_dir(follow.folder.path().join("datasources")).unwrap();
    fs::write(follow.folder.path().join("datasources/more.yml"), file("{name: C, type: t}")).unwrap();
    assert_eq!(follow.changed().await.added[0].name, "C");
    fs::remove_file(follow.file()).unwrap();
    assert_eq!(follow.changed().await.deleted.len(), 2);
    assert_eq!(follow.names().await, ["C"]);
}

#[tokio::test]
async fn symlinks_swapped_as_kubernetes_does_take_effect() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let version = |number: u32, entries: &str| {
        fs::create_dir(path(&format!("..{number}"))).unwrap();
        fs::write(path(&format!("..{number}/ds.yaml")), file(entries)).unwrap();
        symlink(format!("..{number}"), path("..data_tmp")).unwrap();
        fs::rename(path("..data_tmp"), path("..data")).unwrap();
    };
    version(1, "{name: A, type: t}");
    symlink("..data/ds.yaml", path("ds.yaml")).unwrap();
    let mut follow = Follow::of(folder).await;
    let path = |name: &str| follow.folder.path().join(name);
    fs::create_dir(path("..2")).unwrap();
    fs::write(path("..2/ds.yaml"), file("{name: B, type: t}")).unwrap();
    symlink("..2", path("..data_tmp")).unwrap();
    fs::rename(path("..data_tmp"), path("..data")).unwrap();
    fs::remove_dir_all(path("..1")).unwrap();
    let applied = follow.changed().await;
    assert_eq!((applied.added.len(), applied.deleted.len()), (1, 1));
    assert_eq!(follow.names().await, ["B"]);
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_a_good_one_after_it_does() {
    let mut follow = Follow::start().await;
    for bad in [
        "apiVersion: 1\ndatasources: [",
        "",
        "apiVersion: 1\ndatasources: [{name: B, type: t}, {name: C}]",
        "apiVersion: 1\ndatasources: [{name: B, type: t}, {name: D, type: t, uid: api}]",
    ] {
        if bad.contains("uid: api") {
            follow.store.add(DataSource::new("api", "X", "t")).await.unwrap();
            follow.store.add(DataSource::new("other", "D", "t")).await.unwrap();
        }
        let before = follow.names().await;
        fs::write(follow.file(), bad).unwrap();
        follow.unchanged().await;
        assert_eq!(follow.names().await, before, "{bad}");
    }
    fs::write(follow.file(), file("{name: A, type: t, url: good}")).unwrap();
    assert_eq!(follow.changed().await.updated.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_logged_once() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let mut follow = Follow::start().await;
    fs::write(follow.file(), "apiVersion: 1\ndatasources: [{name: C}]").unwrap();
    follow.unchanged().await;
    follow.unchanged().await;
    fs::write(follow.file(), file("{name: A, type: t}")).unwrap();
    follow.changed().await;
    let lines = log.0.lock().unwrap().clone();
    let found = |level: &str| lines.iter().filter(|line| line.starts_with(level)).collect::<Vec<_>>();
    let warnings = found("WARN");
    assert_eq!(warnings.len(), 1, "{lines:?}");
    assert!(
        warnings[0].contains("its changes are not applied") && warnings[0].contains("type: missing"),
        "{warnings:?}"
    );
    assert!(found("INFO").last().unwrap().ends_with("0 added, 0 updated, 0 deleted, 1 unchanged"), "{lines:?}");
}

#[tokio::test]
async fn a_folder_that_is_gone_for_a_while_changes_nothing() {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("provisioning");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("ds.yaml"), file("{name: A, type: t}")).unwrap();
    let mut follow = Follow::of(outside).await;
    follow.provisioner = Provisioner::new(&folder, follow.store.clone()).look_every(Duration::from_millis(20));
    follow.provisioner.apply().await.unwrap();
    let moved = folder.with_extension("moved");
    fs::rename(&folder, &moved).unwrap();
    follow.unchanged().await;
    assert_eq!(follow.names().await, ["A"]);
    fs::write(moved.join("ds.yaml"), file("{name: B, type: t}")).unwrap();
    fs::rename(&moved, &folder).unwrap();
    follow.changed().await;
    assert_eq!(follow.names().await, ["B"]);
}

#[tokio::test]
async fn an_included_file_that_changes_takes_effect() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("password");
    fs::write(&secret, "one\n").unwrap();
    let value = format!("'$__file{{{}}}'", secret.display());
    let entry = format!("{{name: A, type: t, secureJsonData: {{password: {value}}}}}");
    fs::write(folder.path().join("ds.yaml"), file(&entry)).unwrap();
    let mut follow = Follow::of(folder).await;
    fs::write(&secret, "two\n").unwrap();
    let applied = follow.changed().await;
    let secrets = follow.store.open_secrets(&applied.updated[0]).await.unwrap();
    assert_eq!(secrets.iter().collect::<Vec<_>>(), [("password", "two")]);
}

#[tokio::test]
async fn files_that_were_not_changed_are_not_read_again() {
    let mut follow = Follow::start().await;
    let text = fs::read(follow.file()).unwrap();
    fs::write(follow.file(), text).unwrap();
    follow.unchanged().await;
}

#[tokio::test]
async fn files_that_name_an_org_which_does_not_exist_change_nothing() {
    let mut follow = Follow::start().await;
    let exists = |org_id| futures::future::ready(Ok(org_id != 7)).boxed();
    follow.provisioner = Provisioner::new(follow.folder.path(), follow.store.clone()).checking_orgs(exists);
    fs::write(follow.file(), file("{name: B, type: t}, {name: C, type: t, orgId: 7}")).unwrap();
    let error = follow.provisioner.apply().await.unwrap_err().to_string();
    assert!(error.contains("ds.yaml:3: orgId: there is no org 7: create it, or name one that exists"), "{error}");
    assert_eq!(follow.names().await, ["A"]);
    fs::write(follow.file(), file("{name: B, type: t, orgId: 6}")).unwrap();
    follow.provisioner.apply().await.unwrap();
    assert_eq!(follow.names().await, ["B"]);
}

/// What is logged, a line an event.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Message(String);

impl tracing::field::Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("wellhead_store")
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(format!("{} {}", event.metadata().level(), message.0));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}
