//! How long the server lets a statement run, where nobody is left to kill it.

use std::time::Duration;

/// How the server ends a statement that runs too long, and the seconds it stands at.
pub(super) enum Limit {
    /// `max_execution_time`, of what only reads.
    MySql(u64),
    /// `max_statement_time`.
    MariaDb(u64),
    /// Neither is there.
    None,
}

impl Limit {
    pub(super) fn of(version: &str) -> Self {
        if version.contains("MariaDB") { Self::MariaDb(0) } else { Self::MySql(0) }
    }

    /// The session stands at the server's own again.
    pub(super) fn forget(&mut self) {
        if let Self::MySql(at) | Self::MariaDb(at) = self {
            *at = 0;
        }
    }

    /// The statement that sets it, where it stands at something else. Whole seconds, so that calls with about the same
    /// budget do not set it anew each time.
    pub(super) fn set(&mut self, timeout: Duration) -> Option<String> {
        let seconds = timeout.as_secs().saturating_add(1).min(u64::from(u32::MAX) / 1_000);
        match self {
            Self::MySql(at) => (std::mem::replace(at, seconds) != seconds)
                .then(|| format!("SET SESSION max_execution_time = {}", seconds * 1_000)),
            Self::MariaDb(at) => (std::mem::replace(at, seconds) != seconds)
                .then(|| format!("SET SESSION max_statement_time = {seconds}")),
            Self::None => None,
        }
    }
}
