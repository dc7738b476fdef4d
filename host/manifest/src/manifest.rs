//! The manifest's keys, typed, and how they are read.
//!
//! Every key of Grafana's that no host reads is kept as it is. The rules that values must keep beyond having the right
//! JSON types are [`check`]'s.

use crate::{MAX_BYTES, ManifestError, Route, check};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What kind of plugin it is, in Grafana's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginType {
    /// Answers queries.
    Datasource,
    /// Draws frames, in the browser.
    Panel,
    /// Pages and resources of its own.
    App,
}

impl PluginType {
    /// The word in `plugin.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Datasource => "datasource",
            Self::Panel => "panel",
            Self::App => "app",
        }
    }
}

/// `plugin.json`, with the keys a host reads typed and all others kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Unique; Grafana's id where the plugin stands in for one of Grafana's.
    pub id: String,
    /// Display name.
    pub name: String,
    /// What kind of plugin it is.
    #[serde(rename = "type")]
    pub plugin_type: PluginType,
    /// Other ids under which data sources may name it.
    #[serde(default, rename = "aliasIDs", skip_serializing_if = "Vec::is_empty")]
    pub alias_ids: Vec<String>,
    /// Whether it has back-end code. Implied where there is a `.wasm`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backend: bool,
    /// Version, author, links.
    #[serde(default)]
    pub info: Info,
    /// Requests that the data proxy takes, and from whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// What Wellhead adds to Grafana's keys. Front-end plugins need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wellhead: Option<WellheadSection>,
    /// Every other key of `plugin.json`, untouched.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// `info` of `plugin.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// Semantic version of the plugin.
    #[serde(default)]
    pub version: String,
    /// One line about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The other keys: author, links, logos, screenshots.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The `wellhead` section: the contract a plugin was built for and what it asks of the host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WellheadSection {
    /// Version of `wellhead:plugin`, for example `0.1.0`.
    pub contract: String,
    /// What it asks for beyond its data source's own origin.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Where it opens byte connections (the contract's `net`), by the name it has for each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, Endpoint>,
    /// JSON Schema of `jsonData`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_data_schema: Option<Value>,
    /// JSON Schema of a query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_schema: Option<Value>,
}

/// What a plugin asks of the host. Asking is not getting: extra origins want the operator's grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Capabilities {
    /// What of the caller it wants to see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forward: Vec<Forward>,
    /// Who handles credentials.
    #[serde(default)]
    pub auth: Auth,
    /// Whether a call may be made again after a crash when nothing of it was delivered.
    #[serde(default)]
    pub idempotent: bool,
    /// Origins besides the data source's own, such as `https://oauth2.example.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
}

/// A server that a plugin opens byte connections to.
///
/// Its address is in the data source's settings, written as `host:port`, `host`, `[v6]:port` or a URL of any scheme: the
/// manifest says in which of them, and never where itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// `${url}`, or `${jsonData.KEY}`.
    pub address: String,
    /// For addresses without a port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_port: Option<u16>,
}

impl Endpoint {
    /// The setting that holds the address; `None` where the manifest was not checked and names none.
    pub fn setting(&self) -> Option<Setting<'_>> {
        let place = self.address.strip_prefix("${")?.strip_suffix('}')?;
        match place.strip_prefix("jsonData.") {
            Some(key) if !key.is_empty() && !key.contains(['$', '{', '}']) => Some(Setting::JsonData(key)),
            None if place == "url" => Some(Setting::Url),
            _ => None,
        }
    }
}

/// A place in a data source's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<'a> {
    /// `url`.
    Url,
    /// A key of `jsonData`.
    JsonData(&'a str),
}

/// What of the caller reaches the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forward {
    /// The signed-in user; answers are then never shared between users.
    User,
    /// The caller's forwarded headers.
    Headers,
}

/// Who puts credentials on requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// The guest, which is given the decrypted secrets.
    #[default]
    Guest,
    /// The host's egress; no secret enters the sandbox.
    Host,
}

