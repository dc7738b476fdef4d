//! Finding a data source, the same for readers and within a command.

use super::record;
use super::tables::{BY_ID, BY_NAME, BY_TYPE, RECORDS, Tables};
use crate::{DataSource, DataSourceKey, DatabaseError, StoreError};
use redb::{AccessGuard, ReadTransaction, ReadableTable};
use std::sync::Arc;

/// What can be looked up.
pub(super) trait Lookup {
    /// The row.
    fn row(&self, org_id: i64, uid: &str) -> Result<Option<DataSource>, DatabaseError>;
    /// The uid of the one with this id, if it is of that org.
    fn uid_of_id(&self, org_id: i64, id: i64) -> Result<Option<String>, DatabaseError>;
    /// The uid of the one with this name.
    fn uid_of_name(&self, org_id: i64, name: &str) -> Result<Option<String>, DatabaseError>;

    /// The row of the one with this id.
    fn by_id(&self, org_id: i64, id: i64) -> Result<Option<DataSource>, DatabaseError> {
        self.uid_of_id(org_id, id)?.map_or(Ok(None), |uid| self.row(org_id, &uid))
    }

    /// The row of the one with this name.
    fn by_name(&self, org_id: i64, name: &str) -> Result<Option<DataSource>, DatabaseError> {
        self.uid_of_name(org_id, name)?.map_or(Ok(None), |uid| self.row(org_id, &uid))
    }

    /// The one under `key`, or [`StoreError::NotFound`].
    fn find(&self, org_id: i64, key: &DataSourceKey) -> Result<DataSource, StoreError> {
        let found = match key {
            DataSourceKey::Uid(uid) => self.row(org_id, uid)?,
            DataSourceKey::Id(id) => self.by_id(org_id, *id)?,
            DataSourceKey::Name(name) => self.by_name(org_id, name)?,
            DataSourceKey::Any(text) => self.any(org_id, text)?,
        };
        found.ok_or_else(|| StoreError::NotFound { org_id, key: key.clone() })
    }

    /// By uid, else by id, else by name.
    fn any(&self, org_id: i64, text: &str) -> Result<Option<DataSource>, DatabaseError> {
        if let Some(found) = self.row(org_id, text)? {
            return Ok(Some(found));
        }
        if let Ok(id) = text.parse()
            && let Some(found) = self.by_id(org_id, id)?
        {
            return Ok(Some(found));
        }
        self.by_name(org_id, text)
    }
}

impl Lookup for ReadTransaction {
    fn row(&self, org_id: i64, uid: &str) -> Result<Option<DataSource>, DatabaseError> {
        decoded(org_id, uid, self.open_table(RECORDS)?.get((org_id, uid))?)
    }

    fn uid_of_id(&self, org_id: i64, id: i64) -> Result<Option<String>, DatabaseError> {
        Ok(self.open_table(BY_ID)?.get(id)?.and_then(|found| of_org(org_id, found.value())))
    }

    fn uid_of_name(&self, org_id: i64, name: &str) -> Result<Option<String>, DatabaseError> {
        Ok(self.open_table(BY_NAME)?.get((org_id, name))?.map(|uid| uid.value().to_owned()))
    }
}

impl Lookup for Tables<'_> {
    fn row(&self, org_id: i64, uid: &str) -> Result<Option<DataSource>, DatabaseError> {
        decoded(org_id, uid, self.records.get((org_id, uid))?)
    }

    fn uid_of_id(&self, org_id: i64, id: i64) -> Result<Option<String>, DatabaseError> {
        Ok(self.by_id.get(id)?.and_then(|found| of_org(org_id, found.value())))
    }

    fn uid_of_name(&self, org_id: i64, name: &str) -> Result<Option<String>, DatabaseError> {
        Ok(self.by_name.get((org_id, name))?.map(|uid| uid.value().to_owned()))
    }
}

fn decoded(org_id: i64, uid: &str, bytes: Option<AccessGuard<'_, &[u8]>>) -> Result<Option<DataSource>, DatabaseError> {
    bytes.map(|bytes| record::decode(org_id, uid, bytes.value())).transpose()
}

fn of_org(org_id: i64, (owner, uid): (i64, &str)) -> Option<String> {
    (owner == org_id).then(|| uid.to_owned())
}

/// All of an org, by lower-cased name.
pub(super) fn list(transaction: &ReadTransaction, org_id: i64) -> Result<Vec<Arc<DataSource>>, DatabaseError> {
    let mut list = Vec::new();
    for row in transaction.open_table(RECORDS)?.range((org_id, "")..)? {
        let (key, bytes) = row?;
        let (owner, uid) = key.value();
        if owner != org_id {
            break;
        }
        list.push(Arc::new(record::decode(owner, uid, bytes.value())?));
    }
    list.sort_by_cached_key(|source| source.name.to_lowercase());
    Ok(list)
}

/// All of every org, by org and uid.
pub(super) fn all(transaction: &ReadTransaction) -> Result<Vec<Arc<DataSource>>, DatabaseError> {
    let mut all = Vec::new();
    for row in transaction.open_table(RECORDS)?.range((i64::MIN, "")..)? {
        let (key, bytes) = row?;
        let (org_id, uid) = key.value();
        all.push(Arc::new(record::decode(org_id, uid, bytes.value())?));
    }
    Ok(all)
}

/// Those of any of these types, by org and uid.
pub(super) fn of_type(
    transaction: &ReadTransaction,
    org_id: Option<i64>,
    plugin_ids: &[String],
) -> Result<Vec<Arc<DataSource>>, DatabaseError> {
    let by_type = transaction.open_table(BY_TYPE)?;
    let mut found = std::collections::BTreeMap::new();
    for plugin_id in plugin_ids {
        let start = (plugin_id.as_str(), org_id.unwrap_or(i64::MIN), "");
        for entry in by_type.range(start..)? {
            let (key, ()) = entry.map(|(key, _)| (key, ()))?;
            let (of, owner, uid) = key.value();
            if of != plugin_id || org_id.is_some_and(|org_id| org_id != owner) {
                break;
            }
            if let Some(source) = transaction.row(owner, uid)? {
                found.insert((owner, uid.to_owned()), Arc::new(source));
            }
        }
    }
    Ok(found.into_values().collect())
}
