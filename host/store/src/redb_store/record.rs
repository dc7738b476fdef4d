//! A data source as the file keeps it: JSON, in which a field that is missing has its default, so that fields can come.

use crate::{Access, DataSource, DatabaseError, Secrets};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use wellhead_secrets::Sealed;

/// All of a data source but org and uid, which are its key. Secrets are sealed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    id: i64,
    name: String,
    #[serde(rename = "type")]
    plugin_id: String,
    version: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    access: RecordAccess,
    #[serde(default, skip_serializing_if = "is_default")]
    url: String,
    #[serde(default, skip_serializing_if = "is_default")]
    user: String,
    #[serde(default, skip_serializing_if = "is_default")]
    database: String,
    #[serde(default, skip_serializing_if = "is_default")]
    basic_auth: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    basic_auth_user: String,
    #[serde(default, skip_serializing_if = "is_default")]
    with_credentials: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    is_default: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    read_only: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    prunable: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    json_data: Map<String, Value>,
    #[serde(default, skip_serializing_if = "is_default")]
    secure_json_data: BTreeMap<String, Sealed>,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RecordAccess {
    #[default]
    Proxy,
    Direct,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The bytes of `source`. Secrets that are not sealed are left out: they have no business on a disk.
pub(super) fn encode(source: &DataSource) -> Result<Vec<u8>, DatabaseError> {
    let source = source.clone();
    let sealed = source.secure_json_data.sealed().map(|(key, value)| (key.to_owned(), value.clone()));
    let record = Record {
        id: source.id,
        plugin_id: source.plugin_id,
        version: source.version,
        access: match source.access {
            Access::Proxy => RecordAccess::Proxy,
            Access::Direct => RecordAccess::Direct,
        },
        url: source.url,
        user: source.user,
        database: source.database,
        basic_auth: source.basic_auth,
        basic_auth_user: source.basic_auth_user,
        with_credentials: source.with_credentials,
        is_default: source.is_default,
        read_only: source.read_only,
        prunable: source.prunable,
        secure_json_data: sealed.collect(),
        json_data: source.json_data,
        name: source.name,
    };
    serde_json::to_vec(&record).map_err(|error| unreadable(source.org_id, &source.uid, error))
}

/// The data source that [`encode`] wrote under that key.
pub(super) fn decode(org_id: i64, uid: &str, bytes: &[u8]) -> Result<DataSource, DatabaseError> {
    let record: Record = serde_json::from_slice(bytes).map_err(|error| unreadable(org_id, uid, error))?;
    let mut secrets = Secrets::default();
    record.secure_json_data.into_iter().for_each(|(key, value)| secrets.insert_sealed(key, value));
    Ok(DataSource {
        id: record.id,
        uid: uid.to_owned(),
        org_id,
        name: record.name,
        plugin_id: record.plugin_id,
        access: match record.access {
            RecordAccess::Proxy => Access::Proxy,
            RecordAccess::Direct => Access::Direct,
        },
        url: record.url,
        user: record.user,
        database: record.database,
        basic_auth: record.basic_auth,
        basic_auth_user: record.basic_auth_user,
        with_credentials: record.with_credentials,
        is_default: record.is_default,
        json_data: record.json_data,
        secure_json_data: secrets,
        version: record.version,
        read_only: record.read_only,
        prunable: record.prunable,
    })
}

fn unreadable(org_id: i64, uid: &str, source: serde_json::Error) -> DatabaseError {
    DatabaseError::Record { what: format!("data source {uid:?} of org {org_id}"), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_comes_back_as_it_was() {
        let mut source = DataSource {
            id: 7,
            org_id: 3,
            access: Access::Direct,
            user: "u".into(),
            database: "d".into(),
            basic_auth: true,
            basic_auth_user: "b".into(),
            with_credentials: true,
            is_default: true,
            version: 9,
            read_only: true,
            prunable: true,
            ..DataSource::new("a", "A 😀", "testdata")
                .with_url("http://a")
                .with_json_data("z", 1)
                .with_json_data("a", 2)
        };
        source.secure_json_data.insert_sealed("token", Sealed::from_bytes(*b"opaque"));
        let decoded = decode(3, "a", &encode(&source).unwrap()).unwrap();
        assert_eq!(decoded, source);
        assert_eq!(decoded.json_data.keys().collect::<Vec<_>>(), ["z", "a"], "in the order it was sent");
    }

    #[test]
    fn a_record_without_the_fields_that_came_later_has_their_defaults() {
        let bytes = br#"{"id":1,"name":"A","type":"testdata","version":2}"#;
        let expected = DataSource { id: 1, version: 2, ..DataSource::new("a", "A", "testdata") };
        assert_eq!(decode(1, "a", bytes).unwrap(), expected);
        assert_eq!(encode(&expected).unwrap(), bytes);
        let error = decode(1, "a", b"{").unwrap_err().to_string();
        assert!(
            error.starts_with("the database holds a record that cannot be read, data source \"a\" of org 1"),
            "{error}"
        );
    }

    #[test]
    fn a_secret_that_is_not_sealed_is_never_encoded() {
        let bytes = encode(&DataSource::new("a", "A", "testdata").with_secret("token", "hunter2!")).unwrap();
        assert!(!String::from_utf8(bytes).unwrap().contains("hunter2!"));
    }
}
