//! Service accounts: programs that sign in with a token.

use super::Role;
use jiff::Timestamp;

/// A service account of one org.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ServiceAccount {
    /// From 1 up, never given twice; no user has the same.
    pub id: i64,
    /// The org it belongs to.
    pub org_id: i64,
    /// Unique within the org.
    pub name: String,
    /// `sa-…`, made from org and name when the account was made; no user has the same.
    pub login: String,
    /// What it is in its org.
    pub role: Role,
    /// Whether its tokens are refused.
    pub is_disabled: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How many tokens it has.
    #[serde(skip)]
    pub tokens: usize,
}

/// A service account that is to be.
#[derive(Clone, Debug)]
pub struct NewServiceAccount {
    /// The org it is to belong to.
    pub org_id: i64,
    /// Unique within the org.
    pub name: String,
    /// What it is to be there.
    pub role: Role,
    /// Whether its tokens are refused for now.
    pub is_disabled: bool,
}

/// What is to change of a service account: `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ServiceAccountUpdate {
    /// Unique within the org. The login stays as it is.
    pub name: Option<String>,
    /// What it is to be.
    pub role: Option<Role>,
    /// Whether its tokens are to be refused.
    pub is_disabled: Option<bool>,
}

/// A token of a service account, without the text that only its maker was shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Token {
    /// From 1 up, never given twice.
    pub id: i64,
    /// The org it is good for.
    pub org_id: i64,
    /// The account it belongs to.
    pub account_id: i64,
    /// Unique within the account.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused; `None` never.
    pub expires: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(skip)]
    pub last_used: Option<Timestamp>,
    /// SHA-256 of its text, to find its place in the index.
    pub(crate) hash: [u8; 32],
}

impl Token {
    /// Whether it is refused at `now`.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// A token that is to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Unique within the account.
    pub name: String,
    /// After how many seconds it is refused; `None` and 0 mean never, as in Grafana.
    pub seconds_to_live: Option<u64>,
}
