//! The three roles of an org's members.

use crate::IdentityError;
use std::fmt;
use std::str::FromStr;

/// What a member is in an org, in Grafana's words. A higher role may all that a lower one may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Role {
    /// Queries.
    #[default]
    Viewer,
    /// Queries; in Grafana also changes dashboards.
    Editor,
    /// Administers the org.
    Admin,
}

impl Role {
    /// Every role, from the lowest.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Admin];

    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Editor => "Editor",
            Self::Admin => "Admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let shown: String = text.chars().take(20).collect();
            IdentityError::invalid("role", format!("is {shown:?}: choose Viewer, Editor or Admin"))
        })
    }
}
