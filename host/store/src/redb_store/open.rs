//! Opening a store by its path alone: for embedders who have nothing else to say about where secrets' keys come from.

use super::RedbStore;
use crate::database::with_suffix;
use crate::{Database, DatabaseError, StoreError};
use std::path::Path;
use std::sync::Arc;
use wellhead_secrets::{EnvelopeSecrets, MasterKeySource};

impl RedbStore {
    /// The data sources of the file at `path`, made where it is missing. The master key that the secrets need is in a
    /// file beside it, with `.key` after its name and mode 0600, made at the first start: a backup of the database is
    /// worth nothing to a thief without it, and nothing to its owner either.
    ///
    /// # Errors
    /// [`StoreError::Backend`] where the file cannot be opened, [`StoreError::Secrets`] where the master key is missing
    /// or another one. Nothing is made or changed then.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let key = MasterKeySource::File(with_suffix(&path, ".key"));
        let database = tokio::task::spawn_blocking(move || Database::open(path)).await;
        let database = database.unwrap_or(Err(DatabaseError::Interrupted))?;
        let secrets = EnvelopeSecrets::open(key, Arc::new(database.clone())).await?;
        Ok(Self::new(database, Arc::new(secrets)))
    }
}