impl Manifest {
    /// Reads and checks the JSON of a back-end plugin's manifest.
    ///
    /// # Errors
    /// [`ManifestError`] where it is too large, malformed, names an illegal id, or another contract version.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest = Self::parse(json)?;
        check::backend(&manifest)?;
        Ok(manifest)
    }

    /// Reads and checks the JSON of a front-end plugin's manifest, which needs no `wellhead` section.
    ///
    /// # Errors
    /// [`ManifestError`] where it is too large, malformed or names an illegal id.
    pub fn frontend_from_json(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest = Self::parse(json)?;
        check::identity(&manifest)?;
        Ok(manifest)
    }

    /// A manifest for a plugin compiled into the host.
    pub fn core(id: impl Into<String>, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            plugin_type: PluginType::Datasource,
            alias_ids: Vec::new(),
            backend: true,
            info: Info { version: version.into(), ..Info::default() },
            routes: Vec::new(),
            wellhead: None,
            other: Map::new(),
        }
    }

    /// What it asks of the host; nothing where there is no `wellhead` section.
    pub fn capabilities(&self) -> &Capabilities {
        static NOTHING: Capabilities =
            Capabilities { forward: Vec::new(), auth: Auth::Guest, idempotent: false, origins: Vec::new() };
        self.wellhead.as_ref().map_or(&NOTHING, |section| &section.capabilities)
    }

    /// Where it opens byte connections, by name.
    pub fn endpoints(&self) -> &BTreeMap<String, Endpoint> {
        static NONE: BTreeMap<String, Endpoint> = BTreeMap::new();
        self.wellhead.as_ref().map_or(&NONE, |section| &section.endpoints)
    }

    /// Whether data sources may name it by `id`: its own or an alias.
    pub fn answers_to(&self, id: &str) -> bool {
        self.id == id || self.alias_ids.iter().any(|alias| alias == id)
    }

    fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        if json.len() > MAX_BYTES {
            return Err(ManifestError::TooLarge { actual: json.len() });
        }
        let mut reader = serde_json::Deserializer::from_slice(json);
        let manifest: Self = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            malformed(path, &error.into_inner())
        })?;
        reader.end().map_err(|error| malformed(".".into(), &error))?;
        check::depth(&manifest)?;
        Ok(manifest)
    }
}

