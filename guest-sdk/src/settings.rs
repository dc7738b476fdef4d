//! A data source as its user configured it: Grafana's `DataSourceInstanceSettings`, with `jsonData` as the author's type.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;

use crate::{Error, json};

/// A configured data source. `S` is what the author reads `jsonData` into.
#[derive(Clone, Debug, Default)]
pub struct InstanceSettings<S> {
    /// Numeric id, unique in the host's store.
    pub id: i64,
    /// Unique within the org.
    pub uid: String,
    /// The org that owns it.
    pub org_id: i64,
    /// Display name.
    pub name: String,
    /// Base URL of the upstream, or `host:port` for protocols other than HTTP; may be empty.
    pub url: String,
    /// User name at the upstream, for protocols that log in.
    pub user: String,
    /// Database at the upstream.
    pub database: String,
    /// Whether HTTP basic auth is on.
    pub basic_auth: bool,
    /// User name of HTTP basic auth.
    pub basic_auth_user: String,
    /// The plugin's own settings.
    pub json_data: S,
    /// Decrypted `secureJsonData`; empty where the manifest says `auth: host`, and then the host signs requests.
    pub secrets: Secrets,
    /// Grows with every change of the data source.
    pub version: u32,
    /// Values that later versions of the contract added.
    pub extensions: Vec<(String, String)>,
}

impl InstanceSettings<String> {
    /// Reads `jsonData`, still text, into the author's type. An error names the key and is the user's to mend.
    pub fn typed<S: DeserializeOwned>(self) -> Result<InstanceSettings<S>, Error> {
        let json_data = json::read("jsonData", &self.json_data).map_err(Error::bad_request)?;
        Ok(self.with_json_data(json_data))
    }
}

impl<S> InstanceSettings<S> {
    /// The same data source with other settings of the plugin's own.
    pub fn with_json_data<T>(self, json_data: T) -> InstanceSettings<T> {
        InstanceSettings {
            json_data,
            id: self.id,
            uid: self.uid,
            org_id: self.org_id,
            name: self.name,
            url: self.url,
            user: self.user,
            database: self.database,
            basic_auth: self.basic_auth,
            basic_auth_user: self.basic_auth_user,
            secrets: self.secrets,
            version: self.version,
            extensions: self.extensions,
        }
    }
}

/// Decrypted secrets by name. Its `Debug` shows the names only, so that no log line gives one away.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// The secret, if the user has set it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(secrets: I) -> Self {
        Self(secrets.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    #[serde(rename_all = "camelCase")]
    struct Settings {
        max_rows: u32,
    }

    fn with(json_data: &str) -> Result<InstanceSettings<Settings>, Error> {
        InstanceSettings { uid: "u".into(), json_data: json_data.to_owned(), ..Default::default() }.typed()
    }

    #[test]
    fn json_data_becomes_the_authors_type_and_the_rest_stays() {
        let settings = with(r#"{"maxRows":3,"unknown":1}"#).unwrap();
        assert_eq!((settings.json_data.max_rows, settings.uid.as_str()), (3, "u"));
    }

    #[test]
    fn a_wrong_setting_is_a_bad_request_that_names_it() {
        let error = with(r#"{"maxRows":-1}"#).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.message().starts_with("jsonData.maxRows: "), "{error}");
        assert!(with("{}").unwrap_err().message().contains("missing field `maxRows`"));
    }

    #[test]
    fn debug_shows_the_names_of_secrets_and_never_their_values() {
        let secrets = Secrets::from_iter([("apiKey", "hunter2")]);
        assert_eq!(format!("{secrets:?}"), r#"{"apiKey"}"#);
        assert_eq!(secrets.get("apiKey"), Some("hunter2"));
    }
}
