//! What may be asked of a store.

use super::DataSource;
use crate::DataSourceKey;

/// On whose behalf a data source is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Author {
    /// A client of the API, who may not change read-only data sources.
    #[default]
    Client,
    /// A provisioning file, which owns the read-only ones.
    Provisioning,
}

/// Puts `source` in the place of what is under `key`.
///
/// Of `source`, id and version are not read; an empty uid keeps the one there is. Of its secrets those sent replace those
/// there, an empty value removes one, and those not sent stay.
#[derive(Clone, Debug)]
pub struct UpdateDataSource {
    /// Which one, in `source.org_id`.
    pub key: DataSourceKey,
    /// What it is to be.
    pub source: DataSource,
    /// The version that is to be replaced; `None` replaces any.
    pub expected_version: Option<u32>,
    /// Who says so.
    pub author: Author,
}

/// Removes a data source and its secrets.
#[derive(Clone, Debug)]
pub struct DeleteDataSource {
    /// The org that owns it.
    pub org_id: i64,
    /// Which one.
    pub key: DataSourceKey,
    /// Who says so.
    pub author: Author,
}
