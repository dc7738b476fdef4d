//! The store trait: how the layers above look data sources up and learn of changes.

use crate::{DataSource, DeleteDataSource, MAX_NAME_CHARS, SecretValues, StoreError, UpdateDataSource};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::fmt;
use std::sync::Arc;

/// By what a data source is looked up, always within one org.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataSourceKey {
    /// By uid.
    Uid(String),
    /// By the legacy numeric id.
    Id(i64),
    /// By display name.
    Name(String),
    /// By uid, else by id, else by name: what a person types.
    Any(String),
}

impl DataSourceKey {
    /// Looks up by uid.
    pub fn uid(uid: impl Into<String>) -> Self {
        Self::Uid(uid.into())
    }
}

impl fmt::Display for DataSourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "uid {:?}", start(uid)),
            Self::Id(id) => write!(f, "id {id}"),
            Self::Name(name) => write!(f, "name {:?}", start(name)),
            Self::Any(text) => write!(f, "uid, id or name {:?}", start(text)),
        }
    }
}

/// As much of a name as a message repeats: clients send what they like.
fn start(text: &str) -> &str {
    text.char_indices().nth(MAX_NAME_CHARS).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// A point in a store's history. `Revision::default()` is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// How many deletions a store remembers. A watcher that was away for more is told to read everything again.
pub(crate) const MAX_TOMBSTONES: u64 = 10_000;

/// What became of a data source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new or different: read it again.
    Put,
    /// It is gone.
    Deleted,
    /// What was deleted before is no longer known: whoever holds anything of this store reads everything again. Owner and
    /// uid are empty.
    Reset,
}

/// One entry of the change feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When; a watcher that starts again hands in the last one it saw.
    pub revision: Revision,
    /// The owner.
    pub org_id: i64,
    /// Which data source.
    pub uid: String,
    /// What became of it.
    pub kind: ChangeKind,
}

impl Change {
    /// A [`ChangeKind::Reset`].
    pub(crate) fn reset(revision: Revision) -> Self {
        Self { revision, org_id: 0, uid: String::new(), kind: ChangeKind::Reset }
    }
}

/// Where data sources are kept, keyed (org, uid).
///
/// A command is one step: it happens as a whole, is on disk when it is answered where the store has a disk, and an error
/// says that nothing changed, but for [`DatabaseError::OutcomeUnknown`](crate::DatabaseError::OutcomeUnknown) within
/// [`StoreError::Backend`], after which whoever asked looks what is there.
pub trait DataSourceStore: Send + Sync + 'static {
    /// Finds one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the org has none under that key.
    fn get<'a>(&'a self, org_id: i64, key: &'a DataSourceKey) -> BoxFuture<'a, Result<Arc<DataSource>, StoreError>>;

    /// All of an org, by lower-cased name.
    ///
    /// # Errors
    /// [`StoreError::Backend`].
    fn list(&self, org_id: i64) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>>;

    /// All of every org, by org and uid.
    ///
    /// # Errors
    /// [`StoreError::Backend`].
    fn all(&self) -> BoxFuture<'_, Result<Vec<Arc<DataSource>>, StoreError>>;

    /// Those of any of these types (a plugin's id and its aliases), in one org or in all, by org and uid.
    ///
    /// # Errors
    /// [`StoreError::Backend`].
    fn of_type<'a>(
        &'a self,
        org_id: Option<i64>,
        plugin_ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Arc<DataSource>>, StoreError>>;

    /// Adds one. An empty uid is made up, an empty name is taken from the type, id and version are chosen, the first of an org
    /// is its default; one that is to be the default takes that from the one that was.
    ///
    /// # Errors
    /// [`StoreError::UidExists`], [`StoreError::NameExists`], [`StoreError::Invalid`].
    fn add(&self, source: DataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>>;

    /// Changes one and raises its version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionConflict`], [`StoreError::ReadOnly`], and those of
    /// [`add`](Self::add).
    fn update(&self, update: UpdateDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>>;

    /// Removes one, and gives it back as it was.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::ReadOnly`].
    fn delete(&self, delete: DeleteDataSource) -> BoxFuture<'_, Result<Arc<DataSource>, StoreError>>;

    /// The values of a data source's secrets.
    ///
    /// # Errors
    /// [`StoreError::Backend`] where one cannot be decrypted.
    fn open_secrets<'a>(&'a self, source: &'a DataSource) -> BoxFuture<'a, Result<SecretValues, StoreError>>;

    /// Every change after `from`, then those to come. Changes of one data source are folded into its last. Where
    /// `from` is so long ago that deletions since are forgotten, or of another history (a backup was restored), the
    /// first item is a [`ChangeKind::Reset`].
    /// The stream ends when the store is closed.
    fn watch(&self, from: Revision) -> BoxStream<'static, Change>;
}
