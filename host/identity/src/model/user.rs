//! Users: people who sign in with a password.

use super::{MAIN_ORG, Role};
use crate::SecretText;
use jiff::Timestamp;

/// A user, without the password.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// From 1 up, never given twice; no service account has the same.
    pub id: i64,
    /// Unique among logins and emails, without regard to case.
    pub login: String,
    /// Unique in the same way, unless empty.
    pub email: String,
    /// As people call the user; may be empty.
    pub name: String,
    /// Whether the user administers the server: every org, every user, the plugins.
    pub is_admin: bool,
    /// Whether signing in is refused.
    pub is_disabled: bool,
    /// The org that is meant where a request names none; the user may have left it.
    pub org_id: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// When it last signed in, to the minute.
    #[serde(skip)]
    pub last_seen: Option<Timestamp>,
}

/// A user that is to be, and the first org it belongs to.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What the user signs in with; the email where it is empty.
    pub login: String,
    /// May be empty.
    pub email: String,
    /// May be empty.
    pub name: String,
    /// From [`MIN_PASSWORD_CHARS`](crate::MIN_PASSWORD_CHARS) characters to
    /// [`MAX_PASSWORD_BYTES`](crate::MAX_PASSWORD_BYTES) bytes.
    pub password: SecretText,
    /// Whether the user administers the server.
    pub is_admin: bool,
    /// The org it belongs to.
    pub org_id: i64,
    /// What it is there.
    pub role: Role,
}

impl NewUser {
    /// A viewer of the main org, as Grafana makes them.
    pub fn new(login: impl Into<String>, password: impl Into<SecretText>) -> Self {
        Self {
            login: login.into(),
            email: String::new(),
            name: String::new(),
            password: password.into(),
            is_admin: false,
            org_id: MAIN_ORG,
            role: Role::Viewer,
        }
    }
}

/// What is to change of a user: `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserUpdate {
    /// What the user signs in with.
    pub login: Option<String>,
    /// Empty removes it.
    pub email: Option<String>,
    /// Empty removes it.
    pub name: Option<String>,
}
