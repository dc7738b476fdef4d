//! A plugin as `/api/plugins` describes it: the part that is shown.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) wellhead: Life,
}

/// Where the plugin is in its life.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Life {
    /// `null` for plugins without a back end.
    pub(super) state: Option<String>,
    #[serde(flatten)]
    pub(super) code: Generation,
    pub(super) compile_ms: Option<f64>,
    pub(super) previous: Option<Generation>,
    pub(super) candidate: Option<Generation>,
    pub(super) pinned: Option<String>,
    pub(super) auto_reload: bool,
    pub(super) waiting: Option<String>,
    pub(super) last_rejection: Option<Rejection>,
    #[serde(default)]
    pub(super) quarantined: Vec<Quarantined>,
    pub(super) file: Option<String>,
}

/// One loaded version of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Generation {
    pub(super) generation: Option<u64>,
    pub(super) hash: Option<String>,
    pub(super) version: Option<String>,
    pub(super) loaded_at: Option<String>,
    #[serde(default)]
    pub(super) instances: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rejection {
    pub(super) at: Option<String>,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quarantined {
    pub(super) org_id: i64,
    pub(super) uid: String,
    pub(super) reason: String,
}

/// A file that was refused, as `/api/plugins/errors` has it.
#[derive(Debug, Deserialize)]
pub(super) struct Refused {
    pub(super) file: Option<String>,
    pub(super) message: String,
}

impl Item {
    pub(super) fn read(item: &Value) -> Result<Self> {
        Self::deserialize(item).context("the server's answer cannot be read: is it a Wellhead of another version?")
    }

    /// Hash of the code that serves.
    pub(super) fn serving_hash(&self) -> Result<String> {
        let hash = self.wellhead.code.hash.clone().filter(|_| self.wellhead.code.generation.is_some());
        hash.with_context(|| format!("plugin {:?} has no code to be pinned to", self.id))
    }
}
