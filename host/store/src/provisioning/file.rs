//! The YAML shape of a provisioning file. Scalars stay text here, with their line: they are expanded and understood
//! one by one, so that an error can name its key.

use super::problem::{Place, Problem};
use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use serde_saphyr::{Budget, Options, Spanned, options::AliasLimits};
use std::path::Path;

/// A scalar's text and where it stands. `None` for a key that is missing or null.
pub(super) type Text = Option<Spanned<String>>;

#[derive(Debug, Deserialize)]
pub(super) struct File {
    #[serde(rename = "apiVersion")]
    api_version: Text,
    pub(super) prune: Text,
    pub(super) datasources: Option<Vec<Spanned<Entry>>>,
    #[serde(rename = "deleteDatasources")]
    pub(super) delete_datasources: Option<Vec<Spanned<Goner>>>,
    #[serde(flatten)]
    other: IndexMap<String, IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    pub(super) name: Text,
    #[serde(rename = "type")]
    pub(super) plugin_id: Text,
    pub(super) access: Text,
    pub(super) org_id: Text,
    pub(super) uid: Text,
    pub(super) url: Text,
    pub(super) user: Text,
    pub(super) database: Text,
    pub(super) basic_auth: Text,
    pub(super) basic_auth_user: Text,
    pub(super) with_credentials: Text,
    pub(super) is_default: Text,
    pub(super) json_data: Option<Map<String, Value>>,
    pub(super) secure_json_data: Option<IndexMap<String, Text>>,
    pub(super) editable: Text,
    pub(super) version: Text,
    #[serde(flatten)]
    pub(super) other: IndexMap<String, IgnoredAny>,
}

/// An item of `deleteDatasources`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Goner {
    pub(super) name: Text,
    pub(super) org_id: Text,
    #[serde(flatten)]
    pub(super) other: IndexMap<String, IgnoredAny>,
}

impl File {
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Problem> {
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
            let line = error.location().map(|location| location.line());
            // No snippet: it could show a secret.
            let error = error.without_snippet().to_string();
            Place::new(path, line).problem(format!("not a provisioning file: {error}"))
        })
    }

    /// Keys beside the known ones.
    pub(super) fn unknown_keys(&self) -> impl Iterator<Item = &str> {
        self.other.keys().map(String::as_str)
    }

    /// Grafana knows 0 (no key) for files older than Grafana 5, which nobody should have any more.
    pub(super) fn check_version(&self, path: &Path) -> Result<(), Problem> {
        let place = Place::new(path, None).key("apiVersion");
        match &self.api_version {
            Some(version) if version.value == "1" => Ok(()),
            Some(version) => {
                let reason = format!("is {:?}: write \"apiVersion: 1\"", version.value);
                Err(place.line(version.referenced.line()).problem(reason))
            }
            None => Err(place.problem("missing: write \"apiVersion: 1\" at the top")),
        }
    }
}

/// Tight budgets: these files are small, and an alias bomb should fail fast.
fn options() -> Options {
    Options {
        budget: Some(Budget {
            max_depth: 64,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_documents: 1,
            ..Budget::default()
        }),
        alias_limits: AliasLimits { max_total_replayed_events: 100_000, ..AliasLimits::default() },
        // YAML 1.2: `yes` in jsonData is a string. Flags of our own take both.
        strict_booleans: true,
        with_snippet: false,
        ..Options::default()
    }
}
