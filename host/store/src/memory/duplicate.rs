//! What must be unique among data sources that are given all at once.

use crate::{DataSource, DataSourceKey};
use std::collections::HashSet;

/// Two data sources of one org share what must be unique.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("org {org_id} has two data sources with {key}: give each its own")]
pub struct DuplicateError {
    /// The org.
    pub org_id: i64,
    /// The uid, id or name they share.
    pub key: DataSourceKey,
}

pub(super) fn refuse(data_sources: &[DataSource]) -> Result<(), DuplicateError> {
    let mut seen = HashSet::new();
    for source in data_sources {
        let by_id = (source.id != 0).then_some((0, DataSourceKey::Id(source.id)));
        let by_uid = (source.org_id, DataSourceKey::Uid(source.uid.clone()));
        let by_name = (source.org_id, DataSourceKey::Name(source.name.clone()));
        for key in [by_uid, by_name].into_iter().chain(by_id) {
            if !seen.insert(key.clone()) {
                return Err(DuplicateError { org_id: source.org_id, key: key.1 });
            }
        }
    }
    Ok(())
}
