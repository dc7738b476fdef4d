//! Who is asking: what an authenticated request carries.

use super::{MAIN_ORG, Role};

/// What kind of caller it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A user with a password.
    User {
        /// The user's id.
        id: i64,
    },
    /// A program with a token.
    ServiceAccount {
        /// The account's id.
        id: i64,
        /// The token it came with.
        token_id: i64,
    },
    /// Somebody without credentials, where that is allowed.
    Anonymous,
    /// A command on the machine of the server that can read its data folder.
    Operator,
}

/// Who is asking, in which org, and what they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What kind of caller.
    pub who: Who,
    /// The org that the request is for.
    pub org_id: i64,
    /// What the caller is there.
    pub role: Role,
    /// Whether the caller administers the server.
    pub is_server_admin: bool,
    /// What it signed in as; empty for an anonymous one.
    pub login: String,
    /// As people call it; may be empty.
    pub name: String,
    /// May be empty.
    pub email: String,
}

impl Identity {
    /// Somebody without credentials: a viewer of the main org.
    pub fn anonymous() -> Self {
        Self {
            who: Who::Anonymous,
            org_id: MAIN_ORG,
            role: Role::Viewer,
            is_server_admin: false,
            login: String::new(),
            name: "Anonymous".into(),
            email: String::new(),
        }
    }

    /// A command on the machine of the server: its admin, and that of every org.
    pub fn operator(org_id: i64) -> Self {
        Self {
            who: Who::Operator,
            org_id,
            role: Role::Admin,
            is_server_admin: true,
            login: "operator".into(),
            name: "Operator".into(),
            email: String::new(),
        }
    }

    /// The user's id, if it is one.
    pub fn user_id(&self) -> Option<i64> {
        match self.who {
            Who::User { id } => Some(id),
            Who::ServiceAccount { .. } | Who::Anonymous | Who::Operator => None,
        }
    }
}
