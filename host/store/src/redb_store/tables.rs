//! The tables of data sources, and what is in them. Whoever changes one writes a migration.

use crate::DatabaseError;
use redb::{Table, TableDefinition, WriteTransaction};

/// An org, and a uid or name within it.
pub(super) type OrgText = (i64, &'static str);

/// The rows: org and uid to the JSON of a [`Record`](super::record::Record).
pub(super) const RECORDS: TableDefinition<OrgText, &[u8]> = TableDefinition::new("data_sources");
/// Id to org and uid.
pub(super) const BY_ID: TableDefinition<i64, OrgText> = TableDefinition::new("data_sources_by_id");
/// Org and name to uid.
pub(super) const BY_NAME: TableDefinition<OrgText, &str> = TableDefinition::new("data_sources_by_name");
/// Type, org and uid.
pub(super) const BY_TYPE: TableDefinition<(&str, i64, &str), ()> = TableDefinition::new("data_sources_by_type");
/// Org to the uid of its default.
pub(super) const DEFAULTS: TableDefinition<i64, &str> = TableDefinition::new("data_sources_default");
/// The last change of each data source, those that are gone included: revision to org, uid and whether it was deleted.
pub(super) const CHANGES: TableDefinition<u64, (i64, &str, bool)> = TableDefinition::new("data_sources_changes");
/// Org and uid to the revision of the last change.
pub(super) const CHANGED_AT: TableDefinition<OrgText, u64> = TableDefinition::new("data_sources_changed_at");
/// The revisions of deletions.
pub(super) const TOMBSTONES: TableDefinition<u64, ()> = TableDefinition::new("data_sources_tombstones");
/// Numbers that only grow, by name.
pub(super) const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("data_sources_counters");

/// The revision of the last change.
pub(super) const REVISION: &str = "revision";
/// The last id that was given away.
pub(super) const LAST_ID: &str = "last_id";
/// The revision of the newest deletion that is no longer known.
pub(super) const FORGOTTEN: &str = "forgotten";

/// All of them, open for writing.
pub(super) struct Tables<'t> {
    pub(super) records: Table<'t, OrgText, &'static [u8]>,
    pub(super) by_id: Table<'t, i64, OrgText>,
    pub(super) by_name: Table<'t, OrgText, &'static str>,
    pub(super) by_type: Table<'t, (&'static str, i64, &'static str), ()>,
    pub(super) defaults: Table<'t, i64, &'static str>,
    pub(super) changes: Table<'t, u64, (i64, &'static str, bool)>,
    pub(super) changed_at: Table<'t, OrgText, u64>,
    pub(super) tombstones: Table<'t, u64, ()>,
    pub(super) counters: Table<'t, &'static str, u64>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, DatabaseError> {
        Ok(Self {
            records: transaction.open_table(RECORDS)?,
            by_id: transaction.open_table(BY_ID)?,
            by_name: transaction.open_table(BY_NAME)?,
            by_type: transaction.open_table(BY_TYPE)?,
            defaults: transaction.open_table(DEFAULTS)?,
            changes: transaction.open_table(CHANGES)?,
            changed_at: transaction.open_table(CHANGED_AT)?,
            tombstones: transaction.open_table(TOMBSTONES)?,
            counters: transaction.open_table(COUNTERS)?,
        })
    }
}

/// Makes them, empty: a reader never meets a table that is missing.
pub(crate) fn create(transaction: &WriteTransaction) -> Result<(), DatabaseError> {
    Tables::open(transaction).map(drop)
}