fn malformed(path: String, error: &serde_json::Error) -> ManifestError {
    let text = error.to_string();
    // serde_json appends the position, which has fields of its own here.
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    ManifestError::Malformed {
        path: check::shown(&path),
        line: error.line(),
        column: error.column(),
        reason: check::shown(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    fn json(wellhead: &str) -> String {
        format!(r#"{{"id":"my-source","name":"Mine","type":"datasource","wellhead":{wellhead}}}"#)
    }

    #[test]
    fn grafanas_other_keys_are_kept() {
        let text = r#"{"id":"x","name":"X","type":"datasource","metrics":true,"info":{"version":"1.2.3","author":{"name":"A"}},
            "aliasIDs":["y"],"wellhead":{"contract":"0.1.0","capabilities":{"auth":"host","forward":["user"]}}}"#;
        let manifest = Manifest::from_json(text.as_bytes()).unwrap();
        assert_eq!(manifest.other.get("metrics"), Some(&Value::Bool(true)));
        assert_eq!(manifest.info.version, "1.2.3");
        assert_eq!(manifest.capabilities().auth, Auth::Host);
        assert!(manifest.answers_to("y") && manifest.answers_to("x") && !manifest.answers_to("z"));
    }

    #[test]
    fn routes_are_read_and_a_role_that_is_none_is_refused() {
        let read = |role: &str| {
            let text = r#"{"id":"x","name":"X","type":"panel","routes":[{"path":"a/b","method":"POST","reqRole":"ROLE","url":"u"}]}"#;
            Manifest::frontend_from_json(text.replace("ROLE", role).as_bytes())
        };
        let route = read("Editor").unwrap().routes.pop().unwrap();
        assert_eq!((route.path.as_str(), route.method.as_str(), route.req_role), ("a/b", "POST", Some(Role::Editor)));
        assert_eq!(route.other.get("url"), Some(&Value::from("u")));
        let error = read("Root").unwrap_err().to_string();
        assert!(error.contains("routes[0].reqRole") && error.contains("`Viewer`"), "{error}");
    }

    #[test]
    fn a_malformed_manifest_names_key_line_and_column() {
        let error = Manifest::from_json(b"{\n \"id\": 5}").unwrap_err();
        let ManifestError::Malformed { path, line, reason, .. } = &error else { panic!("{error}") };
        assert_eq!((path.as_str(), *line), ("id", 2));
        assert!(reason.contains("expected a string"), "{reason}");
    }

    #[test]
    fn a_manifest_for_another_contract_is_refused_by_version() {
        for found in ["0.2.0", "1.0.0", "", "0.1x", "0.10.0"] {
            let error = Manifest::from_json(json(&format!(r#"{{"contract":"{found}"}}"#)).as_bytes()).unwrap_err();
            assert_eq!(error, ManifestError::ContractVersion { found: found.into() });
        }
        assert!(Manifest::from_json(json(r#"{"contract":"0.1.7"}"#).as_bytes()).is_ok());
    }

    #[test]
    fn endpoints_are_read_from_the_settings_and_hold_no_address_themselves() {
        let read = |endpoints: &str| {
            Manifest::from_json(json(&format!(r#"{{"contract":"0.1.0","endpoints":{endpoints}}}"#)).as_bytes())
        };
        let manifest =
            read(r#"{"server":{"address":"${url}","defaultPort":5432},"replica":{"address":"${jsonData.replica}"}}"#);
        let manifest = manifest.unwrap();
        let found: Vec<_> = manifest.endpoints().iter().map(|(name, at)| (name.as_str(), at.setting())).collect();
        assert_eq!(found, [("replica", Some(Setting::JsonData("replica"))), ("server", Some(Setting::Url))]);
        assert_eq!(manifest.endpoints()["server"].default_port, Some(5432));
        for (wrong, said) in [
            (r#"{"a":{"address":"db:5432"}}"#, "names no setting"),
            (r#"{"a":{"address":"${jsonData.}"}}"#, "names no setting"),
            (r#"{"a":{"address":"${jsonData.a}${url}"}}"#, "names no setting"),
            (r#"{"a":{"address":"${secureJsonData.a}"}}"#, "names no setting"),
            (r#"{"a b":{"address":"${url}"}}"#, "is not a name"),
            (r#"{"":{"address":"${url}"}}"#, "is not a name"),
            (r#"{"a":{"address":"${url}","defaultPort":0}}"#, "port 0"),
            (r#"{"a":{"address":"${url}","defaultPort":65536}}"#, "65536"),
            (r#"{"a":{"address":"${url}","port":1}}"#, "unknown field"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("wellhead.endpoints") && error.contains(said), "{wrong}: {error}");
        }
        let many: Vec<_> = (0..33).map(|n| format!(r#""e{n}":{{"address":"${{url}}"}}"#)).collect();
        let error = read(&format!("{{{}}}", many.join(","))).unwrap_err().to_string();
        assert!(error.contains("33 endpoints, 32 are allowed"), "{error}");
    }

    #[test]
    fn an_unknown_capability_is_refused_rather_than_ignored() {
        let error =
            Manifest::from_json(json(r#"{"contract":"0.1.0","capabilities":{"root":true}}"#).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("wellhead.capabilities.root"), "{error}");
    }

    #[test]
    fn text_that_serde_takes_for_json_nests_no_deeper_than_other_values() {
        let nested = |levels: usize, inner: &str| format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
        let read = |value: &str| {
            Manifest::frontend_from_json(format!(r#"{{"id":"a","name":"A","type":"panel","x":{value}}}"#).as_bytes())
        };
        assert!(read(&nested(100, "1")).is_ok());
        assert_eq!(read(&nested(101, "1")).unwrap_err(), ManifestError::TooDeep);
        let mut value = "1".to_owned();
        for _ in 0..3 {
            let text = serde_json::to_string(&nested(90, &value)).unwrap();
            value = format!(r#"{{"$serde_json::private::RawValue":{text}}}"#);
        }
        assert_eq!(read(&value).unwrap_err(), ManifestError::TooDeep);
    }

    #[test]
    fn an_error_repeats_no_more_of_a_manifest_than_a_reader_needs() {
        let long = "x".repeat(100_000);
        for text in [
            format!(r#"{{"{long}":["#),
            format!(r#"{{"id":"a","name":"A","type":"{long}"}}"#),
            json(&format!(r#"{{"contract":"{long}"}}"#)),
            json(&format!(r#"{{"contract":"0.1.0","capabilities":{{"origins":["{long}"]}}}}"#)),
        ] {
            let error = Manifest::from_json(text.as_bytes()).unwrap_err().to_string();
            assert!(error.len() < 1_000, "{} bytes", error.len());
        }
    }

    #[test]
    fn ids_that_could_be_paths_are_refused() {
        for id in ["", "../x", "a/b", "a b", "UPPER", &"x".repeat(200)] {
            let text = format!(r#"{{"id":"{id}","name":"X","type":"datasource","wellhead":{{"contract":"0.1.0"}}}}"#);
            let error = Manifest::from_json(text.as_bytes()).unwrap_err();
            assert!(matches!(error, ManifestError::InvalidKey { key: "id", .. }), "{id:?}: {error}");
        }
    }
}
