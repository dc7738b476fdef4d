//! Which requests go through a proxy. The proxy itself is the operator's and not judged by the destination table; the
//! host names it is asked for are resolved by the proxy, not here.

use std::fmt;

use http::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;

use crate::{AddressClass, EgressError, Origin, address_class};

/// Where a host's proxy settings come from. This machine itself (`localhost`, loopback addresses) is never asked for
/// through a proxy.
///
/// ```
/// use wellhead_egress::{Egress, ProxySettings};
///
/// let proxy = ProxySettings::Explicit {
///     http: None,
///     https: Some("http://proxy.example.com:3128".to_owned()),
///     no_proxy: "10.0.0.0/8, .svc".to_owned(),
/// };
/// let egress = Egress::builder().proxy(proxy).build()?;
/// # Ok::<(), wellhead_egress::EgressError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub enum ProxySettings {
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (or in lower case), read once, when the host is made.
    #[default]
    FromEnv,
    /// No proxy, whatever the environment says.
    None,
    /// These.
    Explicit {
        /// For `http` origins: `http://[USER:PASSWORD@]HOST:PORT`, or `https://…` to speak TLS with the proxy.
        http: Option<String>,
        /// For `https` origins, in the same form.
        https: Option<String>,
        /// Hosts, domains, addresses and networks to reach directly, separated by commas; `*` for all.
        no_proxy: String,
    },
}

impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may hold a password.
        f.write_str(match self {
            Self::FromEnv => "FromEnv",
            Self::None => "None",
            Self::Explicit { .. } => "Explicit(…)",
        })
    }
}

/// The proxy one origin is reached through.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    pub(crate) proxy: Origin,
    pub(crate) authorization: Option<HeaderValue>,
}

/// A host's proxy rules.
#[derive(Debug)]
pub(crate) struct Proxies(Option<Matcher>);

impl Proxies {
    /// # Errors
    /// [`EgressError::InvalidProxy`] for a proxy URL that is not `http` or `https`.
    pub(crate) fn new(settings: &ProxySettings) -> Result<Self, EgressError> {
        match settings {
            ProxySettings::None => Ok(Self(None)),
            ProxySettings::FromEnv => Self::from_variables(|name| std::env::var(name).ok()),
            ProxySettings::Explicit { http, https, no_proxy } => {
                Self::build(("http", http.clone()), ("https", https.clone()), no_proxy)
            }
        }
    }

    /// As curl and Go read them: the first of both spellings that is set, and `ALL_PROXY` for what has none of its own.
    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, EgressError> {
        let first = |upper: &'static str, lower: &'static str| {
            [upper, lower]
                .into_iter()
                .find_map(|name| Some((name, read(name).filter(|value| !value.trim().is_empty())?)))
        };
        let all = first("ALL_PROXY", "all_proxy");
        // A CGI server passes a client's `Proxy:` header on as HTTP_PROXY, so there it is not to be trusted.
        let http = if read("REQUEST_METHOD").is_some() { None } else { first("HTTP_PROXY", "http_proxy") };
        let named = |own: Option<(&'static str, String)>, name: &'static str| match own.or_else(|| all.clone()) {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        let no_proxy = first("NO_PROXY", "no_proxy").map(|(_, value)| value).unwrap_or_default();
        Self::build(named(http, "HTTP_PROXY"), named(first("HTTPS_PROXY", "https_proxy"), "HTTPS_PROXY"), &no_proxy)
    }

    fn build(
        http: (&'static str, Option<String>),
        https: (&'static str, Option<String>),
        no_proxy: &str,
    ) -> Result<Self, EgressError> {
        let checked = |(setting, url): (&'static str, Option<String>)| {
            let url = url.map(|url| if url.contains("://") { url } else { format!("http://{url}") });
            if let Some(url) = &url {
                Origin::parse(url).map_err(|error| EgressError::InvalidProxy { setting, reason: error.to_string() })?;
            }
            Ok::<_, EgressError>(url.unwrap_or_default())
        };
        let (http, https) = (checked(http)?, checked(https)?);
        if http.is_empty() && https.is_empty() {
            return Ok(Self(None));
        }
        Ok(Self(Some(Matcher::builder().http(http).https(https).no(no_proxy).build())))
    }

    /// The proxy towards an origin, if there is one.
    pub(crate) fn towards(&self, origin: &Origin) -> Result<Option<Hop>, EgressError> {
        let own = origin.literal().is_some_and(|address| address_class(address) == AddressClass::Loopback);
        let Some(matcher) = self.0.as_ref().filter(|_| !own && !origin.is_localhost()) else {
            return Ok(None);
        };
        let Some(hop) = matcher.intercept(&origin.uri("/")?) else { return Ok(None) };
        let (proxy, _) = Origin::of_uri(hop.uri())?;
        let authorization = hop.basic_auth().cloned().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Ok(Some(Hop { proxy, authorization }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn towards(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let read = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let hop = Proxies::from_variables(read).unwrap().towards(&Origin::parse(url).unwrap()).unwrap();
        hop.map(|hop| hop.proxy.to_string())
    }

    #[test]
    fn the_environment_is_read_as_curl_and_go_read_it() {
        let both = [
            ("http_proxy", "http://plain:3128"),
            ("HTTPS_PROXY", "secure:3128"),
            ("NO_PROXY", "b.example, 10.0.0.0/8"),
        ];
        assert_eq!(towards(&both, "http://a.example").as_deref(), Some("http://plain:3128"));
        assert_eq!(towards(&both, "https://a.example").as_deref(), Some("http://secure:3128"));
        for direct in
            ["http://b.example", "https://x.b.example", "http://10.1.2.3", "http://localhost", "http://[::1]:1"]
        {
            assert_eq!(towards(&both, direct), None, "{direct}");
        }
        assert_eq!(towards(&[("ALL_PROXY", "http://all:1")], "https://a.example").as_deref(), Some("http://all:1"));
        assert_eq!(towards(&[("HTTP_PROXY", "http://p:1"), ("NO_PROXY", "*")], "http://a.example"), None);
        assert_eq!(towards(&[("HTTP_PROXY", "http://p:1"), ("REQUEST_METHOD", "GET")], "http://a.example"), None);
        assert_eq!(towards(&[], "http://a.example"), None);
    }

    #[test]
    fn a_proxy_that_is_not_http_is_an_error_that_names_the_variable_and_hides_the_password() {
        let read = |name: &str| (name == "ALL_PROXY").then(|| "socks5://user:s3cret@p:1080".to_owned());
        let error = Proxies::from_variables(read).unwrap_err().to_string();
        assert!(error.contains("ALL_PROXY") && !error.contains("s3cret"), "{error}");
    }
}
