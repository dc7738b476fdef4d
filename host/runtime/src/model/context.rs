//! Who asks, on whose behalf, of which data source.

use super::SecretValues;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use wellhead_egress::{EgressError, EgressPolicy, Endpoint, Origin, Upstream};
use wellhead_manifest::{Manifest, Setting};

/// A signed-in user, as far as plugins may know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub login: String,
    /// Display name.
    pub name: String,
    /// E-mail address, may be empty.
    pub email: String,
    /// `Viewer`, `Editor` or `Admin`.
    pub role: String,
}

/// A configured data source as a plugin sees it: Grafana's `DataSourceInstanceSettings`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataSourceSettings {
    /// Numeric id, unique in the store.
    pub id: i64,
    /// Unique within the org.
    pub uid: String,
    /// The org that owns it.
    pub org_id: i64,
    /// Plugin id or one of its aliases.
    pub plugin_id: String,
    /// Display name.
    pub name: String,
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
    /// The plugin's own settings: a JSON object.
    pub json_data: Map<String, Value>,
    /// Decrypted `secureJsonData`.
    pub secrets: SecretValues,
    /// Grows with every change; a new version gets a new instance.
    pub version: u32,
}

impl DataSourceSettings {
    /// What requests made for this data source may reach, and with which credentials and TLS settings: its own URL, and
    /// `extra_origins` without any of them.
    ///
    /// # Errors
    /// As [`EgressPolicy::for_data_source`].
    pub fn egress_policy(&self, extra_origins: &[Origin]) -> Result<EgressPolicy, EgressError> {
        let upstream = Upstream {
            url: &self.url,
            basic_auth: self.basic_auth,
            basic_auth_user: &self.basic_auth_user,
            json_data: &Value::from(self.json_data.clone()),
            secrets: &self.secrets,
        };
        EgressPolicy::for_data_source(&upstream, extra_origins)
    }

    /// Where byte connections made for this data source may go: what the plugin's manifest asks for, as far as the
    /// settings name it.
    pub fn endpoints(&self, manifest: &Manifest) -> Vec<Endpoint> {
        let endpoint = |(name, endpoint): (&String, &wellhead_manifest::Endpoint)| {
            let port = endpoint.default_port;
            match endpoint.setting()? {
                Setting::Url => Some(Endpoint::of_setting(name, "url", &self.url, port)),
                Setting::JsonData(key) => {
                    let address = self.json_data.get(key).and_then(Value::as_str).unwrap_or_default();
                    Some(Endpoint::of_setting(name, &format!("jsonData.{key}"), address, port))
                }
            }
        };
        manifest.endpoints().iter().filter_map(endpoint).collect()
    }
}

/// Everything about a call that is not the question itself.
#[derive(Clone, Debug)]
pub struct PluginContext {
    /// The org on whose behalf the call is made.
    pub org_id: i64,
    /// Who asks. Reaches the guest only where its manifest asks `forward: user`.
    pub user: Option<User>,
    /// Headers to send upstream, lower-case names. Reach the guest only where its manifest asks `forward: headers`.
    pub headers: Vec<(String, String)>,
    /// W3C trace context of the caller's span.
    pub traceparent: Option<String>,
    /// The data source that is asked.
    pub data_source: Arc<DataSourceSettings>,
    /// How long the caller waits; the host's call deadline where that is shorter.
    pub timeout: Option<Duration>,
}

impl PluginContext {
    /// A context for calls that the host itself makes of `data_source`: its org, no user, no headers.
    pub fn for_data_source(data_source: impl Into<Arc<DataSourceSettings>>) -> Self {
        let data_source = data_source.into();
        Self {
            org_id: data_source.org_id,
            user: None,
            headers: Vec::new(),
            traceparent: None,
            data_source,
            timeout: None,
        }
    }
}
