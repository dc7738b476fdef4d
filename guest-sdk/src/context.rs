//! Who asks, within which bounds. The host fills it; a plugin reads it and hands it to [`Http`](crate::http::Http).

use std::time::Duration;

use crate::imports;

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

/// Everything about a call that is not the question itself.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The org on whose behalf the call is made.
    pub org_id: i64,
    /// Who asks; there only where the manifest asks `forward: user`.
    pub user: Option<User>,
    /// Headers to send upstream, lower-case names; there only where the manifest asks `forward: headers`.
    /// [`Http`](crate::http::Http) sends them along by itself.
    pub headers: Vec<(String, String)>,
    /// W3C trace context of the host's span for this call; [`Http`](crate::http::Http) sends it along by itself.
    pub traceparent: Option<String>,
    /// From the start of the call until it is cancelled; [`Duration::MAX`] for a stream's run, which goes on.
    pub budget: Duration,
    /// Values that later versions of the contract added.
    pub extensions: Vec<(String, String)>,
    /// Reading of the monotonic clock when the call came in.
    started: Duration,
}

impl RequestContext {
    /// A context for a call that starts now: what the host makes for every call, and tests for theirs.
    pub fn new(org_id: i64, budget: Duration) -> Self {
        Self {
            org_id,
            user: None,
            headers: Vec::new(),
            traceparent: None,
            budget,
            extensions: Vec::new(),
            started: imports::monotonic(),
        }
    }

    /// What is left of the budget.
    pub fn remaining(&self) -> Duration {
        self.budget.saturating_sub(imports::monotonic().saturating_sub(self.started))
    }

    /// A value of [`extensions`](Self::extensions).
    pub fn extension(&self, name: &str) -> Option<&str> {
        self.extensions.iter().find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }
}

impl Default for RequestContext {
    /// Org 1, half a minute: for tests.
    fn default() -> Self {
        Self::new(1, Duration::from_secs(30))
    }
}
