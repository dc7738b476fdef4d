//! The values of one item of a list: variables expanded, each checked by itself, all that is wrong with them collected.

use super::expand::Expander;
use super::file::Text;
use super::problem::{Place, Problem};
use crate::Secrets;
use indexmap::IndexMap;
use serde_json::{Map, Value};

/// What became of an item: there where nothing is wrong with it.
pub(super) struct Outcome<T> {
    pub(super) item: Option<T>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// The reading of one item: where it stands and what has been found so far.
pub(super) struct Reading<'r, 'e> {
    expander: &'r mut Expander<'e>,
    place: &'r Place,
    /// The item's path in its file, such as `datasources[0]`.
    path: String,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'r, 'e> Reading<'r, 'e> {
    pub(super) fn new(expander: &'r mut Expander<'e>, place: &'r Place, path: impl Into<String>) -> Self {
        Self { expander, place, path: path.into(), problems: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn finish<T>(self, item: T) -> Outcome<T> {
        let item = self.problems.is_empty().then_some(item);
        Outcome { item, problems: self.problems, warnings: self.warnings }
    }

    /// True as long as nothing is wrong.
    pub(super) fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    fn place(&self, key: &str) -> Place {
        if self.path.is_empty() { self.place.key(key) } else { self.place.key(&format!("{}.{key}", self.path)) }
    }

    pub(super) fn warn(&mut self, key: &str, note: &str) {
        self.warnings.push(self.place(key).problem(note));
    }

    pub(super) fn wrong(&mut self, key: &str, line: Option<u64>, reason: impl Into<String>) {
        let place = self.place(key);
        let place = line.map_or_else(|| place.clone(), |line| place.line(line));
        self.problems.push(place.problem(reason));
    }

    /// The expanded text of a key and its line; empty counts as missing.
    pub(super) fn expanded(&mut self, key: &str, text: Text) -> Option<(String, u64)> {
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
        expanded.map_err(|reason| self.wrong(key, line, reason)).ok()
    }

    pub(super) fn text(&mut self, key: &str, text: Text, max_chars: usize) -> String {
        let Some((value, line)) = self.expanded(key, text) else { return String::new() };
        let chars = value.chars().count();
        if chars > max_chars {
            self.wrong(key, Some(line), format!("has {chars} characters, {max_chars} are allowed: shorten it"));
        }
        if value.chars().any(char::is_control) {
            self.wrong(key, Some(line), "has a control character: remove it");
        }
        value
    }

    pub(super) fn required(&mut self, key: &str, text: Text, max_chars: usize) -> String {
        let before = self.problems.len();
        let value = self.text(key, text, max_chars);
        if value.is_empty() && self.problems.len() == before {
            self.wrong(key, None, "missing: every data source needs one");
        }
        value
    }

    pub(super) fn flag(&mut self, key: &str, text: Text) -> bool {
        let Some((value, line)) = self.expanded(key, text) else { return false };
        match value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => true,
            "false" | "no" | "off" | "0" => false,
            _ => {
                self.wrong(key, Some(line), format!("is {value:?}: write true or false"));
                false
            }
        }
    }

    /// A whole number, or 1 where it is missing or 0, as in Grafana.
    pub(super) fn number<N: std::str::FromStr + PartialOrd + From<u8>>(&mut self, key: &str, text: Text) -> N {
        let Some((value, line)) = self.expanded(key, text) else { return N::from(1) };
        match value.parse::<N>() {
            Ok(number) if number >= N::from(1) => return number,
            Ok(number) if number == N::from(0) => {}
            _ => self.wrong(key, Some(line), format!("is {value:?}: write a whole number from 1 up")),
        }
        N::from(1)
    }

    pub(super) fn json_data(&mut self, data: Map<String, Value>) -> Map<String, Value> {
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

    pub(super) fn secrets(&mut self, data: IndexMap<String, Text>) -> Secrets {
        let mut secrets = Secrets::default();
        for (key, text) in data {
            if let Some((value, _)) = self.expanded(&format!("secureJsonData.{key}"), text) {
                secrets.insert(key, value);
            }
        }
        secrets
    }
}
