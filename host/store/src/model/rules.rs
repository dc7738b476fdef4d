//! The rules of every command, the same for every store: from what is there and what is asked to what will be there.
//!
//! A store calls these inside its transaction, so that what they looked at is what they change.

use super::{Author, DataSource, Secrets, UpdateDataSource, check, uid};
use crate::StoreError;

/// How often a generated uid may turn out to be taken. Once is a wonder.
const UID_ATTEMPTS: usize = 10;

/// What an org has, as far as the rules ask.
pub(crate) trait Org {
    /// Whether a data source has this uid.
    fn has_uid(&self, uid: &str) -> Result<bool, StoreError>;
    /// Whether a data source has this name.
    fn has_name(&self, name: &str) -> Result<bool, StoreError>;
    /// Whether it has no data source at all.
    fn is_empty(&self) -> Result<bool, StoreError>;
}

/// `source` as it will be once it is added: with uid, name and version. Its id is left to the store.
pub(crate) fn added(mut source: DataSource, org: &impl Org) -> Result<DataSource, StoreError> {
    check::data_source(&source)?;
    if source.uid.is_empty() {
        source.uid = free_uid(org)?;
    } else if org.has_uid(&source.uid)? {
        return Err(StoreError::UidExists { org_id: source.org_id, uid: source.uid });
    }
    if source.name.is_empty() {
        source.name = free_name(&source.plugin_id, org)?;
    } else if org.has_name(&source.name)? {
        return Err(StoreError::NameExists { org_id: source.org_id, name: source.name });
    }
    source.is_default = source.is_default || org.is_empty()?;
    source.secure_json_data = Secrets::default().updated_by(source.secure_json_data);
    check::stored_secrets(&source.secure_json_data)?;
    source.version = 1;
    Ok(source)
}

/// `before` as it will be after `update`.
pub(crate) fn updated(before: &DataSource, update: UpdateDataSource, org: &impl Org) -> Result<DataSource, StoreError> {
    let mut source = update.source;
    if before.read_only && update.author != Author::Provisioning {
        return Err(StoreError::ReadOnly { org_id: before.org_id, name: before.name.clone() });
    }
    if let Some(expected) = update.expected_version
        && expected != before.version
    {
        return Err(StoreError::VersionConflict { uid: before.uid.clone(), expected, actual: before.version });
    }
    check::data_source(&source)?;
    if source.uid.is_empty() {
        source.uid.clone_from(&before.uid);
    } else if source.uid != before.uid && org.has_uid(&source.uid)? {
        return Err(StoreError::UidExists { org_id: source.org_id, uid: source.uid });
    }
    if source.name.is_empty() {
        source.name.clone_from(&before.name);
    } else if source.name != before.name && org.has_name(&source.name)? {
        return Err(StoreError::NameExists { org_id: source.org_id, name: source.name });
    }
    if update.author == Author::Client {
        // Whom a data source came from is no field of the API.
        source.prunable = before.prunable;
    }
    source.id = before.id;
    source.version = before.version.saturating_add(1);
    source.secure_json_data = before.secure_json_data.clone().updated_by(source.secure_json_data);
    check::stored_secrets(&source.secure_json_data)?;
    Ok(source)
}

/// Whether `author` may remove `source`.
pub(crate) fn deletable(source: &DataSource, author: Author) -> Result<(), StoreError> {
    if source.read_only && author != Author::Provisioning {
        return Err(StoreError::ReadOnly { org_id: source.org_id, name: source.name.clone() });
    }
    Ok(())
}

fn free_uid(org: &impl Org) -> Result<String, StoreError> {
    for _ in 0..UID_ATTEMPTS {
        let uid = uid::generate().ok_or(StoreError::NoRandomness)?;
        if !org.has_uid(&uid)? {
            return Ok(uid);
        }
    }
    Err(StoreError::NoRandomness)
}

/// Grafana's name for what has none: the type, then `type-1`, `type-2`.
fn free_name(plugin_id: &str, org: &impl Org) -> Result<String, StoreError> {
    let mut name = plugin_id.to_owned();
    let mut number = 0_u32;
    while org.has_name(&name)? {
        number = number.saturating_add(1);
        name = format!("{plugin_id}-{number}");
    }
    Ok(name)
}
