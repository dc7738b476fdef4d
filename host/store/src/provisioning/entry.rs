//! One entry of `datasources`: variables expanded, every value checked, a [`DataSource`] or all that is wrong.

use super::expand::Expander;
use super::file::{Entry, Text};
use super::problem::{Place, Problem};
use crate::{Access, DataSource, MAX_NAME_CHARS, MAX_UID_CHARS, MAX_URL_CHARS, Secrets};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// What became of an entry.
pub(super) struct Outcome {
    pub(super) data_source: Option<DataSource>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// The reading of one entry: where it stands and what has been found so far.
pub(super) struct Reading<'r, 'e> {
    expander: &'r mut Expander<'e>,
    place: &'r Place,
    index: usize,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'r, 'e> Reading<'r, 'e> {
    pub(super) fn new(expander: &'r mut Expander<'e>, place: &'r Place, index: usize) -> Self {
        Self { expander, place, index, problems: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn data_source(mut self, entry: Entry) -> Outcome {
        for key in entry.other.keys() {
            let note = match key.as_str() {
                "password" | "basicAuthPassword" => "ignored: secrets belong under secureJsonData",
                _ => "unknown key, ignored",
            };
            self.warn(key, note);
        }
        let name = self.required("name", entry.name, MAX_NAME_CHARS);
        let plugin_id = self.required("type", entry.plugin_id, MAX_NAME_CHARS);
        let source = DataSource {
            id: 0,
            uid: self.uid(entry.uid, &name),
            org_id: self.number("orgId", entry.org_id).unwrap_or(1),
            access: self.access(entry.access),
            url: self.text("url", entry.url, MAX_URL_CHARS),
            user: self.text("user", entry.user, MAX_NAME_CHARS),
            database: self.text("database", entry.database, MAX_NAME_CHARS),
            basic_auth: self.flag("basicAuth", entry.basic_auth),
            basic_auth_user: self.text("basicAuthUser", entry.basic_auth_user, MAX_NAME_CHARS),
            with_credentials: self.flag("withCredentials", entry.with_credentials),
            is_default: self.flag("isDefault", entry.is_default),
            json_data: self.json_data(entry.json_data.unwrap_or_default()),
            secure_json_data: self.secrets(entry.secure_json_data.unwrap_or_default()),
            version: self.number("version", entry.version).unwrap_or(1),
            read_only: !self.flag("editable", entry.editable),
            name,
            plugin_id,
        };
        let data_source = self.problems.is_empty().then_some(source);
        Outcome { data_source, problems: self.problems, warnings: self.warnings }
    }

    fn place(&self, key: &str) -> Place {
        self.place.key(&format!("datasources[{}].{key}", self.index))
    }

    fn warn(&mut self, key: &str, note: &str) {
        self.warnings.push(self.place(key).problem(note));
    }

    fn wrong(&mut self, key: &str, line: u64, reason: String) {
        self.problems.push(self.place(key).line(line).problem(reason));
    }

    /// The expanded text of a key and its line; empty counts as missing.
    fn expanded(&mut self, key: &str, text: Text) -> Option<(String, u64)> {
        let text = text?;
        let line = text.referenced.line();
        let value = self.expand(key, Some(line), &text.value)?;
        (!value.is_empty()).then_some((value, line))
    }

    fn expand(&mut self, key: &str, line: Option<u64>, text: &str) -> Option<String> {
        let expanded = self.expander.expand(text);
        for name in self.expander.take_unset() {
            self.warn(key, &format!("the environment variable {name} is not set: taken as empty"));
        }
        expanded
            .map_err(|reason| {
                let place = self.place(key);
                let place = line.map_or_else(|| place.clone(), |line| place.line(line));
                self.problems.push(place.problem(reason));
            })
            .ok()
    }

    fn text(&mut self, key: &str, text: Text, max_chars: usize) -> String {
        let Some((value, line)) = self.expanded(key, text) else { return String::new() };
        let chars = value.chars().count();
        if chars > max_chars {
            self.wrong(key, line, format!("has {chars} characters, {max_chars} are allowed: shorten it"));
        }
        if value.chars().any(char::is_control) {
            self.wrong(key, line, "has a control character: remove it".into());
        }
        value
    }

    fn required(&mut self, key: &str, text: Text, max_chars: usize) -> String {
        let before = self.problems.len();
        let value = self.text(key, text, max_chars);
        if value.is_empty() && self.problems.len() == before {
            self.problems.push(self.place(key).problem("missing: every data source needs one"));
        }
        value
    }

    fn flag(&mut self, key: &str, text: Text) -> bool {
        let Some((value, line)) = self.expanded(key, text) else { return false };
        match value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => true,
            "false" | "no" | "off" | "0" => false,
            _ => {
                self.wrong(key, line, format!("is {value:?}: write true or false"));
                false
            }
        }
    }

    fn number<N: std::str::FromStr + PartialOrd + From<u8>>(&mut self, key: &str, text: Text) -> Option<N> {
        let (value, line) = self.expanded(key, text)?;
        let number = value.parse().ok().filter(|number| *number >= N::from(1));
        if number.is_none() {
            self.wrong(key, line, format!("is {value:?}: write a whole number from 1 up"));
        }
        number
    }

    fn access(&mut self, text: Text) -> Access {
        let Some((value, line)) = self.expanded("access", text) else { return Access::Proxy };
        match value.as_str() {
            "proxy" => Access::Proxy,
            "direct" => Access::Direct,
            _ => {
                self.wrong("access", line, format!("is {value:?}: write proxy or direct"));
                Access::Proxy
            }
        }
    }

    fn uid(&mut self, text: Text, name: &str) -> String {
        let Some((uid, line)) = self.expanded("uid", text) else { return uid_from_name(name) };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if uid.chars().count() > MAX_UID_CHARS || !uid.chars().all(allowed) {
            let reason = format!("is {uid:?}: up to {MAX_UID_CHARS} letters, digits, '-', '_' and '.' are allowed");
            self.wrong("uid", line, reason);
        }
        uid
    }

    fn json_data(&mut self, data: Map<String, Value>) -> Map<String, Value> {
        data.into_iter()
            .map(|(key, value)| {
                let value = self.json_value(&format!("jsonData.{key}"), value);
                (key, value)
            })
            .collect()
    }

    fn json_value(&mut self, key: &str, value: Value) -> Value {
        match value {
            Value::String(text) => self.expand(key, None, &text).map_or(Value::Null, Value::String),
            Value::Array(items) => items.into_iter().map(|item| self.json_value(key, item)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, field)| (name, self.json_value(key, field))).collect()
            }
            other => other,
        }
    }

    fn secrets(&mut self, data: indexmap::IndexMap<String, Text>) -> Secrets {
        let mut secrets = Secrets::default();
        for (key, text) in data {
            if let Some((value, _)) = self.expanded(&format!("secureJsonData.{key}"), text) {
                secrets.insert(key, value);
            }
        }
        secrets
    }
}

/// The uid Grafana derives for a provisioned data source without one, so that dashboards find it here too.
fn uid_from_name(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().take(8).fold(String::from("P"), |uid, byte| format!("{uid}{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use super::uid_from_name;

    #[test]
    fn the_derived_uid_is_grafanas() {
        assert_eq!(uid_from_name("Prometheus"), "PBFA97CFB590B2093");
    }
}
