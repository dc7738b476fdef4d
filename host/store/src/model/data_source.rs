//! The model of a data source: every field of Grafana's `/api/datasources` item, and the secrets it never shows.

use super::Secrets;
use serde_json::{Map, Value};

/// Who talks to the upstream, in Grafana's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// The host, through the plugin.
    #[default]
    Proxy,
    /// The browser. Kept for the record: a host always asks by itself.
    Direct,
}

impl Access {
    /// `proxy` or `direct`, as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Direct => "direct",
        }
    }
}

/// A configured use of a plugin, owned by an org.
///
/// ```
/// use wellhead_store::DataSource;
///
/// let source = DataSource::new("prom", "Prometheus", "prometheus").with_url("http://127.0.0.1:9090");
/// assert_eq!((source.org_id, source.version), (1, 1));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DataSource {
    /// Numeric id, unique in the store; 0 lets a store choose.
    pub id: i64,
    /// Unique within the org.
    pub uid: String,
    /// The org that owns it.
    pub org_id: i64,
    /// Display name, unique within the org.
    pub name: String,
    /// Plugin id or one of its aliases: Grafana's `type`.
    pub plugin_id: String,
    /// Who talks to the upstream.
    pub access: Access,
    /// The upstream's base URL, or `host:port` for protocols other than HTTP; may be empty.
    pub url: String,
    /// User name at the upstream, for protocols that log in.
    pub user: String,
    /// Database at the upstream.
    pub database: String,
    /// Whether HTTP basic auth is on.
    pub basic_auth: bool,
    /// User name of HTTP basic auth.
    pub basic_auth_user: String,
    /// Whether a browser would send cookies along (`access: direct` only).
    pub with_credentials: bool,
    /// Whether it is the org's default.
    pub is_default: bool,
    /// The plugin's own settings: a JSON object.
    pub json_data: Map<String, Value>,
    /// The plugin's secrets: their names for everybody, their values for whoever opens them.
    pub secure_json_data: Secrets,
    /// Grows with every update of it. As in Grafana it does not where another one becomes the default in its place.
    pub version: u32,
    /// Whether the API may not change it.
    pub read_only: bool,
    /// Whether provisioning may remove it once no file describes it any more: Grafana's `prune`.
    pub prunable: bool,
}

impl DataSource {
    /// A data source of org 1 with nothing set but what every one needs.
    pub fn new(uid: impl Into<String>, name: impl Into<String>, plugin_id: impl Into<String>) -> Self {
        Self {
            id: 0,
            uid: uid.into(),
            org_id: 1,
            name: name.into(),
            plugin_id: plugin_id.into(),
            access: Access::Proxy,
            url: String::new(),
            user: String::new(),
            database: String::new(),
            basic_auth: false,
            basic_auth_user: String::new(),
            with_credentials: false,
            is_default: false,
            json_data: Map::new(),
            secure_json_data: Secrets::default(),
            version: 1,
            read_only: false,
            prunable: false,
        }
    }

    /// Sets the upstream's URL.
    #[must_use]
    pub fn with_url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// Sets one key of the plugin's own settings.
    #[must_use]
    pub fn with_json_data(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.json_data.insert(key.into(), value.into());
        self
    }

    /// Sets one secret.
    #[must_use]
    pub fn with_secret(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.secure_json_data.insert(key, value);
        self
    }
}
