//! Stores of every kind to test on, and shorthands.

use futures::StreamExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use wellhead_secrets::{EnvelopeSecrets, MasterKeySource, MemoryDataKeys};
use wellhead_store::{
    Author, Change, DataSource, DataSourceKey, DataSourceStore, Database, DeleteDataSource, RedbStore, StoreError,
    UpdateDataSource,
};

/// Longer than anything here takes, by far.
pub(crate) const BOUND: Duration = Duration::from_secs(20);

pub(crate) fn source(uid: &str) -> DataSource {
    DataSource::new(uid, format!("Name of {uid}"), "testdata")
}

pub(crate) fn uid(uid: &str) -> DataSourceKey {
    DataSourceKey::uid(uid)
}

/// Puts `source` in the place of what has its uid.
pub(crate) fn update(source: DataSource) -> UpdateDataSource {
    UpdateDataSource { key: uid(&source.uid), source, expected_version: None, author: Author::Client }
}

pub(crate) fn delete(org_id: i64, of: &str) -> DeleteDataSource {
    DeleteDataSource { org_id, key: uid(of), author: Author::Client }
}

/// A store in memory, with the format and the keys of one on disk.
pub(crate) async fn in_memory() -> RedbStore {
    let secrets = EnvelopeSecrets::open(MasterKeySource::random().unwrap(), Arc::new(MemoryDataKeys::new())).await;
    RedbStore::new(Database::in_memory().unwrap(), Arc::new(secrets.unwrap()))
}

pub(crate) async fn open(folder: &TempDir) -> RedbStore {
    open_at(&folder.path().join("data.redb")).await
}

/// Opens a store whose last owner may need a moment to let go of the file: a thread of the pool drops it.
pub(crate) async fn open_at(path: &Path) -> RedbStore {
    let opened = async {
        loop {
            match RedbStore::open(path).await {
                Err(error) if error.to_string().contains("is open already") => tokio::task::yield_now().await,
                other => break other,
            }
        }
    };
    tokio::time::timeout(BOUND, opened).await.expect("somebody still has it open").unwrap()
}

/// Rows and indexes agree.
pub(crate) async fn assert_consistent(store: &RedbStore) {
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn secrets_of(store: &impl DataSourceStore, source: &DataSource) -> Vec<(String, String)> {
    let values = store.open_secrets(source).await.unwrap();
    values.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Everything of an org as it can be compared between stores: secrets in plain.
pub(crate) async fn plain_list(store: &impl DataSourceStore, org_id: i64) -> Vec<DataSource> {
    let mut list = Vec::new();
    for source in store.list(org_id).await.unwrap() {
        let secrets = secrets_of(store, &source).await.into_iter().collect();
        list.push(DataSource { secure_json_data: secrets, ..DataSource::clone(&source) });
    }
    list
}

/// The next item of a stream that must have one.
pub(crate) async fn next(changes: &mut (impl futures::Stream<Item = Change> + Unpin)) -> Change {
    tokio::time::timeout(BOUND, changes.next()).await.expect("nothing came").expect("the stream ended")
}

/// What kind of error it is, without its words.
pub(crate) fn kind<T>(answer: &Result<T, StoreError>) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(StoreError::NotFound { .. }) => "not found",
        Err(StoreError::UidExists { .. }) => "uid exists",
        Err(StoreError::NameExists { .. }) => "name exists",
        Err(StoreError::VersionConflict { .. }) => "version conflict",
        Err(StoreError::ReadOnly { .. }) => "read only",
        Err(StoreError::Invalid(_)) => "invalid",
        Err(_) => "failed",
    }
}
