//! Permissions on one data source.

use super::Role;
use crate::IdentityError;
use std::fmt;
use std::str::FromStr;

/// What may be done with a data source, in Grafana's words. A higher permission includes the lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Permission {
    /// Query it, ask its resources and its health.
    Query,
    /// Also change its settings.
    Edit,
    /// Also say who may do what with it.
    Admin,
}

impl Permission {
    /// Every permission, from the lowest.
    pub const ALL: [Self; 3] = [Self::Query, Self::Edit, Self::Admin];

    /// Grafana's number.
    pub fn number(self) -> i64 {
        match self {
            Self::Query => 1,
            Self::Edit => 2,
            Self::Admin => 4,
        }
    }

    /// From Grafana's number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.number() == number)
    }

    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Edit => "Edit",
            Self::Admin => "Admin",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text).ok_or_else(|| {
            let shown: String = text.chars().take(20).collect();
            IdentityError::invalid("permission", format!("is {shown:?}: choose Query, Edit or Admin"))
        })
    }
}

/// Who is granted something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Grantee {
    /// The user with this id.
    User(i64),
    /// The service account with this id.
    ServiceAccount(i64),
    /// Everybody who has this role in the org, or a higher one: Grafana's built-in role.
    Role(Role),
}

/// A permission on a data source. As long as a data source has none, every member of its org may query it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Grant {
    /// From 1 up, never given twice.
    pub id: i64,
    /// Who.
    pub grantee: Grantee,
    /// May do what.
    pub permission: Permission,
}
