//! Sign-in's failures in Grafana's words.

use crate::http::ApiError;
use axum::http::StatusCode;
use wellhead_identity::{Action, AuthError, Entity, Identity, IdentityError, Needs};

/// Nobody was let in.
pub(crate) fn auth_error(error: &AuthError) -> ApiError {
    use AuthError as E;
    let (status, message) = match error {
        E::Missing | E::Disabled { .. } => (StatusCode::UNAUTHORIZED, "Unauthorized"),
        E::WrongPassword => (StatusCode::UNAUTHORIZED, "Invalid username or password"),
        E::UnknownToken => (StatusCode::UNAUTHORIZED, "Invalid API key"),
        E::ExpiredToken { .. } => (StatusCode::UNAUTHORIZED, "Expired API key"),
        E::TokenOfAnotherOrg { .. } => {
            (StatusCode::UNAUTHORIZED, "API key does not belong to the requested organization")
        }
        E::NotMember { .. } | E::NoOrg { .. } => (StatusCode::FORBIDDEN, "Access denied"),
        E::TooManyTries { wait } => {
            let seconds = wait.as_secs().saturating_add(1);
            let refused = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "Too many failed sign-ins");
            return refused.with_detail(error.to_string()).with_retry_after(seconds);
        }
        E::Identity(error) => return identity_error(error),
        _ => (StatusCode::UNAUTHORIZED, "Unauthorized"),
    };
    ApiError::new(status, message).with_detail(error.to_string())
}

/// A command on orgs, users, accounts, tokens or grants that was not carried out: Grafana's words where it has any, and what
/// helps a person beside them.
pub(crate) fn identity_error(error: &IdentityError) -> ApiError {
    use IdentityError as E;
    let grafana = |status, message: &str| ApiError::new(status, message).with_detail(error.to_string());
    match error {
        E::NotFound { entity, .. } => grafana(StatusCode::NOT_FOUND, not_found(*entity)),
        E::Exists { entity, .. } => exists(*entity, error),
        E::LastAdmin { .. } => grafana(StatusCode::BAD_REQUEST, "Cannot remove last organization admin"),
        E::LastServerAdmin { .. } => grafana(StatusCode::BAD_REQUEST, "cannot remove last grafana admin"),
        E::WrongPassword => grafana(StatusCode::UNAUTHORIZED, "Invalid old password"),
        E::Invalid { .. } | E::MainOrg => ApiError::new(StatusCode::BAD_REQUEST, error.to_string()),
        E::Busy { .. } => ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        _ => grafana(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    }
}

fn not_found(entity: Entity) -> &'static str {
    match entity {
        Entity::Org => "Organization not found",
        Entity::User | Entity::Member => "User not found",
        Entity::ServiceAccount => "service account not found",
        Entity::Token => "service account token not found",
        Entity::Grant => "Permission not found",
        _ => "Not found",
    }
}

fn exists(entity: Entity, error: &IdentityError) -> ApiError {
    let (status, message) = match entity {
        Entity::Org => (StatusCode::CONFLICT, "Organization name taken"),
        Entity::User => (StatusCode::CONFLICT, "User already exists"),
        Entity::Member => (StatusCode::CONFLICT, "User is already member of this organization"),
        Entity::ServiceAccount => (StatusCode::BAD_REQUEST, "service account already exists"),
        Entity::Token => {
            let message = "service account token with given name already exists in the organization";
            (StatusCode::BAD_REQUEST, message)
        }
        _ => return ApiError::new(StatusCode::CONFLICT, error.to_string()),
    };
    ApiError::new(status, message).with_detail(error.to_string())
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        identity_error(&error)
    }
}

/// Somebody was let in who may not do this.
pub(super) fn denied(identity: &Identity, action: Action) -> ApiError {
    let needs = match action.needs() {
        Needs::Role(role) => format!("it needs the role {role} in org {}, you are {}", identity.org_id, identity.role),
        Needs::User => "it is for users, not for service accounts and the like".to_owned(),
        Needs::ServerAdmin => "it needs a server admin".to_owned(),
        Needs::Scraper => "it needs a server admin, or the token of a service account of the main org".to_owned(),
    };
    let message = "You'll need additional permissions to perform this action";
    ApiError::new(StatusCode::FORBIDDEN, message).with_detail(needs)
}
