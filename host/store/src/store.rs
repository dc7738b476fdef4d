//! The store trait: how the layers above look data sources up and learn of changes.

use crate::DataSource;
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
            Self::Uid(uid) => write!(f, "uid {uid:?}"),
            Self::Id(id) => write!(f, "id {id}"),
            Self::Name(name) => write!(f, "name {name:?}"),
        }
    }
}

/// A point in a store's history. `Revision::default()` is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// What became of a data source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new or different: read it again.
    Put,
    /// It is gone.
    Deleted,
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

/// Why a store did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nothing there under that key.
    #[error("org {org_id} has no data source with {key}: list them with GET /api/datasources")]
    NotFound {
        /// The org that was asked.
        org_id: i64,
        /// What was looked for.
        key: DataSourceKey,
    },
    /// The store itself failed.
    #[error("the data source store failed: {0}")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where data sources are kept, keyed (org, uid).
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

    /// Every change after `from`, then those to come. Changes of one data source may be folded into its last.
    /// The stream ends when the store is closed.
    fn watch(&self, from: Revision) -> BoxStream<'static, Change>;
}
