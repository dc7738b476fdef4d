//! Data sources: their model, the store trait, where they are kept, and provisioning files.
//!
//! A [`DataSourceStore`] answers who is configured and carries out commands; [`RedbStore`] keeps them in one file, the
//! [`Database`], [`MemoryStore`] in memory, and [`CachedStore`] answers for either without asking twice. The
//! rules of a command (what is unique, what a version means, who may change what) are the same for every store. What a
//! plugin makes of a data source is left to the crates above.

mod cached;
mod data_keys;
mod database;
mod error;
mod memory;
mod model;
mod provisioning;
mod redb_store;
mod store;

pub use cached::CachedStore;
pub use database::{Database, DatabaseError};
pub use error::StoreError;
pub use memory::{DuplicateError, MemoryStore};
pub use model::{
    Access, Author, DataSource, DeleteDataSource, InvalidField, MAX_NAME_CHARS, MAX_UID_CHARS, MAX_URL_CHARS, Secrets,
    UpdateDataSource,
};
pub use provisioning::{Applied, ApplyError, Deletion, Problem, Provisioner, Provisioning, ProvisioningError};
pub use redb_store::RedbStore;
pub use store::{Change, ChangeKind, DataSourceKey, DataSourceStore, Revision};
pub use wellhead_secrets::SecretValues;
