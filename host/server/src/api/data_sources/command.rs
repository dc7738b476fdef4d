//! The body that adds or changes a data source. As in Grafana, what is missing or null is empty, and keys that only an
//! answer has are read past, so that a client may send back what it got.

use crate::http::ApiError;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use url::Url;
use utoipa::ToSchema;
use wellhead::{Access, DataSource, PluginStore, Secrets};

/// What is to become of a data source.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DataSourceCommand {
    /// Up to 40 letters, digits, `-`, `_` and `.`; made up where it is empty.
    uid: Option<String>,
    /// Up to 190 characters; taken from the type where it is empty.
    name: Option<String>,
    /// A plugin's id or one of its aliases.
    r#type: Option<String>,
    /// `proxy` or `direct`; empty is `proxy`.
    access: Option<String>,
    /// Up to 255 characters.
    url: Option<String>,
    user: Option<String>,
    database: Option<String>,
    basic_auth: Option<bool>,
    basic_auth_user: Option<String>,
    with_credentials: Option<bool>,
    is_default: Option<bool>,
    #[schema(value_type = Option<Object>)]
    json_data: Option<Map<String, Value>>,
    /// Secrets to set; an empty value removes one, those not sent stay.
    #[schema(value_type = Option<std::collections::HashMap<String, Option<String>>>)]
    secure_json_data: Option<BTreeMap<String, Option<String>>>,
    /// The version that is changed; 0 or none changes any.
    version: Option<i64>,
}

impl std::fmt::Debug for DataSourceCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataSourceCommand").field("uid", &self.uid).field("name", &self.name).finish_non_exhaustive()
    }
}

impl DataSourceCommand {
    /// The version that is expected, if any.
    pub(super) fn expected_version(&self) -> Result<Option<u32>, ApiError> {
        let version = self.version.unwrap_or_default();
        let version =
            u32::try_from(version).map_err(|_| refused("version is negative or too large: send what you got"))?;
        Ok((version > 0).then_some(version))
    }

    /// The data source as it is meant, for `org_id`. Lengths and the like are the store's to check.
    pub(super) fn into_data_source(self, org_id: i64, plugins: &PluginStore) -> Result<DataSource, ApiError> {
        let plugin_id = self.r#type.unwrap_or_default();
        if plugin_id.is_empty() {
            return Err(refused("type is missing: name the plugin"));
        }
        if plugins.get(&plugin_id).is_none() {
            let shown: String = plugin_id.chars().take(64).collect();
            let message = format!("no plugin has the id or alias {shown:?}: list them with GET /api/plugins");
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "Unknown data source type").with_detail(message));
        }
        let url = self.url.unwrap_or_default();
        check_url(&url)?;
        let access = match self.access.as_deref().unwrap_or_default() {
            "" | "proxy" => Access::Proxy,
            "direct" => Access::Direct,
            _ => return Err(refused("access is neither proxy nor direct")),
        };
        let secrets = self.secure_json_data.unwrap_or_default();
        Ok(DataSource {
            org_id,
            access,
            url,
            user: self.user.unwrap_or_default(),
            database: self.database.unwrap_or_default(),
            basic_auth: self.basic_auth.unwrap_or_default(),
            basic_auth_user: self.basic_auth_user.unwrap_or_default(),
            with_credentials: self.with_credentials.unwrap_or_default(),
            is_default: self.is_default.unwrap_or_default(),
            json_data: self.json_data.unwrap_or_default(),
            secure_json_data: secrets
                .into_iter()
                .map(|(key, value)| (key, value.unwrap_or_default()))
                .collect::<Secrets>(),
            ..DataSource::new(self.uid.unwrap_or_default(), self.name.unwrap_or_default(), plugin_id)
        })
    }
}

/// Grafana's check: what has no scheme is read as if it had one, so that `db:5432` will do.
fn check_url(url: &str) -> Result<(), ApiError> {
    if url.is_empty() {
        return Ok(());
    }
    let shown = || url.chars().take(64).collect::<String>();
    let refused = |detail: String| {
        let message = format!("Validation error, invalid URL: {:?}", shown());
        Err(ApiError::new(StatusCode::BAD_REQUEST, message).with_detail(detail))
    };
    if url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:")) {
        return refused("a data source is reached over a network: it cannot be a file".to_owned());
    }
    let parsed = if has_scheme(url) { Url::parse(url) } else { Url::parse(&format!("http://{url}")) };
    match parsed {
        Ok(_) => Ok(()),
        Err(error) => refused(format!("the URL cannot be read: {error}")),
    }
}

fn has_scheme(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

fn refused(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_judged_as_grafana_judges_them() {
        for good in ["", "http://localhost:9090", "https://user@host/path?x", "db:5432", "localhost", "wss://x/y"] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://",
            "http://[::1",
            "http://host:port",
            "http://a b",
            "://x",
            "http://:80",
            "file:///etc/passwd",
            "FILE:x",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
