//! The wrapped data keys of all orgs, in the same file as what they seal: a backup has both.

use crate::{Database, DatabaseError};
use futures::future::BoxFuture;
use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use wellhead_secrets::{DataKeyStore, DataKeys, KeyId, Rewrap, SecretError, WrappedKey};

/// Org to the JSON of its [`WrappedKey`].
const DATA_KEYS: TableDefinition<i64, &[u8]> = TableDefinition::new("data_keys");
/// The id of the master key that wraps all of them, in words.
const MASTER_KEY: TableDefinition<(), &str> = TableDefinition::new("master_key");

/// Makes the tables, empty.
pub(crate) fn create_tables(transaction: &WriteTransaction) -> Result<(), DatabaseError> {
    transaction.open_table(DATA_KEYS)?;
    transaction.open_table(MASTER_KEY)?;
    Ok(())
}

impl DataKeyStore for Database {
    fn load_all(&self) -> BoxFuture<'_, Result<DataKeys, SecretError>> {
        Box::pin(async move { self.read_much(load_all).await.map_err(outer) })
    }

    fn master_key_id(&self) -> BoxFuture<'_, Result<Option<KeyId>, SecretError>> {
        let read = |transaction: &ReadTransaction| recorded(&transaction.open_table(MASTER_KEY)?);
        Box::pin(std::future::ready(self.read(read).map_err(outer)))
    }

    fn load(&self, org_id: i64) -> BoxFuture<'_, Result<Option<WrappedKey>, SecretError>> {
        let load = |transaction: &ReadTransaction| -> Result<_, Failure> {
            transaction.open_table(DATA_KEYS)?.get(org_id)?.map(|bytes| decode(org_id, bytes.value())).transpose()
        };
        Box::pin(std::future::ready(self.read(load).map_err(outer)))
    }

    fn insert_if_absent(&self, key: WrappedKey) -> BoxFuture<'_, Result<WrappedKey, SecretError>> {
        Box::pin(async move { self.write(|transaction| insert_if_absent(transaction, key)).await.map_err(outer) })
    }

    fn rewrap(&self, master_key_id: KeyId, wrap: Rewrap) -> BoxFuture<'_, Result<usize, SecretError>> {
        Box::pin(
            async move { self.write(move |transaction| rewrap(transaction, master_key_id, wrap)).await.map_err(outer) },
        )
    }
}

fn load_all(transaction: &ReadTransaction) -> Result<DataKeys, Failure> {
    let master_key_id = recorded(&transaction.open_table(MASTER_KEY)?)?;
    Ok(DataKeys { master_key_id, wrapped: all(&transaction.open_table(DATA_KEYS)?)? })
}

fn insert_if_absent(transaction: &WriteTransaction, key: WrappedKey) -> Result<WrappedKey, Failure> {
    let mut keys = transaction.open_table(DATA_KEYS)?;
    if let Some(winner) = keys.get(key.org_id)? {
        return decode(key.org_id, winner.value());
    }
    let mut master_key = transaction.open_table(MASTER_KEY)?;
    match recorded(&master_key)? {
        None => drop(master_key.insert((), key.master_key_id.to_string().as_str())?),
        Some(recorded) if recorded == key.master_key_id => {}
        Some(recorded) => return Err(SecretError::MasterKeyRotated { recorded, used: key.master_key_id }.into()),
    }
    keys.insert(key.org_id, encode(&key)?.as_slice())?;
    Ok(key)
}

fn rewrap(transaction: &WriteTransaction, master_key_id: KeyId, mut wrap: Rewrap) -> Result<usize, Failure> {
    let mut keys = transaction.open_table(DATA_KEYS)?;
    let before = all(&keys)?;
    for key in &before {
        keys.insert(key.org_id, encode(&wrap(key)?)?.as_slice())?;
    }
    transaction.open_table(MASTER_KEY)?.insert((), master_key_id.to_string().as_str())?;
    Ok(before.len())
}

fn recorded(master_key: &impl ReadableTable<(), &'static str>) -> Result<Option<KeyId>, Failure> {
    let Some(text) = master_key.get(())? else { return Ok(None) };
    let unreadable = |_| DatabaseError::Record {
        what: "the id of the master key".into(),
        source: serde::de::Error::custom(format!("{:?} is none", text.value())),
    };
    Ok(Some(text.value().parse().map_err(unreadable)?))
}

fn all(keys: &impl ReadableTable<i64, &'static [u8]>) -> Result<Vec<WrappedKey>, Failure> {
    let mut all = Vec::new();
    for entry in keys.iter()? {
        let (org_id, bytes) = entry?;
        all.push(decode(org_id.value(), bytes.value())?);
    }
    Ok(all)
}

fn encode(key: &WrappedKey) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(key).map_err(|source| unreadable(key.org_id, source))
}

fn decode(org_id: i64, bytes: &[u8]) -> Result<WrappedKey, Failure> {
    serde_json::from_slice(bytes).map_err(|source| unreadable(org_id, source))
}

fn unreadable(org_id: i64, source: serde_json::Error) -> Failure {
    DatabaseError::Record { what: format!("the data key of org {org_id}"), source }.into()
}

/// What fails within a transaction: the database, or whoever wraps keys.
#[derive(Debug)]
enum Failure {
    Database(DatabaseError),
    Secret(SecretError),
}

fn outer(failure: Failure) -> SecretError {
    match failure {
        Failure::Database(error) => SecretError::data_keys(error),
        Failure::Secret(error) => error,
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::Secret(error)
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl From<redb::StorageError> for Failure {
    fn from(error: redb::StorageError) -> Self {
        Self::Database(error.into())
    }
}

impl From<redb::TableError> for Failure {
    fn from(error: redb::TableError) -> Self {
        Self::Database(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use wellhead_secrets::{EnvelopeSecrets, MasterKeySource, SecretPlace, SecretService};

    #[tokio::test]
    async fn a_rotation_whose_commit_is_not_proven_leaves_the_old_key_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("master.key");
        let source = MasterKeySource::File(key_file.clone());
        let database = Database::open(folder.path().join("data.redb")).unwrap();
        let secrets = EnvelopeSecrets::open(source, Arc::new(database.clone())).await.unwrap();
        let place = SecretPlace { data_source_uid: "a", key: "token" };
        let sealed = secrets.org_key(1).await.unwrap().seal(&place, "hunter2!").unwrap();
        let old = std::fs::read_to_string(&key_file).unwrap();

        database.fail_next_sync();
        let error = secrets.rotate().await.unwrap_err().to_string();
        assert!(error.contains("it may be there or not"), "{error}");
        assert!(std::fs::read_to_string(&key_file).unwrap().contains(old.trim()), "it may be needed still");
        // A second rotation takes it up.
        secrets.rotate().await.unwrap();
        assert!(!std::fs::read_to_string(&key_file).unwrap().contains(old.trim()));
        assert_eq!(secrets.org_key(1).await.unwrap().open(&place, &sealed).unwrap().expose(), "hunter2!");
    }
}
