//! Users as Grafana shows them, and the body that changes one.

use crate::api::common::{RoleName, age};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wellhead_identity::{Membership, Role, User, UserUpdate};

/// A user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(super) struct UserItem {
    id: i64,
    login: String,
    email: String,
    name: String,
    theme: &'static str,
    avatar_url: &'static str,
    /// The org that is meant where a request names none.
    org_id: i64,
    is_grafana_admin: bool,
    is_disabled: bool,
    is_external: bool,
    auth_labels: [String; 0],
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    updated_at: String,
}

impl From<User> for UserItem {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            login: user.login,
            email: user.email,
            name: user.name,
            theme: "",
            avatar_url: "",
            org_id: user.org_id,
            is_grafana_admin: user.is_admin,
            is_disabled: user.is_disabled,
            is_external: false,
            auth_labels: [],
            created_at: user.created.to_string(),
            updated_at: user.updated.to_string(),
        }
    }
}

/// A user in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserListItem)]
pub(super) struct UserListItem {
    id: i64,
    login: String,
    email: String,
    name: String,
    avatar_url: &'static str,
    is_admin: bool,
    is_disabled: bool,
    /// RFC 3339, to the minute.
    last_seen_at: Option<String>,
    last_seen_at_age: String,
    auth_labels: [String; 0],
}

impl UserListItem {
    pub(super) fn new(user: User, now: Timestamp) -> Self {
        Self {
            id: user.id,
            login: user.login,
            email: user.email,
            name: user.name,
            avatar_url: "",
            is_admin: user.is_admin,
            is_disabled: user.is_disabled,
            last_seen_at: user.last_seen.map(|seen| seen.to_string()),
            last_seen_at_age: age(user.last_seen, now),
            auth_labels: [],
        }
    }
}

/// An org that a user belongs to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserOrg {
    org_id: i64,
    name: String,
    #[schema(value_type = RoleName)]
    role: Role,
}

impl From<Membership> for UserOrg {
    fn from(membership: Membership) -> Self {
        let Membership { org, role } = membership;
        Self { org_id: org.id, name: org.name, role }
    }
}

/// What is to change of a user.
#[derive(Deserialize, ToSchema)]
pub(super) struct UserCommand {
    /// What is missing or empty stays.
    login: Option<String>,
    /// What is missing stays; empty removes it.
    email: Option<String>,
    /// What is missing stays; empty removes it.
    name: Option<String>,
}

impl From<UserCommand> for UserUpdate {
    fn from(command: UserCommand) -> Self {
        let UserCommand { login, email, name } = command;
        Self { login: login.filter(|login| !login.is_empty()), email, name }
    }
}

/// Who is looked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lookup {
    pub(super) login_or_email: String,
}
