//! The gate in front of every route but the open ones.

use super::error::auth_error;
use crate::http::{ApiError, ClientAddress, Pages, check_origin};
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::{IpAddr, Ipv4Addr};
use wellhead_identity::{AuditEntry, AuthError, Credentials, Identity, Outcome, SecretText};
use zeroize::Zeroizing;

/// Lets a request through with the [`Identity`] of its sender beside it, or answers it.
pub(crate) async fn authenticate(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match identity(&app, &parts).await {
        Ok(identity) => {
            if app.sign_in.is_some() {
                // They are for this host and nobody behind it, whatever a data source says of passing tokens on.
                parts.headers.remove(AUTHORIZATION);
            }
            parts.extensions.insert(identity);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => error.into_response(),
    }
}

async fn identity(app: &AppState, parts: &Parts) -> Result<Identity, ApiError> {
    let headers = &parts.headers;
    let org = named_org(headers)?;
    let Some(sign_in) = &app.sign_in else {
        // A server without sign-in trusts whoever reaches it, but not the pages they look at.
        if !parts.method.is_safe() {
            let pages = Pages::Named(&app.config.cors_origins, app.config.behind_proxy);
            check_origin(parts, pages, "change anything on")?;
        }
        return Ok(Identity::operator(org.unwrap_or(1)));
    };
    let credentials = credentials(headers)?;
    let address = parts.extensions.get::<ClientAddress>().map(|client| client.0);
    let client = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let identity = sign_in.authenticator.authenticate(&credentials, org, client).await;
    identity.map_err(|error| {
        if let Some(times) = sign_in.authenticator.worth_telling(&error, client) {
            let target = match (&credentials, &error) {
                (_, AuthError::Disabled { login }) | (Credentials::Basic { login, .. }, _) => login.as_str(),
                (_, AuthError::ExpiredToken { name }) => name.as_str(),
                _ => "",
            };
            let times = times.to_string();
            let details = [("reason", reason(&error)), ("times", times.as_str())];
            let (action, outcome, details) = ("sign-in", Outcome::Denied, &details[..]);
            sign_in.audit.record(&AuditEntry { who: None, client: address, action, target, outcome, details });
        }
        auth_error(&error)
    })
}

/// Why nobody was let in, in a word.
fn reason(error: &AuthError) -> &'static str {
    match error {
        AuthError::WrongPassword => "badPassword",
        AuthError::TooManyTries { .. } => "tooManyTries",
        AuthError::UnknownToken => "unknownToken",
        AuthError::ExpiredToken { .. } => "expiredToken",
        AuthError::Disabled { .. } => "disabled",
        _ => "other",
    }
}

/// The org that `X-Grafana-Org-Id` names.
fn named_org(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get("x-grafana-org-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok());
    number.filter(|org_id| *org_id > 0).map(Some).ok_or_else(|| {
        let message = format!("X-Grafana-Org-Id is {value:?}: send a whole number from 1 up");
        ApiError::new(StatusCode::BAD_REQUEST, message)
    })
}

/// What `Authorization` says. A scheme that is not known is as good as none.
fn credentials(headers: &HeaderMap) -> Result<Credentials, ApiError> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(Credentials::None) };
    let malformed = |detail: &str| {
        ApiError::new(StatusCode::UNAUTHORIZED, "Invalid username or password").with_detail(detail.to_owned())
    };
    let text = value.to_str().map_err(|_| malformed("Authorization holds bytes that are not ASCII"))?;
    let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Credentials::Token(SecretText::from(rest.trim())));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(Credentials::None);
    }
    let decoded = STANDARD.decode(rest.trim()).map_err(|_| malformed("Authorization: Basic is not base64"))?;
    let decoded = Zeroizing::new(decoded);
    let pair = std::str::from_utf8(&decoded).map_err(|_| malformed("Authorization: Basic is not UTF-8"))?;
    let (login, password) = pair.split_once(':').ok_or_else(|| malformed("Authorization: Basic has no colon"))?;
    Ok(Credentials::Basic { login: login.to_owned(), password: SecretText::from(password) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(authorization: &str) -> Result<Credentials, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization.parse().unwrap());
        credentials(&headers)
    }

    #[test]
    fn both_schemes_are_read_in_any_case_and_a_password_may_hold_colons() {
        for scheme in ["Basic", "basic", "BASIC"] {
            let Ok(Credentials::Basic { login, password }) = read(&format!("{scheme} YTpiOmM=")) else { panic!() };
            assert_eq!((login.as_str(), password.expose()), ("a", "b:c"));
        }
        let Ok(Credentials::Token(token)) = read("bearer  t ") else { panic!() };
        assert_eq!(token.expose(), "t");
        assert!(matches!(read("Digest x"), Ok(Credentials::None)));
    }

    #[test]
    fn what_is_no_pair_is_refused_and_not_taken_for_nobody() {
        for bad in ["Basic ???", "Basic YWJj", "Basic /w==", "Basic"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
