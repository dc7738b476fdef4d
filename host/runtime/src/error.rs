//! What can go wrong between a caller and a plugin.
//!
//! Two layers: [`GuestError`] is what a plugin says of one query or call (an upstream that refused, a bad model);
//! [`PluginError`] is what the host says of the plugin itself. Which HTTP status and message each becomes is the
//! server's table, not this module's.

use std::time::Duration;

/// Whose fault a failure is: Grafana's `errorSource`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorSource {
    /// The plugin's (or the host's).
    #[default]
    Plugin,
    /// The upstream's, or the user's who asked it.
    Downstream,
}

impl ErrorSource {
    /// `plugin` or `downstream`, as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::Downstream => "downstream",
        }
    }
}

/// What stands for the message of a plugin that gave none.
const NO_MESSAGE: &str = "the plugin gave no message";

/// A failure as the user sees it, said by a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GuestError {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// Whose fault it is.
    pub source_of_error: ErrorSource,
    /// A sentence a person can act on; secret values are blanked.
    pub message: String,
    /// A JSON object for machines, if any.
    pub details: Option<String>,
}

impl GuestError {
    /// A failure with the plugin as its source.
    pub fn plugin(status: u16, message: impl Into<String>) -> Self {
        Self { status, source_of_error: ErrorSource::Plugin, message: message.into(), details: None }
    }

    /// A failure with the upstream as its source.
    pub fn downstream(status: u16, message: impl Into<String>) -> Self {
        Self { status, source_of_error: ErrorSource::Downstream, message: message.into(), details: None }
    }

    /// `message`, or that there is none.
    pub(crate) fn said(message: String) -> String {
        if message.trim().is_empty() { NO_MESSAGE.to_owned() } else { message }
    }

    /// Whether the plugin failed without a word.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.message == NO_MESSAGE
    }
}

/// Why a call to a plugin did not come back with an answer of the plugin's own.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// No plugin bears this id or alias.
    #[error(
        "plugin {plugin_id:?} is not registered: put its .wasm file into the plugins folder, or mend the data source's type"
    )]
    NotRegistered {
        /// The id that was asked for.
        plugin_id: String,
    },
    /// The plugin is there but cannot take calls now.
    #[error("plugin {plugin_id:?} is unavailable: {reason}")]
    Unavailable {
        /// The plugin's id.
        plugin_id: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The plugin does not export what the call needs.
    #[error("plugin {plugin_id:?} does not implement {method}")]
    MethodNotImplemented {
        /// The plugin's id.
        plugin_id: String,
        /// `query-data`, `call-resource`, …
        method: &'static str,
    },
    /// The caller went away, or the host is draining.
    #[error("the call to plugin {plugin_id:?} was canceled: {reason}")]
    RequestCanceled {
        /// The plugin's id.
        plugin_id: String,
        /// Who canceled it.
        reason: &'static str,
    },
    /// The call deadline passed.
    #[error("plugin {plugin_id:?} did not answer within {after:?}: raise the call deadline, or ask for less")]
    Timeout {
        /// The plugin's id.
        plugin_id: String,
        /// The deadline that passed.
        after: Duration,
    },
    /// The plugin trapped, or answered with something that is not an answer.
    #[error("plugin {plugin_id:?} failed: {reason}")]
    RequestFailure {
        /// The plugin's id.
        plugin_id: String,
        /// The guest's panic message or the rule it broke.
        reason: String,
    },
    /// `configure` refused the data source's settings.
    #[error("plugin {plugin_id:?} refuses the settings of data source {uid:?}: {error}")]
    InvalidSettings {
        /// The plugin's id.
        plugin_id: String,
        /// The data source.
        uid: String,
        /// The plugin's own words.
        error: GuestError,
    },
    /// The plugin answered the whole call with an error of its own.
    #[error("{0}")]
    Guest(GuestError),
    /// The health check itself could not be made.
    #[error("health check of plugin {plugin_id:?} failed: {reason}")]
    HealthCheckFailed {
        /// The plugin's id.
        plugin_id: String,
        /// Why.
        reason: String,
    },
    /// A limit of the host was reached.
    #[error("limit {name:?} exceeded: {actual} asked, {limit} allowed")]
    LimitExceeded {
        /// The limit's name, with its unit.
        name: &'static str,
        /// What is allowed.
        limit: u64,
        /// What was asked.
        actual: u64,
    },
}

impl PluginError {
    /// A limit that was reached.
    pub fn limit(name: &'static str, limit: u64, actual: u64) -> Self {
        Self::LimitExceeded { name, limit, actual }
    }
}
