//! Orgs, and who belongs to them.

use super::{Role, User};
use jiff::Timestamp;

/// The id of the org that is always there: new users and anonymous viewers belong to it.
pub const MAIN_ORG: i64 = 1;

/// An org: what owns data sources and service accounts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Org {
    /// From 1 up, never given twice.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// A user as a member of an org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub user: User,
    /// What the user is there.
    pub role: Role,
}

/// An org as one that a user belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The org.
    pub org: Org,
    /// What the user is there.
    pub role: Role,
}
