//! What one data source may reach and with what: made from its settings, before any plugin code runs.

use std::net::IpAddr;

use http::Uri;
use serde_json::Value;
use url::Url;

use crate::{
    Credentials, EgressError, EgressLimits, Endpoint, Origin, SecretValues, TlsSettings, destination::check_address,
};

/// Who put an origin on the allow-list. It decides what addresses the origin may have (the destination table) and whether
/// the data source's credentials and TLS settings go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is the data source's own URL: credentials and TLS settings apply.
    DataSource,
    /// The operator named it for this data source: it may be inside, but gets no credentials.
    Operator,
    /// The plugin's manifest asked for it and the operator granted that: public addresses only, no credentials.
    Manifest,
}

/// One line of an allow-list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// What may be reached.
    pub origin: Origin,
    /// Why.
    pub why: Why,
}

impl Allowed {
    /// Judges an address this line's host was resolved to, or is written as, by the table of the destination policy:
    /// what a name may lead to depends on who put it on the list.
    ///
    /// # Errors
    /// [`EgressError::DeniedAddress`], with the rule in words.
    pub fn check_address(&self, address: IpAddr) -> Result<(), EgressError> {
        check_address(&self.origin, self.why, address)
    }
}

/// The settings of a data source that egress reads, by Grafana's names.
#[derive(Clone, Copy)]
pub struct Upstream<'a> {
    /// `url`.
    pub url: &'a str,
    /// `basicAuth`: whether to use `basic_auth_user` and the secret `basicAuthPassword`.
    pub basic_auth: bool,
    /// `basicAuthUser`.
    pub basic_auth_user: &'a str,
    /// `jsonData`: an object, or null.
    pub json_data: &'a Value,
    /// The decrypted `secureJsonData`.
    pub secrets: &'a SecretValues,
}

impl std::fmt::Debug for Upstream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password and jsonData what its author thought no secret.
        f.debug_struct("Upstream").field("secrets", self.secrets).finish_non_exhaustive()
    }
}

/// What one client may reach and with what. The default reaches nothing.
///
/// ```
/// use wellhead_egress::{EgressPolicy, Origin, SecretValues, Upstream};
///
/// let upstream = Upstream {
///     url: "http://prometheus.monitoring.svc:9090/prom",
///     basic_auth: false,
///     basic_auth_user: "",
///     json_data: &serde_json::Value::Null,
///     secrets: &SecretValues::new(),
/// };
/// let policy = EgressPolicy::for_data_source(&upstream, &[Origin::parse("https://oauth.example.com")?])?;
/// assert!(policy.check(&"http://prometheus.monitoring.svc:9090/anything".parse().unwrap()).is_ok());
/// assert!(policy.check(&"http://prometheus.monitoring.svc:9091/".parse().unwrap()).is_err());
/// # Ok::<(), wellhead_egress::EgressError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct EgressPolicy {
    /// The allow-list.
    pub origins: Vec<Allowed>,
    /// Where byte connections may go.
    pub endpoints: Vec<Endpoint>,
    /// TLS towards the data source's own origin and its endpoints; every other origin gets the host's defaults.
    pub tls: TlsSettings,
    /// Put on requests to the data source's own origin, and on no other.
    pub credentials: Credentials,
    /// `None`: those of the [`Egress`](crate::Egress).
    pub limits: Option<EgressLimits>,
    /// Why the data source's URL gave no origin, for the message of a denial.
    note: Option<String>,
}

impl EgressPolicy {
    /// Reads a data source's settings: its URL's origin, `basicAuth…`, `httpHeaderName1`…, `tls…` and `serverName`;
    /// `extra_origins` are those of the manifest that the operator granted.
    ///
    /// A data source without URL, or with one that is not HTTP (`db:5432`), may have no origin of its own: asking for one
    /// is then denied, with that as the reason. A user in the URL is basic authentication, unless other is configured.
    ///
    /// # Errors
    /// [`EgressError::InvalidUrl`] for an `http` URL that does not parse, [`EgressError::InvalidSetting`] for headers
    /// that cannot be sent, [`EgressError::InvalidTls`] for TLS settings that lack their secret.
    pub fn for_data_source(upstream: &Upstream<'_>, extra_origins: &[Origin]) -> Result<Self, EgressError> {
        let user = upstream.basic_auth.then_some(upstream.basic_auth_user);
        let mut policy = Self {
            credentials: Credentials::from_settings(user, upstream.json_data, upstream.secrets)?,
            tls: TlsSettings::from_settings(upstream.json_data, upstream.secrets)?,
            ..Self::default()
        };
        let text = upstream.url.trim();
        let http = ["http:", "https:"]
            .iter()
            .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        if http {
            policy.origins.push(Allowed { origin: Origin::parse(text)?, why: Why::DataSource });
            if let Ok(url) = Url::parse(text)
                && !url.username().is_empty()
            {
                policy.credentials.fall_back_to_url_user(url.username(), url.password().unwrap_or_default());
            }
        } else if text.is_empty() {
            policy.note = Some("the data source has no URL".to_owned());
        } else {
            policy.note = Some("the data source's URL does not start with http:// or https://".to_owned());
        }
        for origin in extra_origins {
            policy.allow(origin.clone(), Why::Manifest);
        }
        Ok(policy)
    }

