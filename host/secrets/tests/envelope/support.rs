//! A folder with a key file, a store that can fail, and short names for what every test does.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, FutureExt};
use wellhead_secrets::{
    DataKeyStore, DataKeys, EnvelopeSecrets, KeyId, MasterKeySource, MemoryDataKeys, Rewrap, Sealed, SecretError,
    SecretPlace, SecretService, WrappedKey,
};

pub(crate) const PLACE: SecretPlace<'static> = SecretPlace { data_source_uid: "prometheus", key: "password" };
pub(crate) const VALUE: &str = "hunter2!";

/// Data keys in memory. Wrapping them anew fails as told.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) keys: MemoryDataKeys,
    pub(crate) failure: Mutex<Option<Failure>>,
    /// How often all keys were read.
    pub(crate) loads: AtomicUsize,
}

#[derive(Clone, Copy)]
pub(crate) enum Failure {
    BeforeCommit,
    AfterCommit,
}

impl Store {
    pub(crate) fn fail(&self, failure: Option<Failure>) {
        *self.failure.lock().unwrap() = failure;
    }

    pub(crate) fn all(&self) -> DataKeys {
        pollster::block_on(self.load_all()).unwrap()
    }
}

impl DataKeyStore for Store {
    fn load_all(&self) -> BoxFuture<'_, Result<DataKeys, SecretError>> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.keys.load_all()
    }

    fn master_key_id(&self) -> BoxFuture<'_, Result<Option<KeyId>, SecretError>> {
        self.keys.master_key_id()
    }

    fn load(&self, org_id: i64) -> BoxFuture<'_, Result<Option<WrappedKey>, SecretError>> {
        self.keys.load(org_id)
    }

    fn insert_if_absent(&self, key: WrappedKey) -> BoxFuture<'_, Result<WrappedKey, SecretError>> {
        self.keys.insert_if_absent(key)
    }

    fn rewrap(&self, master_key_id: KeyId, wrap: Rewrap) -> BoxFuture<'_, Result<usize, SecretError>> {
        async move {
            let failure = *self.failure.lock().unwrap();
            if let Some(Failure::BeforeCommit) = failure {
                return Err(SecretError::data_keys("no space left on device"));
            }
            let count = self.keys.rewrap(master_key_id, wrap).await?;
            match failure {
                Some(_) => Err(SecretError::data_keys("the answer was lost")),
                None => Ok(count),
            }
        }
        .boxed()
    }
}

/// A folder for the key file, and a store.
pub(crate) struct House {
    folder: tempfile::TempDir,
    pub(crate) store: Arc<Store>,
}

impl House {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), store: Arc::default() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.path("master.key")
    }

    pub(crate) fn source(&self) -> MasterKeySource {
        MasterKeySource::File(self.key_file())
    }

    pub(crate) fn open_from(&self, source: MasterKeySource) -> Result<EnvelopeSecrets, SecretError> {
        pollster::block_on(EnvelopeSecrets::open(source, Arc::clone(&self.store) as Arc<dyn DataKeyStore>))
    }

    pub(crate) fn try_open(&self) -> Result<EnvelopeSecrets, SecretError> {
        self.open_from(self.source())
    }

    pub(crate) fn open(&self) -> EnvelopeSecrets {
        self.try_open().unwrap()
    }

    /// The keys in the file.
    pub(crate) fn keys(&self) -> Vec<String> {
        fs::read_to_string(self.key_file()).unwrap().split_whitespace().map(str::to_owned).collect()
    }

    /// Everything a failed step must leave as it is: names and bytes in the folder, and the store.
    pub(crate) fn state(&self) -> (Vec<(String, Vec<u8>)>, DataKeys) {
        let entries = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .map(|path| (path.display().to_string(), if path.is_file() { fs::read(&path).unwrap() } else { vec![] }))
            .collect();
        files.sort();
        (files, self.store.all())
    }
}

pub(crate) fn seal(secrets: &EnvelopeSecrets, org_id: i64) -> Sealed {
    pollster::block_on(secrets.org_key(org_id)).unwrap().seal(&PLACE, VALUE).unwrap()
}

/// Asserts that what [`seal`] gave opens.
#[track_caller]
pub(crate) fn assert_opens(secrets: &EnvelopeSecrets, org_id: i64, sealed: &Sealed) {
    let key = pollster::block_on(secrets.org_key(org_id)).unwrap();
    assert_eq!(key.open(&PLACE, sealed).unwrap().expose(), VALUE);
}
