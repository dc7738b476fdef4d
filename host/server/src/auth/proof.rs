//! What a request proves itself with. Kept as long as its answer goes on: a live channel lasts, and a token may be revoked
//! meanwhile.

use super::error::auth_error;
use crate::http::{ApiError, ClientAddress};
use crate::state::AppState;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::{IpAddr, Ipv4Addr};
use wellhead_identity::{AuditEntry, AuthError, Credentials, Identity, Outcome, SecretText};
use zeroize::Zeroizing;

/// Credentials, the org they are for, and where they come from. An extension of every request behind the gate.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    credentials: Credentials,
    org: Option<i64>,
    address: Option<IpAddr>,
}

impl Proof {
    /// What a request says of its sender. Credentials are read only where there is sign-in: elsewhere they are for others.
    pub(crate) fn of(app: &AppState, parts: &Parts) -> Result<Self, ApiError> {
        let org = named_org(&parts.headers)?;
        let credentials = if app.sign_in.is_some() { credentials(&parts.headers)? } else { Credentials::default() };
        let address = parts.extensions.get::<ClientAddress>().map(|client| client.0);
        Ok(Self { credentials, org, address })
    }

    /// Whether there are credentials at all.
    pub(crate) fn has_credentials(&self) -> bool {
        !matches!(self.credentials, Credentials::None)
    }

    /// The same sender with other credentials: `Bearer …` or `Basic …`, or a bare token.
    pub(crate) fn with_token(self, text: &str) -> Result<Self, ApiError> {
        let credentials = match written(text)? {
            Credentials::None => Credentials::Token(SecretText::from(text.trim())),
            known => known,
        };
        Ok(Self { credentials, ..self })
    }

    /// The same sender, in this org whichever is its own later.
    pub(crate) fn in_org(self, org_id: i64) -> Self {
        Self { org: Some(org_id), ..self }
    }

    /// Who that is by now. A server without sign-in takes everybody for its operator.
    pub(crate) async fn identity(&self, app: &AppState) -> Result<Identity, AuthError> {
        let Some(sign_in) = &app.sign_in else { return Ok(Identity::operator(self.org.unwrap_or(1))) };
        sign_in.authenticator.authenticate(&self.credentials, self.org, self.client()).await
    }

    /// As [`identity`](Self::identity), in Grafana's words and with a note of who was refused.
    pub(crate) async fn let_in(&self, app: &AppState) -> Result<Identity, ApiError> {
        self.identity(app).await.map_err(|error| {
            self.note(app, &error);
            auth_error(&error)
        })
    }

    fn client(&self) -> IpAddr {
        self.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    fn note(&self, app: &AppState, error: &AuthError) {
        let Some(sign_in) = &app.sign_in else { return };
        let Some(times) = sign_in.authenticator.worth_telling(error, self.client()) else { return };
        let target = match (&self.credentials, error) {
            (_, AuthError::Disabled { login }) | (Credentials::Basic { login, .. }, _) => login.as_str(),
            (_, AuthError::ExpiredToken { name }) => name.as_str(),
            _ => "",
        };
        let times = times.to_string();
        let details = [("reason", reason(error)), ("times", times.as_str())];
        let (action, outcome, details) = ("sign-in", Outcome::Denied, &details[..]);
        sign_in.audit.record(&AuditEntry { who: None, client: self.address, action, target, outcome, details });
    }
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

/// What `Authorization` says.
fn credentials(headers: &HeaderMap) -> Result<Credentials, ApiError> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(Credentials::None) };
    written(value.to_str().map_err(|_| malformed("Authorization holds bytes that are not ASCII"))?)
}

fn malformed(detail: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "Invalid username or password").with_detail(detail.to_owned())
}

/// Credentials as `Authorization` writes them. A scheme that is not known is as good as none.
fn written(text: &str) -> Result<Credentials, ApiError> {
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

    #[test]
    fn both_schemes_are_read_in_any_case_and_a_password_may_hold_colons() {
        for scheme in ["Basic", "basic", "BASIC"] {
            let Ok(Credentials::Basic { login, password }) = written(&format!("{scheme} YTpiOmM=")) else { panic!() };
            assert_eq!((login.as_str(), password.expose()), ("a", "b:c"));
        }
        let Ok(Credentials::Token(token)) = written("bearer  t ") else { panic!() };
        assert_eq!(token.expose(), "t");
        assert!(matches!(written("Digest x"), Ok(Credentials::None)));
    }

    #[test]
    fn what_is_no_pair_is_refused_and_not_taken_for_nobody() {
        for bad in ["Basic ???", "Basic YWJj", "Basic /w==", "Basic"] {
            assert!(written(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_may_stand_alone_where_no_header_can_be_sent() {
        let proof = Proof { credentials: Credentials::None, org: None, address: None };
        for text in ["t", " t ", "Bearer t"] {
            let Credentials::Token(token) = proof.clone().with_token(text).unwrap().credentials else {
                panic!("{text}")
            };
            assert_eq!(token.expose(), "t");
        }
        assert!(matches!(proof.clone().with_token("Basic YTpi").unwrap().credentials, Credentials::Basic { .. }));
        assert!(proof.with_token("Basic ???").is_err());
    }
}
