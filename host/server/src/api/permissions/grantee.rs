//! Who is granted something, as bodies and paths name it and as answers show it.

use crate::auth::SignedIn;
use crate::http::ApiError;
use axum::http::StatusCode;
use wellhead_identity::{Entity, Grantee, Identities, IdentityError, Role};

/// A user or service account: their ids are of one kind, and Grafana's bodies call both `userId`.
pub(super) fn principal(signed_in: &SignedIn, id: i64) -> Result<Grantee, ApiError> {
    let (identities, org_id) = (signed_in.identities(), signed_in.client.org_id());
    if identities.role(org_id, id)?.is_some() {
        return Ok(Grantee::User(id));
    }
    match identities.service_account(org_id, id) {
        Ok(_) => Ok(Grantee::ServiceAccount(id)),
        Err(IdentityError::NotFound { .. }) => {
            let key = format!("{id} of org {org_id}");
            Err(IdentityError::NotFound { entity: Entity::Member, key }.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The one grantee that a body names.
pub(super) fn named(
    signed_in: &SignedIn,
    user_id: Option<i64>,
    account_id: Option<i64>,
    team_id: Option<i64>,
    role: Option<Role>,
) -> Result<Grantee, ApiError> {
    // Clients that know all keys send those that do not apply as 0.
    let given = |id: Option<i64>| id.filter(|id| *id != 0);
    match (given(user_id).or(given(account_id)), given(team_id), role) {
        (Some(id), None, None) => principal(signed_in, id),
        (None, None, Some(role)) => Ok(Grantee::Role(role)),
        (None, Some(id), None) => Err(no_teams(id)),
        _ => {
            let message = "name one of userId, serviceAccountId and builtInRole";
            Err(ApiError::new(StatusCode::BAD_REQUEST, "bad request data").with_detail(message))
        }
    }
}

pub(super) fn no_teams(id: i64) -> ApiError {
    let detail = format!("there is no team {id}: this server has no teams; grant to users, service accounts or roles");
    ApiError::new(StatusCode::NOT_FOUND, "Team not found").with_detail(detail)
}

/// A grantee, to be shown.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) user_id: Option<i64>,
    pub(super) login: Option<String>,
    pub(super) is_service_account: bool,
    pub(super) role: Option<Role>,
}

impl Shown {
    pub(super) fn new(identities: &Identities, org_id: i64, grantee: Grantee) -> Result<Self, ApiError> {
        // One who left at this moment is shown by number.
        let there = |login: Result<String, IdentityError>| match login {
            Ok(login) => Ok(Some(login)),
            Err(IdentityError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        };
        Ok(match grantee {
            Grantee::User(id) => {
                let login = there(identities.user(id).map(|user| user.login))?;
                Self { user_id: Some(id), login, ..Self::default() }
            }
            Grantee::ServiceAccount(id) => {
                let login = there(identities.service_account(org_id, id).map(|account| account.login))?;
                Self { user_id: Some(id), login, is_service_account: true, role: None }
            }
            Grantee::Role(role) => Self { role: Some(role), ..Self::default() },
        })
    }
}
