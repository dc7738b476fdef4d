//! Secrets on their way in and out: sealed for (org, uid, key name), and opened there only.

use crate::{DataSource, InvalidField, SecretValues, Secrets, StoreError};
use std::sync::Arc;
use wellhead_secrets::{OrgKey, SecretPlace};

/// Seals what a command stores. The key is fetched before the transaction, because fetching may wait and may write.
pub(super) struct Sealing {
    /// `None` where nothing is to be sealed or opened.
    key: Option<Arc<dyn OrgKey>>,
}

impl Sealing {
    pub(super) fn with(key: Option<Arc<dyn OrgKey>>) -> Self {
        Self { key }
    }

    /// The secrets of `source` as they are stored, where `before` is what it was.
    pub(super) fn sealed(&self, before: Option<&DataSource>, source: &DataSource) -> Result<Secrets, StoreError> {
        let mut sealed = Secrets::default();
        for (key, value) in source.secure_json_data.plain() {
            sealed.insert_sealed(key, self.key()?.seal(&place(source, key), value)?);
        }
        for (key, value) in source.secure_json_data.sealed() {
            let mut values_before = before.into_iter().flat_map(|before| before.secure_json_data.sealed());
            let Some(before) = before.filter(|_| values_before.any(|there| there == (key, value))) else {
                return Err(foreign(key).into());
            };
            if before.uid == source.uid {
                sealed.insert_sealed(key, value.clone());
            } else {
                let plain = self.key()?.open(&place(before, key), value)?;
                sealed.insert_sealed(key, self.key()?.seal(&place(source, key), plain.expose())?);
            }
        }
        Ok(sealed)
    }

    fn key(&self) -> Result<&dyn OrgKey, StoreError> {
        self.key.as_deref().ok_or(StoreError::NoKey)
    }
}

/// Encrypted values stay where they are: one that is sent along with another data source opens nowhere.
fn foreign(key: &str) -> InvalidField {
    let reason = format!("has an encrypted value under {key:?} that is not this data source's: send it in plain");
    InvalidField { field: "secureJsonData", reason }
}

/// The values of `source`, which `key` opens.
pub(super) fn open(key: &dyn OrgKey, source: &DataSource) -> Result<SecretValues, StoreError> {
    let mut values = SecretValues::default();
    for (name, sealed) in source.secure_json_data.sealed() {
        values.insert(name, key.open(&place(source, name), sealed)?.expose());
    }
    Ok(values)
}

fn place<'a>(source: &'a DataSource, key: &'a str) -> SecretPlace<'a> {
    SecretPlace { data_source_uid: &source.uid, key }
}