    /// Adds an origin, unless it is allowed already.
    pub fn allow(&mut self, origin: Origin, why: Why) {
        if !self.origins.iter().any(|allowed| allowed.origin == origin) {
            self.origins.push(Allowed { origin, why });
        }
    }

    /// The line of the allow-list a request's URI falls under.
    ///
    /// # Errors
    /// [`EgressError::Denied`] where there is none, [`EgressError::InvalidUrl`] where the URI names no HTTP origin.
    pub fn check(&self, uri: &Uri) -> Result<&Allowed, EgressError> {
        let (origin, _) = Origin::of_uri(uri)?;
        self.origins.iter().find(|allowed| allowed.origin == origin).ok_or_else(|| self.denied(origin, None))
    }

    /// The error for an origin that is not allowed; `from` is the origin that redirected to it.
    pub(crate) fn denied(&self, origin: Origin, from: Option<&Origin>) -> EgressError {
        let allowed = self.origins.iter().map(|allowed| allowed.origin.clone()).collect();
        let note = from.map(|from| format!("{from} redirected to it")).or_else(|| self.note.clone());
        EgressError::Denied { origin, allowed, note }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(url: &str) -> Result<EgressPolicy, EgressError> {
        let upstream = Upstream {
            url,
            basic_auth: false,
            basic_auth_user: "",
            json_data: &json!({}),
            secrets: &SecretValues::new(),
        };
        EgressPolicy::for_data_source(&upstream, &[])
    }

    fn allows(policy: &EgressPolicy, uri: &str) -> bool {
        uri.parse().is_ok_and(|uri| policy.check(&uri).is_ok())
    }

    #[test]
    fn case_trailing_dot_and_default_port_do_not_make_another_origin() {
        let policy = policy("https://Prom.Example.com/x").unwrap();
        for same in ["https://prom.example.com", "https://PROM.example.COM.:443/y?z", "https://u:p@prom.example.com/"] {
            assert!(allows(&policy, same), "{same}");
        }
        for other in [
            "http://prom.example.com",
            "https://prom.example.com:444",
            "https://prom.example.com../",
            "https://xprom.example.com",
            "https://prom.example.com.evil.net",
            "https://prom.example.com@evil.net/",
            "https://evil.net/https://prom.example.com",
            "/relative",
            "prom.example.com",
        ] {
            assert!(!allows(&policy, other), "{other}");
        }
    }

    #[test]
    fn addresses_are_compared_by_value_and_not_by_spelling() {
        assert!(allows(&policy("http://127.0.0.1:9090").unwrap(), "http://0x7f.1:9090/"));
        assert!(allows(&policy("http://[::1]:9090").unwrap(), "http://[0:0:0:0:0:0:0:1]:9090/"));
        assert!(!allows(&policy("http://127.0.0.1:9090").unwrap(), "http://[::ffff:127.0.0.1]:9090/"));
        assert!(!allows(&policy("http://127.0.0.1:9090").unwrap(), "http://localhost:9090/"));
    }

    #[test]
    fn international_names_are_their_ascii_form() {
        let policy = policy("http://bücher.example").unwrap();
        assert!(allows(&policy, "http://xn--bcher-kva.example/"));
        assert!(!allows(&policy, "http://bucher.example/"));
    }

    #[test]
    fn a_denial_lists_what_is_allowed_and_hides_user_and_query() {
        let policy = policy("http://user:s3cret@prom:9090/?token=s3cret").unwrap();
        let error = policy.check(&"http://u:s3cret@other/?q=s3cret".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "http://other is not an origin of this data source; allowed: http://prom:9090; correct the data source's URL, \
             or add the origin to `wellhead.origins` in the plugin's manifest and grant it"
        );
        assert!(!format!("{error:?} {policy:?}").contains("s3cret"));
    }

    #[test]
    fn a_url_that_is_not_http_allows_nothing_and_says_so() {
        for (url, why) in
            [("", "has no URL"), ("db:5432", "does not start with"), ("localhost:9090", "does not start with")]
        {
            let policy = policy(url).unwrap();
            let error = policy.check(&"http://localhost:9090/".parse().unwrap()).unwrap_err().to_string();
            assert!(error.contains("allowed: none") && error.contains(why), "{error}");
        }
    }

    #[test]
    fn an_http_url_that_does_not_parse_is_an_error() {
        for url in ["http://", "http://:80", "http://a b", "http://host:99999", "http://host:0", "https://[::1"] {
            assert!(matches!(policy(url), Err(EgressError::InvalidUrl { .. })), "{url}");
        }
    }

    #[test]
    fn the_url_user_is_basic_authentication_unless_another_is_configured() {
        let mut headers = http::HeaderMap::new();
        policy("http://us%20er:p%40ss@prom").unwrap().credentials.apply(&mut headers);
        assert_eq!(headers["authorization"], "Basic dXMgZXI6cEBzcw==");

        let secrets = SecretValues::from_iter([("httpHeaderValue1", "Bearer t")]);
        let json_data = json!({ "httpHeaderName1": "Authorization" });
        let upstream = Upstream {
            url: "http://u:p@prom",
            basic_auth: false,
            basic_auth_user: "",
            json_data: &json_data,
            secrets: &secrets,
        };
        EgressPolicy::for_data_source(&upstream, &[]).unwrap().credentials.apply(&mut headers);
        assert_eq!(headers["authorization"], "Bearer t");
    }
}
