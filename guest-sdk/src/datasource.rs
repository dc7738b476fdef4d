//! What a plugin author implements: [`DataSource`]. The contract's calls reach it through `export!`.

use std::future::Future;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{DataQuery, Error, InstanceSettings, QueryResult, RequestContext};

/// One configured data source. The host makes one instance for each, alone in its memory, and calls it until
/// [`shutdown`](Self::shutdown) or until it drops it. Calls overlap: while one waits, others run, hence `&self`.
///
/// Nothing may block: a loop that never awaits stalls every other call of the instance. Long computations call
/// [`yield_now`](crate::task::yield_now) now and then.
pub trait DataSource: Sized + 'static {
    /// What `jsonData` is read into. `serde_json::Value` takes anything.
    type Settings: DeserializeOwned;
    /// What a query's model is read into.
    type Query: DeserializeOwned;

    /// Reads the settings and prepares. Contacts nobody: it must succeed while the upstream is down. An error is a fault
    /// of the settings, shown to the user at the data source.
    fn configure(settings: InstanceSettings<Self::Settings>) -> Result<Self, Error>;

    /// Answers one query. All queries of a request run side by side, and a failure is this query's alone.
    ///
    /// When nobody waits any more the future is dropped, and with it whatever it was waiting for.
    fn query(
        &self,
        ctx: &RequestContext,
        query: DataQuery<Self::Query>,
    ) -> impl Future<Output = Result<QueryResult, Error>>;

    /// Says whether the upstream answers, best by a real query. A downstream error is reported as a failed check with
    /// that error's message, so `?` does the right thing.
    fn check_health(&self, _ctx: &RequestContext) -> impl Future<Output = Result<Health, Error>> {
        async { Ok(Health::ok("The plugin is loaded and its settings are valid.")) }
    }

    /// The last call, when all others are over: log out politely. Has a few seconds, and may never come.
    fn shutdown(&self) -> impl Future<Output = ()> {
        async {}
    }
}

/// Outcome of a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthStatus {
    /// It cannot be told.
    Unknown,
    /// Queries would be answered.
    Ok,
    /// Queries would fail.
    Error,
}

/// What a health check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// The outcome.
    pub status: HealthStatus,
    /// A sentence a person can act on.
    pub message: String,
    /// A JSON object, if there is more to say.
    pub details: Option<Value>,
}

impl Health {
    /// All is well.
    pub fn ok(message: impl Into<String>) -> Self {
        Self { status: HealthStatus::Ok, message: message.into(), details: None }
    }

    /// Queries would fail, and why.
    pub fn error(message: impl Into<String>) -> Self {
        Self { status: HealthStatus::Error, message: message.into(), details: None }
    }

    /// It cannot be told, and why.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self { status: HealthStatus::Unknown, message: message.into(), details: None }
    }

    /// Adds a JSON object.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }
}

/// What a check found: an upstream that fails is a finding, a plugin that fails is not.
#[cfg(any(test, target_family = "wasm"))]
pub(crate) fn health_of(checked: Result<Health, Error>) -> Result<Health, Error> {
    match checked {
        Err(error) if error.error_source() == crate::ErrorSource::Downstream => Ok(Health::error(error.message())),
        checked => checked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_that_fails_is_a_finding_and_a_plugin_that_fails_is_not() {
        let down = health_of(Err(Error::downstream("connection refused"))).unwrap();
        assert_eq!(down, Health::error("connection refused"));
        assert!(health_of(Err(Error::plugin("bug"))).is_err());
    }
}
