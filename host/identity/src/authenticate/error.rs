//! Why nobody is let in.

use crate::IdentityError;
use std::time::Duration;

/// Why credentials make no identity. What Grafana says stands at each; `Display` says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// No credentials, and anonymous viewers are not allowed. Grafana: 401 `Unauthorized`.
    #[error("no credentials: send a service account token, or a login and a password")]
    Missing,
    /// Wrong password, or no such user: which of them is not told. Grafana: 401 `Invalid username or password`.
    #[error("invalid username or password")]
    WrongPassword,
    /// No such token, or it was revoked. Grafana: 401 `Invalid API key`.
    #[error("invalid API key: it is mistyped or was revoked")]
    UnknownToken,
    /// It was good once. Grafana: 401 `Expired API key`.
    #[error("the token {name:?} has expired: make a new one")]
    ExpiredToken {
        /// The token's name.
        name: String,
    },
    /// The org named is not the token's. Grafana: 401 `API key does not belong to the requested organization`.
    #[error("the token does not belong to org {org_id}: name its own, or none")]
    TokenOfAnotherOrg {
        /// The org that was named.
        org_id: i64,
    },
    /// The user or service account is disabled; told only to who knows its secret. Grafana: 401.
    #[error("{login:?} is disabled: ask an admin")]
    Disabled {
        /// Its login.
        login: String,
    },
    /// The caller is no member of the org named, or there is none: which of them is not told. Grafana leaves such a caller
    /// without any right: 403.
    #[error("you are no member of org {org_id}: name one of your own")]
    NotMember {
        /// The org that was named.
        org_id: i64,
    },
    /// The user belongs to no org at all: 403.
    #[error("{login:?} belongs to no org: ask an admin to add it to one")]
    NoOrg {
        /// The user.
        login: String,
    },
    /// Too many wrong passwords: 429 with `Retry-After`. Grafana answers 401 as to a wrong password.
    #[error("too many failed sign-ins: try again in {} s", seconds(*wait))]
    TooManyTries {
        /// How long until the next try.
        wait: Duration,
    },
    /// The database failed (500), or too many passwords wait to be checked ([`IdentityError::Busy`]: 503).
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Whole seconds, so that whoever waits them has waited enough.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
