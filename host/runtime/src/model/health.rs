//! The answer to "does this data source work?".

/// Whether a data source can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthStatus {
    /// The plugin cannot tell.
    #[default]
    Unknown,
    /// It answers.
    Ok,
    /// It does not; the message says why.
    Error,
}

impl HealthStatus {
    /// Grafana's word for it: `UNKNOWN`, `OK`, `ERROR`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }
}

/// A health check's outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckHealthResult {
    /// The verdict.
    pub status: HealthStatus,
    /// A sentence a person can act on.
    pub message: String,
    /// A JSON object for machines.
    pub details: Option<String>,
}

impl CheckHealthResult {
    /// A healthy answer, as plugins that implement no check of their own give it.
    pub fn ok(message: impl Into<String>) -> Self {
        Self { status: HealthStatus::Ok, message: message.into(), details: None }
    }
}
