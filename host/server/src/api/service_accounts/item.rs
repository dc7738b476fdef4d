//! Service accounts and tokens as Grafana shows them.

use crate::api::common::RoleName;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use wellhead_identity::{Role, ServiceAccount, Token};

/// A service account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceAccount)]
pub(super) struct AccountItem {
    id: i64,
    name: String,
    login: String,
    org_id: i64,
    is_disabled: bool,
    #[schema(value_type = RoleName)]
    role: Role,
    /// How many it has.
    tokens: usize,
    avatar_url: &'static str,
    access_control: BTreeMap<String, bool>,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    updated_at: String,
}

impl From<ServiceAccount> for AccountItem {
    fn from(account: ServiceAccount) -> Self {
        Self {
            id: account.id,
            name: account.name,
            login: account.login,
            org_id: account.org_id,
            is_disabled: account.is_disabled,
            role: account.role,
            tokens: account.tokens,
            avatar_url: "",
            access_control: BTreeMap::new(),
            created_at: account.created.to_string(),
            updated_at: account.updated.to_string(),
        }
    }
}

/// A token, without its text.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
pub(super) struct TokenItem {
    id: i64,
    name: String,
    /// RFC 3339.
    created: String,
    /// RFC 3339, to the minute.
    last_used_at: Option<String>,
    /// RFC 3339; `null` never.
    expiration: Option<String>,
    /// 0 where it never expires, or has.
    seconds_until_expiration: f64,
    has_expired: bool,
    is_revoked: bool,
}

impl TokenItem {
    pub(super) fn new(token: Token, now: Timestamp) -> Self {
        let left = token.expires.map_or(0.0, |expires| expires.duration_since(now).as_secs_f64());
        Self {
            id: token.id,
            has_expired: token.has_expired(now),
            created: token.created.to_string(),
            last_used_at: token.last_used.map(|used| used.to_string()),
            expiration: token.expires.map(|expires| expires.to_string()),
            seconds_until_expiration: left.max(0.0),
            is_revoked: false,
            name: token.name,
        }
    }
}
