//! What a command does to the tables, within one transaction.

use super::lookup::Lookup;
use super::record;
use super::sealing::Sealing;
use super::tables::{LAST_ID, Tables};
use crate::model::rules;
use crate::{ChangeKind, DataSource, DatabaseError, DeleteDataSource, StoreError, UpdateDataSource};
use redb::ReadableTable;

impl Tables<'_> {
    pub(super) fn add(&mut self, source: DataSource, sealing: &Sealing) -> Result<DataSource, StoreError> {
        let org = OrgOf { tables: self, org_id: source.org_id };
        let mut source = rules::added(source, &org)?;
        source.id = self.next_id()?;
        source.secure_json_data = sealing.sealed(None, &source)?;
        self.put(None, &source)?;
        Ok(source)
    }

    pub(super) fn update(&mut self, update: UpdateDataSource, sealing: &Sealing) -> Result<DataSource, StoreError> {
        let org_id = update.source.org_id;
        let before = self.find(org_id, &update.key)?;
        let mut source = rules::updated(&before, update, &OrgOf { tables: self, org_id })?;
        source.secure_json_data = sealing.sealed(Some(&before), &source)?;
        if source.uid == before.uid {
            self.put(Some(&before), &source)?;
        } else {
            self.remove(&before)?;
            self.put(None, &source)?;
        }
        Ok(source)
    }

    pub(super) fn delete(&mut self, delete: &DeleteDataSource) -> Result<DataSource, StoreError> {
        let source = self.find(delete.org_id, &delete.key)?;
        rules::deletable(&source, delete.author)?;
        self.remove(&source)?;
        Ok(source)
    }

    /// Writes a row and its index entries, in the place of `before` where that is there under the same key.
    fn put(&mut self, before: Option<&DataSource>, source: &DataSource) -> Result<(), DatabaseError> {
        if let Some(before) = before {
            self.remove_from_indexes(before)?;
        }
        if source.is_default {
            self.take_default(source)?;
        }
        let (org_id, uid) = (source.org_id, source.uid.as_str());
        self.records.insert((org_id, uid), record::encode(source)?.as_slice())?;
        self.by_id.insert(source.id, (org_id, uid))?;
        self.by_name.insert((org_id, source.name.as_str()), uid)?;
        self.by_type.insert((source.plugin_id.as_str(), org_id, uid), ())?;
        self.record_change(org_id, uid, ChangeKind::Put)
    }

    fn remove(&mut self, source: &DataSource) -> Result<(), DatabaseError> {
        self.remove_from_indexes(source)?;
        self.records.remove((source.org_id, source.uid.as_str()))?;
        self.record_change(source.org_id, &source.uid, ChangeKind::Deleted)
    }

    fn remove_from_indexes(&mut self, source: &DataSource) -> Result<(), DatabaseError> {
        let (org_id, uid) = (source.org_id, source.uid.as_str());
        self.by_id.remove(source.id)?;
        self.by_name.remove((org_id, source.name.as_str()))?;
        self.by_type.remove((source.plugin_id.as_str(), org_id, uid))?;
        if source.is_default {
            self.defaults.remove(org_id)?;
        }
        Ok(())
    }

    /// Makes `source` the default of its org in the place of the one that was.
    fn take_default(&mut self, source: &DataSource) -> Result<(), DatabaseError> {
        let (org_id, uid) = (source.org_id, source.uid.as_str());
        let before = self.defaults.insert(org_id, uid)?.map(|before| before.value().to_owned());
        let Some(before) = before.filter(|before| before != uid) else { return Ok(()) };
        if let Some(mut other) = self.row(org_id, &before)? {
            other.is_default = false;
            self.records.insert((org_id, before.as_str()), record::encode(&other)?.as_slice())?;
            self.record_change(org_id, &before, ChangeKind::Put)?;
        }
        Ok(())
    }

    fn next_id(&mut self) -> Result<i64, DatabaseError> {
        let id = self.next(LAST_ID)?;
        Ok(i64::try_from(id).unwrap_or(i64::MAX))
    }

    /// Raises a counter, and gives its new value.
    pub(super) fn next(&mut self, counter: &str) -> Result<u64, DatabaseError> {
        let next = self.counters.get(counter)?.map_or(0, |last| last.value()).saturating_add(1);
        self.counters.insert(counter, next)?;
        Ok(next)
    }
}

/// An org as the rules see it.
struct OrgOf<'a, 't> {
    tables: &'a Tables<'t>,
    org_id: i64,
}

impl rules::Org for OrgOf<'_, '_> {
    fn has_uid(&self, uid: &str) -> Result<bool, StoreError> {
        Ok(self.tables.records.get((self.org_id, uid)).map_err(DatabaseError::from)?.is_some())
    }

    fn has_name(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.tables.by_name.get((self.org_id, name)).map_err(DatabaseError::from)?.is_some())
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        let mut rows = self.tables.records.range((self.org_id, "")..).map_err(DatabaseError::from)?;
        let first = rows.next().transpose().map_err(DatabaseError::from)?;
        Ok(first.is_none_or(|(key, _)| key.value().0 != self.org_id))
    }
}
