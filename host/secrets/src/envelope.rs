//! Envelope encryption: each org's values under a key of its own, that key under a master key.
//!
//! Losing the master key is losing the secrets, so what might be a lost or wrong one is an error, and nothing is made
//! or overwritten. Data keys live in a [`DataKeyStore`]; this module holds none of them longer than a caller does.

use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt};
use futures::lock::{Mutex, OwnedMutexGuard};

use crate::key::Key;
use crate::master::{MasterKeys, data_key_id};
use crate::org_key::EnvelopeOrgKey;
use crate::{DataKeyStore, DataKeys, MasterKeySource, OrgKey, Rotation, SecretError, SecretService};

/// How often a data key is looked for again when a rotation comes between two steps. Each rotation takes a transaction.
const TRIES: usize = 8;

/// Secrets under XChaCha20-Poly1305, with a data key per org that a master key wraps.
///
/// ```
/// use std::sync::Arc;
/// use wellhead_secrets::{EnvelopeSecrets, MasterKeySource, MemoryDataKeys, SecretPlace, SecretService};
///
/// # pollster::block_on(async {
/// # let folder = tempfile::tempdir()?;
/// let source = MasterKeySource::File(folder.path().join("master.key")); // made now, with mode 0600
/// let secrets = EnvelopeSecrets::open(source, Arc::new(MemoryDataKeys::new())).await?;
///
/// let key = secrets.org_key(1).await?;
/// let place = SecretPlace { data_source_uid: "prometheus", key: "basicAuthPassword" };
/// let sealed = key.seal(&place, "hunter2!")?;
/// assert_eq!(key.open(&place, &sealed)?.expose(), "hunter2!");
///
/// let elsewhere = SecretPlace { data_source_uid: "mine", ..place };
/// assert!(key.open(&elsewhere, &sealed).is_err());
///
/// secrets.rotate().await?;
/// assert_eq!(secrets.org_key(1).await?.open(&place, &sealed)?.expose(), "hunter2!");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct EnvelopeSecrets {
    source: MasterKeySource,
    store: Arc<dyn DataKeyStore>,
    master: RwLock<Arc<MasterKeys>>,
    /// Held by whoever changes keys. Work on another thread takes the guard along, so that it is done before the next
    /// one begins even if its caller has gone away.
    rotating: Arc<Mutex<()>>,
}

impl EnvelopeSecrets {
    /// Reads the master keys and checks that they open every data key there is. At the very first start it makes the
    /// file; later it finishes a rotation that a crash cut short.
    ///
    /// # Errors
    /// [`SecretError::MasterKeyMissing`], [`MasterKeyWrong`](SecretError::MasterKeyWrong) and
    /// [`MasterKeyUnusable`](SecretError::MasterKeyUnusable), after which source and store are as they were, and
    /// [`MasterKeyNotWritten`](SecretError::MasterKeyNotWritten) where the file cannot be made, or
    /// [`MasterKeyNotSynced`](SecretError::MasterKeyNotSynced) where it may not last.
    pub async fn open(source: MasterKeySource, store: Arc<dyn DataKeyStore>) -> Result<Self, SecretError> {
        let stored = store.load_all().await?;
        let rotating = Arc::new(Mutex::new(()));
        let guard = Arc::clone(&rotating).lock_owned().await;
        let (guard, found) = on_a_thread(guard, {
            let source = source.clone();
            let needed = stored.wrapped.first().map(|wrapped| wrapped.master_key_id);
            move || match (source.read()?, needed) {
                (Some(keys), _) => Ok(keys),
                (None, Some(needed)) => Err(SecretError::MasterKeyMissing { place: source.to_string(), needed }),
                (None, None) => source.create(),
            }
        })
        .await?;
        found.check(&stored)?;

        let first = found.first_id();
        let is_unfinished = source.is_file() && !found.is_one();
        let this = Self { source, store, master: RwLock::new(Arc::new(found)), rotating };
        if stored.wrapped.is_empty() {
            this.rewrap().await?; // puts the key on record; there is nothing else to do
        }
        if is_unfinished && let Err(error) = this.finish(guard).await {
            // All secrets open as it is, so this is no reason not to start.
            tracing::warn!(master_key = %first, %error, "a rotation of the master key is still unfinished");
        }
        Ok(this)
    }

    async fn load_or_make(&self, org_id: i64) -> Result<Arc<dyn OrgKey>, SecretError> {
        let mut tries = 1;
        loop {
            // Before the data key: then a rotation that comes between shows as a key these do not know.
            let master = self.master();
            let found = self.load_or_make_with(&master, org_id).await;
            let came_between = match &found {
                Err(SecretError::MasterKeyRotated { .. }) => true,
                Err(SecretError::MasterKeyWrong { .. }) => !Arc::ptr_eq(&master, &self.master()),
                _ => false,
            };
            if !came_between || tries == TRIES {
                return found.map(|key| Arc::new(EnvelopeOrgKey::new(org_id, key)) as Arc<dyn OrgKey>);
            }
            tries += 1;
        }
    }

