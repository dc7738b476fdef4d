//! Secrets on disk: sealed, for one place only, and of no use without the master key.

use crate::support::{in_memory, kind, open, secrets_of, source, uid, update};
use std::path::Path;
use wellhead_store::{DataSource, DataSourceStore, RedbStore, UpdateDataSource};

const PLAIN: &str = "correct horse battery staple";

#[tokio::test]
async fn no_file_has_a_secret_in_plain() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store.add(source("a").with_secret("token", PLAIN)).await.unwrap();
    store.update(update(source("a").with_secret("other", PLAIN))).await.unwrap();
    store.update(UpdateDataSource { key: uid("a"), ..update(source("b")) }).await.unwrap();
    store.database().back_up(folder.path().join("backup")).await.unwrap();
    drop(store);
    let mut files = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        assert!(!holds(&path, PLAIN), "{}", path.display());
        files += usize::from(holds(&path, "Name of b"));
    }
    assert_eq!(files, 2, "the database and its backup, in which the test does find what is in plain");
}

fn holds(path: &Path, text: &str) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn a_sealed_value_that_is_another_data_sources_is_refused() {
    let store = in_memory().await;
    let a = store.add(source("a").with_secret("token", PLAIN)).await.unwrap();
    let stolen = DataSource { secure_json_data: a.secure_json_data.clone(), ..source("b") };
    assert_eq!(kind(&store.add(stolen.clone()).await), "invalid");
    store.add(source("b").with_secret("token", "own")).await.unwrap();
    assert_eq!(kind(&store.update(update(stolen.clone())).await), "invalid");
    let error = store.open_secrets(&stolen).await.unwrap_err().to_string();
    assert!(error.starts_with("the secret `token` of data source `b` in org 1 does not open"), "{error}");
    let b = store.get(1, &uid("b")).await.unwrap();
    assert_eq!(secrets_of(&store, &b).await, [("token".into(), "own".into())]);
}

#[tokio::test]
async fn without_its_master_key_a_store_does_not_open_and_nothing_is_made_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store.add(source("a").with_secret("token", PLAIN)).await.unwrap();
    drop(store);
    let (path, key) = (folder.path().join("data.redb"), folder.path().join("data.redb.key"));
    let away = folder.path().join("away");
    std::fs::rename(&key, &away).unwrap();
    let error = RedbStore::open(&path).await.unwrap_err().to_string();
    assert!(error.contains("is missing, but secrets are stored that only master key"), "{error}");
    assert!(!key.exists());
    std::fs::rename(&away, &key).unwrap();
    let store = open(&folder).await;
    let a = store.get(1, &uid("a")).await.unwrap();
    assert_eq!(secrets_of(&store, &a).await, [("token".into(), PLAIN.into())]);
}

#[cfg(unix)]
#[tokio::test]
async fn database_master_key_and_backup_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store.add(source("a").with_secret("token", PLAIN)).await.unwrap();
    store.database().back_up(folder.path().join("backup")).await.unwrap();
    for file in ["data.redb", "data.redb.key", "backup"] {
        let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
