//! What a data source's settings say to put on its requests: basic authentication and custom headers, bearer tokens
//! among them. Only the data source's own origin ever sees them; where that is checked is the client's affair.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{EgressError, Secret, SecretValues, headers::is_hop_by_hop};

/// The credentials of one data source. Its `Debug` names the headers and hides their values.
///
/// ```
/// use wellhead_egress::{Credentials, Secret};
///
/// let mut credentials = Credentials::default();
/// credentials.set_basic("grafana", &Secret::new("s3cret"))?;
/// credentials.set_header("X-Scope-OrgID", &Secret::new("tenant-1"))?;
/// assert!(!format!("{credentials:?}").contains("s3cret"));
/// # Ok::<(), wellhead_egress::EgressError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    headers: Vec<(HeaderName, Secret)>,
}

impl Credentials {
    /// Puts basic authentication on requests; a later `Authorization` header replaces it.
    ///
    /// # Errors
    /// [`EgressError::InvalidSetting`] where the user name holds a colon, which the scheme cannot carry.
    pub fn set_basic(&mut self, user: &str, password: &Secret) -> Result<(), EgressError> {
        if user.contains(':') {
            return Err(invalid("basicAuthUser", "a user name cannot hold a colon under basic authentication"));
        }
        self.set(AUTHORIZATION, basic(user, password.expose()));
        Ok(())
    }

    /// Puts a header on requests, in place of one the caller sets.
    ///
    /// # Errors
    /// [`EgressError::InvalidSetting`] where name or value cannot stand in a header, or the header belongs to the
    /// connection and not to the request.
    pub fn set_header(&mut self, name: &str, value: &Secret) -> Result<(), EgressError> {
        let parsed = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| invalid(name, "this is not the name of a header; use letters, digits and `-`"))?;
        if is_hop_by_hop(&parsed) || parsed == http::header::CONTENT_LENGTH {
            return Err(invalid(name, "this header belongs to the connection; it cannot be set"));
        }
        let value = value.expose().trim();
        HeaderValue::from_str(value)
            .map_err(|_| invalid(name, "its value holds characters no header can; is there a line break in it?"))?;
        self.set(parsed, Secret::new(value));
        Ok(())
    }

    /// Reads `basicAuth…` and `httpHeaderName1`/`httpHeaderValue1`… of a data source; a header without a value is left out.
    pub(crate) fn from_settings(
        basic_user: Option<&str>,
        json_data: &Value,
        secrets: &SecretValues,
    ) -> Result<Self, EgressError> {
        let mut credentials = Self::default();
        if let Some(user) = basic_user {
            let password = secrets.get("basicAuthPassword").unwrap_or_default();
            credentials.set_basic(user, &Secret::new(password))?;
        }
        let mut named = Vec::new();
        for (key, name) in json_data.as_object().into_iter().flatten() {
            let number = key.strip_prefix("httpHeaderName").and_then(|number| number.parse::<u32>().ok());
            if let (Some(number), Some(name)) = (number, name.as_str().filter(|name| !name.trim().is_empty())) {
                named.push((number, name));
            }
        }
        named.sort_unstable();
        for (number, name) in named {
            if let Some(value) = secrets.get(&format!("httpHeaderValue{number}")) {
                credentials.set_header(name, &Secret::new(value))?;
            }
        }
        Ok(credentials)
    }

    /// Takes the user part of a URL as basic authentication, unless there is an `Authorization` already.
    pub(crate) fn fall_back_to_url_user(&mut self, user: &str, password: &str) {
        if !self.headers.iter().any(|(name, _)| name == AUTHORIZATION) {
            self.set(AUTHORIZATION, basic_of_url_user(user, password));
        }
    }

    /// Puts the headers on a request, in place of what is there under the same names.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            if let Some(value) = sensitive(value) {
                headers.insert(name, value);
            }
        }
    }

    fn set(&mut self, name: HeaderName, value: Secret) {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value));
    }
}

/// A header value that no log of HTTP headers shows.
pub(crate) fn sensitive(value: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The user part of a URL (`user` or `user:password`, percent-encoded) as an `Authorization` value.
pub(crate) fn basic_of_url_user(user: &str, password: &str) -> Secret {
    let decode = |part: &str| Zeroizing::new(percent_decode_str(part).decode_utf8_lossy().into_owned());
    basic(&decode(user), &decode(password))
}

fn basic(user: &str, password: &str) -> Secret {
    let plain = Zeroizing::new(format!("{user}:{password}"));
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(plain.as_bytes()));
    Secret::new(format!("Basic {}", encoded.as_str()))
}

fn invalid(setting: &str, reason: &str) -> EgressError {
    EgressError::InvalidSetting { setting: setting.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied(credentials: &Credentials) -> HeaderMap {
        let mut headers = HeaderMap::new();
        credentials.apply(&mut headers);
        headers
    }

    #[test]
    fn custom_headers_are_read_by_number_and_win_over_basic_authentication() {
        let json =
            json!({ "httpHeaderName2": "X-B", "httpHeaderName10": "Authorization", "httpHeaderName3": "X-None" });
        let secrets = SecretValues::from_iter([
            ("basicAuthPassword", "p"),
            ("httpHeaderValue2", "b"),
            ("httpHeaderValue10", "Bearer t\n"),
        ]);
        let headers = applied(&Credentials::from_settings(Some("u"), &json, &secrets).unwrap());
        assert_eq!(headers["authorization"], "Bearer t");
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(headers["x-b"], "b");
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn basic_authentication_takes_an_empty_password() {
        let credentials = Credentials::from_settings(Some("u"), &json!({}), &SecretValues::new()).unwrap();
        assert_eq!(applied(&credentials)["authorization"], "Basic dTo=");
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_an_error_that_hides_the_value() {
        let mut credentials = Credentials::default();
        for (name, value) in
            [("bad name", "s3cret"), ("X-A", "s3c\nret"), ("Connection", "s3cret"), ("Content-Length", "1")]
        {
            let error = credentials.set_header(name, &Secret::new(value)).unwrap_err();
            assert!(matches!(&error, EgressError::InvalidSetting { setting, .. } if setting == name), "{error}");
            assert!(!error.to_string().contains("s3c"), "{error}");
        }
        credentials.set_basic("a:b", &Secret::new("s3cret")).unwrap_err();
        assert!(applied(&credentials).is_empty());
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let mut credentials = Credentials::default();
        credentials.set_basic("user", &Secret::new("s3cret")).unwrap();
        let shown = format!("{credentials:?}");
        assert!(shown.contains("authorization") && !shown.contains("dXNlcjpzM2NyZXQ"), "{shown}");
    }
}
