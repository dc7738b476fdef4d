//! Orgs and members as Grafana shows them, and the bodies that change them.

use crate::api::common::{RoleName, age};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wellhead_identity::{Member, Org, Role};

/// An org.
#[derive(Serialize, ToSchema)]
#[schema(as = Org)]
pub(super) struct OrgItem {
    pub(super) id: i64,
    pub(super) name: String,
}

impl From<Org> for OrgItem {
    fn from(org: Org) -> Self {
        Self { id: org.id, name: org.name }
    }
}

/// What an org is to be called.
#[derive(Deserialize, ToSchema)]
pub(super) struct OrgName {
    /// Unique; up to 190 characters.
    pub(super) name: String,
}

/// A user as a member of an org.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Member)]
pub(super) struct MemberItem {
    org_id: i64,
    user_id: i64,
    login: String,
    email: String,
    name: String,
    avatar_url: &'static str,
    #[schema(value_type = RoleName)]
    role: Role,
    is_disabled: bool,
    /// RFC 3339, to the minute.
    last_seen_at: Option<String>,
    last_seen_at_age: String,
}

impl MemberItem {
    pub(super) fn new(org_id: i64, member: Member, now: Timestamp) -> Self {
        let Member { user, role } = member;
        Self {
            org_id,
            user_id: user.id,
            login: user.login,
            email: user.email,
            name: user.name,
            avatar_url: "",
            role,
            is_disabled: user.is_disabled,
            last_seen_at: user.last_seen.map(|seen| seen.to_string()),
            last_seen_at_age: age(user.last_seen, now),
        }
    }
}

/// Who is to become a member, and as what.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewMember {
    pub(super) login_or_email: String,
    #[schema(value_type = RoleName)]
    pub(super) role: Role,
}

/// What a member is to be.
#[derive(Deserialize, ToSchema)]
pub(super) struct MemberRole {
    #[schema(value_type = RoleName)]
    pub(super) role: Role,
}