    async fn load_or_make_with(&self, master: &MasterKeys, org_id: i64) -> Result<Key, SecretError> {
        if let Some(wrapped) = self.store.load(org_id).await? {
            return master.unwrap_key(&wrapped);
        }
        // Not simply the first: of a source with a new key before the old one, the old one wraps until `rotate`.
        let recorded = self.store.master_key_id().await?.unwrap_or_else(|| master.first_id());
        let new = Key::random()?;
        let winner = self.store.insert_if_absent(master.wrap_key(recorded, org_id, &new)?).await?;
        if winner.key_id == data_key_id(&new) { Ok(new) } else { master.unwrap_key(&winner) }
    }

    async fn rotate_now(&self) -> Result<Rotation, SecretError> {
        let guard = Arc::clone(&self.rotating).lock_owned().await;
        let stored = self.store.load_all().await?;
        let from = stored.master_key_id;
        let (guard, keys) = on_a_thread(guard, {
            let source = self.source.clone();
            move || next_keys(&source, &stored)
        })
        .await?;
        let to = keys.first_id();
        self.adopt(keys);
        if !self.source.is_file() && from == Some(to) {
            return Ok(Rotation::NothingToDo { current: to });
        }
        let data_keys = self.finish(guard).await?;
        Ok(Rotation::Rotated { from, to, data_keys })
    }

    /// Wraps all data keys by the first master key, then lets a file forget the others.
    async fn finish(&self, guard: OwnedMutexGuard<()>) -> Result<usize, SecretError> {
        let data_keys = self.rewrap().await?;
        if self.source.is_file() {
            let only = self.master().only_first();
            let source = self.source.clone();
            let (_guard, only) = on_a_thread(guard, move || source.write(&only).map(|()| only)).await?;
            self.adopt(only);
        }
        Ok(data_keys)
    }

    async fn rewrap(&self) -> Result<usize, SecretError> {
        let master = self.master();
        self.store.rewrap(master.first_id(), Box::new(move |wrapped| master.rewrap(wrapped))).await
    }

    fn master(&self) -> Arc<MasterKeys> {
        Arc::clone(&self.master.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn adopt(&self, keys: MasterKeys) {
        *self.master.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl SecretService for EnvelopeSecrets {
    fn org_key(&self, org_id: i64) -> BoxFuture<'_, Result<Arc<dyn OrgKey>, SecretError>> {
        self.load_or_make(org_id).boxed()
    }

    /// A file gets a new key before the old one, data keys are wrapped anew, then the file loses the old one: whenever
    /// this is cut short, the file opens the store, and the next rotation or start finishes it. Other sources are read
    /// again; their first key is used from then on, and the ones after it may be taken away.
    ///
    /// A backup of the store made before needs the key from before.
    fn rotate(&self) -> BoxFuture<'_, Result<Rotation, SecretError>> {
        self.rotate_now().boxed()
    }
}

impl std::fmt::Debug for EnvelopeSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnvelopeSecrets")
            .field("source", &self.source)
            .field("master_key", &self.master().first_id())
            .finish_non_exhaustive()
    }
}

/// The keys to rotate to, the new one first. In a file they are already when this returns.
fn next_keys(source: &MasterKeySource, stored: &DataKeys) -> Result<MasterKeys, SecretError> {
    let missing = || match stored.master_key_id {
        Some(needed) => SecretError::MasterKeyMissing { place: source.to_string(), needed },
        None => SecretError::unusable(source, "it is missing; put it back, or restart to have one made"),
    };
    let found = source.read()?.ok_or_else(missing)?;
    found.check(stored)?;
    // With several keys in a file, an earlier rotation was cut short: its new key will do.
    if !source.is_file() || !found.is_one() {
        return Ok(found);
    }
    let next = found.with_new_first()?;
    source.write(&next)?;
    Ok(next)
}

/// Runs what blocks on a thread of its own, as the crate has no runtime to ask for one, and holds `guard` meanwhile.
async fn on_a_thread<G: Send + 'static, T: Send + 'static>(
    guard: G,
    work: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
) -> Result<(G, T), SecretError> {
    let refused = |reason: String| SecretError::System { what: "a thread for the master key", reason };
    let (sender, receiver) = oneshot::channel();
    let run = move || {
        let done = work().map(|done| (guard, done));
        // Without a receiver, what is sent is dropped here, the guard with it.
        drop(sender.send(done));
    };
    let thread = thread::Builder::new().name("master-key".to_owned()).spawn(run);
    thread.map_err(|error| refused(error.to_string()))?;
    receiver.await.map_err(|_| refused("it ended without an answer".to_owned()))?
}
