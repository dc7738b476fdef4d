//! Failures as a recording keeps them: as much of an [`EgressError`] as a plugin can tell apart.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{EgressError, Origin, TimeoutKind, response::too_long};

/// What came instead of an answer, or ended it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Fault {
    /// Nothing came before the plugin gave up; in a replay nothing ever comes.
    Unanswered,
    /// The host name has no address.
    Unresolved {
        /// What the resolver said.
        reason: String,
    },
    /// Nobody listened.
    Refused,
    /// There was no way.
    Unreachable {
        /// What the operating system said.
        reason: String,
    },
    /// A clock ran out.
    Timeout {
        /// Which clock.
        which: Clock,
        /// Milliseconds it was set to.
        after_ms: u64,
    },
    /// Certificate, name or protocol.
    Tls {
        /// What was wrong.
        reason: String,
    },
    /// The connection ended before the response was whole.
    Disconnected {
        /// How.
        reason: String,
    },
    /// A byte connection broke.
    Lost {
        /// How.
        reason: String,
    },
    /// What came back was no HTTP.
    InvalidResponse {
        /// What was wrong.
        reason: String,
    },
    /// The response was too long.
    TooLong {
        /// Bytes allowed.
        limit: u64,
        /// Bytes there were.
        actual: u64,
    },
}

/// The clocks of [`TimeoutKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Clock {
    /// [`TimeoutKind::Connect`]
    Connect,
    /// [`TimeoutKind::Handshake`]
    Handshake,
    /// [`TimeoutKind::FirstByte`]
    FirstByte,
    /// [`TimeoutKind::BetweenBytes`]
    BetweenBytes,
    /// [`TimeoutKind::Total`]
    Total,
}

impl Clock {
    fn of(kind: TimeoutKind) -> Self {
        match kind {
            TimeoutKind::Connect => Self::Connect,
            TimeoutKind::Handshake => Self::Handshake,
            TimeoutKind::FirstByte => Self::FirstByte,
            TimeoutKind::BetweenBytes => Self::BetweenBytes,
            TimeoutKind::Total => Self::Total,
        }
    }

    fn kind(self) -> TimeoutKind {
        match self {
            Self::Connect => TimeoutKind::Connect,
            Self::Handshake => TimeoutKind::Handshake,
            Self::FirstByte => TimeoutKind::FirstByte,
            Self::BetweenBytes => TimeoutKind::BetweenBytes,
            Self::Total => TimeoutKind::Total,
        }
    }
}

impl Fault {
    /// `None` for what policy, limits of the caller and the request itself decide: a replay decides that anew.
    pub(super) fn of(error: &EgressError) -> Option<Self> {
        Some(match error {
            EgressError::Unresolved { reason, .. } => Self::Unresolved { reason: reason.clone() },
            EgressError::Refused { .. } => Self::Refused,
            EgressError::Timeout { which, after, .. } => Self::Timeout {
                which: Clock::of(*which),
                after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            },
            EgressError::Tls { reason, .. } => Self::Tls { reason: reason.clone() },
            EgressError::Disconnected { reason, .. } => Self::Disconnected { reason: reason.clone() },
            EgressError::Lost { reason, .. } => Self::Lost { reason: reason.clone() },
            EgressError::InvalidResponse { reason, .. } => Self::InvalidResponse { reason: reason.clone() },
            EgressError::LimitExceeded { name: "max_response_bytes", limit, actual, .. } => {
                Self::TooLong { limit: *limit, actual: *actual }
            }
            EgressError::Unreachable { reason, .. } => Self::Unreachable { reason: reason.clone() },
            EgressError::Denied { .. }
            | EgressError::DeniedEndpoint { .. }
            | EgressError::TooManyConnections { .. } => {
                return None;
            }
            error if error.is_callers_fault() => return None,
            other => Self::Unreachable { reason: other.to_string() },
        })
    }

    /// Whether nobody was reached.
    pub(super) fn is_on_the_way(&self) -> bool {
        matches!(
            self,
            Self::Unresolved { .. }
                | Self::Refused
                | Self::Unreachable { .. }
                | Self::Timeout { which: Clock::Connect, .. }
        )
    }

    /// The error a replay gives; `None` where it gives none, ever.
    pub(crate) fn error(&self, origin: &Origin) -> Option<EgressError> {
        let origin = origin.clone();
        Some(match self.clone() {
            Self::Unanswered => return None,
            Self::Unresolved { reason } => EgressError::Unresolved { origin, reason },
            Self::Refused => EgressError::Refused { origin },
            Self::Unreachable { reason } => EgressError::Unreachable { origin, reason },
            Self::Timeout { which, after_ms } => {
                EgressError::Timeout { origin, which: which.kind(), after: Duration::from_millis(after_ms) }
            }
            Self::Tls { reason } => EgressError::Tls { origin, reason },
            Self::Disconnected { reason } => EgressError::Disconnected { origin, reason },
            Self::Lost { reason } => EgressError::Lost { origin, reason },
            Self::InvalidResponse { reason } => EgressError::InvalidResponse { origin, reason },
            Self::TooLong { limit, actual } => too_long(&origin, limit, actual),
        })
    }

    /// The same with known secrets blanked.
    pub(super) fn redacted(mut self, blank: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::Unresolved { reason }
            | Self::Unreachable { reason }
            | Self::Tls { reason }
            | Self::Disconnected { reason }
            | Self::Lost { reason }
            | Self::InvalidResponse { reason } => *reason = blank(reason),
            Self::Unanswered | Self::Refused | Self::Timeout { .. } | Self::TooLong { .. } => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_comes_back_as_the_error_it_was() {
        let origin = Origin::parse("http://db.example.com:8123").unwrap();
        let reason = || "why".to_owned();
        for error in [
            EgressError::Unresolved { origin: origin.clone(), reason: reason() },
            EgressError::Refused { origin: origin.clone() },
            EgressError::Unreachable { origin: origin.clone(), reason: reason() },
            EgressError::Timeout {
                origin: origin.clone(),
                which: TimeoutKind::BetweenBytes,
                after: Duration::from_millis(1500),
            },
            EgressError::Tls { origin: origin.clone(), reason: reason() },
            EgressError::Disconnected { origin: origin.clone(), reason: reason() },
            EgressError::Lost { origin: origin.clone(), reason: reason() },
            EgressError::InvalidResponse { origin: origin.clone(), reason: reason() },
            too_long(&origin, 5, 6),
        ] {
            let shown = serde_json::to_string(&Fault::of(&error).unwrap()).unwrap();
            let back: Fault = serde_json::from_str(&shown).unwrap();
            assert_eq!(back.error(&origin), Some(error), "{shown}");
        }
        let denied = EgressError::Denied { origin: origin.clone(), allowed: Vec::new(), note: None };
        assert_eq!(Fault::of(&denied), None);
        assert_eq!(Fault::Unanswered.error(&origin), None);
    }
}
