//! A misdeed by name with its parameters, the settings it may come from, and what can come of it.

use crate::exports::wellhead::plugin::datasource::QueryReply;
use crate::wellhead::plugin::types::{DataResponse, ErrorSource, InstanceSettings, PluginError};
use serde_json::Value;
use std::cell::RefCell;

thread_local! {
    static CONFIGURED: RefCell<Deed> = const { RefCell::new(Deed(Value::Null)) };
    static SECRET: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A JSON object with the key `misdeed`, and whatever parameters that takes.
#[derive(Clone)]
pub(crate) struct Deed(Value);

impl Deed {
    /// The misdeed a JSON text names.
    pub(crate) fn of(json: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(json).ok()?;
        json.get("misdeed")?.as_str()?;
        Some(Self(json))
    }

    pub(crate) fn name(&self) -> &str {
        self.0.get("misdeed").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn number(&self, key: &str) -> i64 {
        self.0.get(key).and_then(Value::as_i64).unwrap_or_default()
    }

    /// An object of text values, as pairs.
    pub(crate) fn pairs(&self, key: &str) -> Vec<(String, Vec<u8>)> {
        let pairs = self.0.get(key).and_then(Value::as_object).into_iter().flatten();
        pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().into())).collect()
    }
}

/// What comes of a misdeed that a query asked for.
pub(crate) enum Outcome {
    /// The query fails with these words.
    Told(String),
    /// Answers among those of the reply.
    Answers(Vec<DataResponse>),
    /// The whole reply.
    Reply(Result<QueryReply, PluginError>),
}

/// Keeps the settings, and says which misdeed they name.
pub(crate) fn of_settings(settings: InstanceSettings) -> Deed {
    let deed = Deed::of(&settings.json_data).unwrap_or(Deed(Value::Null));
    CONFIGURED.set(deed.clone());
    SECRET.set(settings.secrets.into_iter().map(|(_, value)| value).next().unwrap_or_default());
    deed
}

/// The misdeed of the settings.
pub(crate) fn configured() -> Deed {
    CONFIGURED.with_borrow(Clone::clone)
}

/// The data source's first secret value.
pub(crate) fn secret() -> String {
    SECRET.with_borrow(Clone::clone)
}

pub(crate) fn response(ref_id: &str, frames: Vec<Vec<u8>>) -> DataResponse {
    DataResponse { ref_id: ref_id.into(), status: 0, frames, error: None }
}

pub(crate) fn error(status: u16, message: impl Into<String>) -> PluginError {
    PluginError { status, source: ErrorSource::Downstream, message: message.into(), details: None }
}

pub(crate) fn failed(ref_id: &str, status: u16, message: impl Into<String>) -> DataResponse {
    DataResponse { error: Some(error(status, message)), ..response(ref_id, vec![]) }
}
