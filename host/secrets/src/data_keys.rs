//! Where wrapped data keys are kept. What wraps them is not the keeper's affair, except for the id on record.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::{self, BoxFuture, FutureExt};
use serde::{Deserialize, Serialize};

use crate::{KeyId, Sealed, SecretError};

/// The data key of one org, encrypted by a master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WrappedKey {
    /// The org it belongs to.
    pub org_id: i64,
    /// Its id, which sealed values carry.
    pub key_id: KeyId,
    /// The id of the master key that opens it.
    pub master_key_id: KeyId,
    /// The key itself, encrypted.
    pub wrapped: Sealed,
}

/// Everything a [`DataKeyStore`] has, as of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataKeys {
    /// The id on record: that of the master key that wraps all of them.
    pub master_key_id: Option<KeyId>,
    /// One per org, by org.
    pub wrapped: Vec<WrappedKey>,
}

/// Wraps one data key anew, inside the transaction of [`DataKeyStore::rewrap`].
pub type Rewrap = Box<dyn FnMut(&WrappedKey) -> Result<WrappedKey, SecretError> + Send>;

/// Keeps the wrapped data keys of all orgs, and on record the id of the master key that wraps them.
///
/// A key that was inserted stays as long as its org may have sealed values: without it they are lost.
pub trait DataKeyStore: Send + Sync + 'static {
    /// All there is, as of one moment.
    fn load_all(&self) -> BoxFuture<'_, Result<DataKeys, SecretError>>;

    /// The id on record, which is that of [`DataKeys::master_key_id`].
    fn master_key_id(&self) -> BoxFuture<'_, Result<Option<KeyId>, SecretError>>;

    /// The key of one org.
    fn load(&self, org_id: i64) -> BoxFuture<'_, Result<Option<WrappedKey>, SecretError>>;

    /// Adds the key of an org unless it has one, durably, and gives the one it has then: of several that race, one
    /// wins and all get its key. One step, which refuses with [`SecretError::MasterKeyRotated`] where another master
    /// key is on record, and puts the key's own on record where none is.
    fn insert_if_absent(&self, key: WrappedKey) -> BoxFuture<'_, Result<WrappedKey, SecretError>>;

    /// Replaces every key by what `wrap` makes of it and puts `master_key_id` on record, durably and in one step: after
    /// an error, also one of `wrap`, nothing has changed. Gives the number of keys.
    fn rewrap(&self, master_key_id: KeyId, wrap: Rewrap) -> BoxFuture<'_, Result<usize, SecretError>>;
}

/// Data keys in memory, for tests and for hosts that store nothing.
#[derive(Debug, Default)]
pub struct MemoryDataKeys(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    master_key_id: Option<KeyId>,
    by_org: BTreeMap<i64, WrappedKey>,
}

impl MemoryDataKeys {
    /// No keys at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn insert_if_absent(&mut self, key: WrappedKey) -> Result<WrappedKey, SecretError> {
        if let Some(winner) = self.by_org.get(&key.org_id) {
            return Ok(winner.clone());
        }
        let recorded = *self.master_key_id.get_or_insert(key.master_key_id);
        if recorded != key.master_key_id {
            return Err(SecretError::MasterKeyRotated { recorded, used: key.master_key_id });
        }
        self.by_org.insert(key.org_id, key.clone());
        Ok(key)
    }

    fn rewrap(&mut self, master_key_id: KeyId, mut wrap: Rewrap) -> Result<usize, SecretError> {
        let anew: Result<_, SecretError> = self.by_org.iter().map(|(org_id, key)| Ok((*org_id, wrap(key)?))).collect();
        self.by_org = anew?;
        self.master_key_id = Some(master_key_id);
        Ok(self.by_org.len())
    }
}

impl DataKeyStore for MemoryDataKeys {
    fn load_all(&self) -> BoxFuture<'_, Result<DataKeys, SecretError>> {
        let memory = self.lock();
        let wrapped = memory.by_org.values().cloned().collect();
        future::ready(Ok(DataKeys { master_key_id: memory.master_key_id, wrapped })).boxed()
    }

    fn master_key_id(&self) -> BoxFuture<'_, Result<Option<KeyId>, SecretError>> {
        future::ready(Ok(self.lock().master_key_id)).boxed()
    }

    fn load(&self, org_id: i64) -> BoxFuture<'_, Result<Option<WrappedKey>, SecretError>> {
        future::ready(Ok(self.lock().by_org.get(&org_id).cloned())).boxed()
    }

    fn insert_if_absent(&self, key: WrappedKey) -> BoxFuture<'_, Result<WrappedKey, SecretError>> {
        future::ready(self.lock().insert_if_absent(key)).boxed()
    }

    fn rewrap(&self, master_key_id: KeyId, wrap: Rewrap) -> BoxFuture<'_, Result<usize, SecretError>> {
        future::ready(self.lock().rewrap(master_key_id, wrap)).boxed()
    }
}
