//! Sign-in's failures in Grafana's words.

use crate::http::ApiError;
use axum::http::StatusCode;
use wellhead_identity::{Action, AuthError, Identity, IdentityError, Needs};

/// Nobody was let in.
pub(super) fn auth_error(error: &AuthError) -> ApiError {
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

/// A command on orgs, users, accounts, tokens or grants that was not carried out. Routes with words of their own use those.
pub(crate) fn identity_error(error: &IdentityError) -> ApiError {
    use IdentityError as E;
    let status = match error {
        E::NotFound { .. } => StatusCode::NOT_FOUND,
        E::Exists { .. } => StatusCode::CONFLICT,
        E::Invalid { .. } | E::LastAdmin { .. } | E::LastServerAdmin { .. } | E::MainOrg => StatusCode::BAD_REQUEST,
        E::WrongPassword => StatusCode::UNAUTHORIZED,
        E::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ => {
            let failed = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
            return failed.with_detail(error.to_string());
        }
    };
    ApiError::new(status, error.to_string())
}

/// Somebody was let in who may not do this.
pub(super) fn denied(identity: &Identity, action: Action) -> ApiError {
    let needs = match action.needs() {
        Needs::Role(role) => format!("it needs the role {role} in org {}, you are {}", identity.org_id, identity.role),
        Needs::User => "it is for users, not for service accounts and the like".to_owned(),
        Needs::ServerAdmin => "it needs a server admin".to_owned(),
    };
    let message = "You'll need additional permissions to perform this action";
    ApiError::new(StatusCode::FORBIDDEN, message).with_detail(needs)
}
