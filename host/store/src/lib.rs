//! Data sources: their model, the store trait and provisioning files.
//!
//! A [`DataSourceStore`] answers who is configured; [`MemoryStore`] holds a fixed list, such as the one
//! [`Provisioning`] reads from Grafana's YAML. What a plugin makes of a data source is left to the crates above.

mod data_source;
mod memory;
mod provisioning;
mod secrets;
mod store;

pub use data_source::{Access, DataSource};
pub use memory::{DuplicateError, MemoryStore};
pub use provisioning::{Problem, Provisioning, ProvisioningError};
pub use secrets::SecretValues;
pub use store::{Change, ChangeKind, DataSourceKey, DataSourceStore, Revision, StoreError};
