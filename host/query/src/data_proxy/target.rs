//! Where a data source's requests go: its own URL, and what lies below it.

use super::ProxyError;
use crate::QueryError;
use http::Uri;
use url::Url;
use wellhead_egress::{EgressPolicy, Origin, Why};

/// The base of all of a data source's requests.
#[derive(Debug)]
pub(super) struct Target {
    origin: Origin,
    /// The URL's own path: `/` at least, percent-encoded. Its query is not for requests, as in Grafana.
    base: String,
}

impl Target {
    /// The URL of a data source with this policy.
    ///
    /// # Errors
    /// [`ProxyError::NoHttpUrl`] for a data source of another protocol, or without a URL.
    pub(super) fn of(uid: &str, url: &str, policy: &EgressPolicy) -> Result<Self, ProxyError> {
        let not_http = |reason| ProxyError::NoHttpUrl { uid: uid.to_owned(), reason };
        let own = policy.origins.iter().find(|allowed| allowed.why == Why::DataSource);
        let reason = if url.trim().is_empty() { "is empty" } else { "does not begin with http:// or https://" };
        let origin = own.ok_or_else(|| not_http(reason))?.origin.clone();
        let url = Url::parse(url.trim()).map_err(|_| not_http("cannot be read"))?;
        Ok(Self { origin, base: url.path().to_owned() })
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The URI of a path, as it was sent, below the base.
    pub(super) fn uri(&self, path: &str, query: Option<&str>) -> Result<Uri, QueryError> {
        let base = if path.is_empty() { self.base.as_str() } else { self.base.trim_end_matches('/') };
        let slash = if path.is_empty() { "" } else { "/" };
        let (mark, query) = query.map_or(("", ""), |query| ("?", query));
        format!("{}{base}{slash}{path}{mark}{query}", self.origin).parse().map_err(|_| QueryError::ForbiddenPath {
            path: path.to_owned(),
            reason: "it has characters that no URL has",
        })
    }

    /// What of `url` lies below the base: path and query. `None` where it is elsewhere.
    pub(super) fn below(&self, url: &Url) -> Option<String> {
        if !Origin::parse(url.as_str()).is_ok_and(|origin| origin == self.origin) {
            return None;
        }
        let base = self.base.trim_end_matches('/');
        let rest = url.path().strip_prefix(base)?;
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
        Some(url.query().map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}")))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use wellhead_runtime::DataSourceSettings;

    pub(in crate::data_proxy) fn target(url: &str) -> Result<Target, ProxyError> {
        let settings = DataSourceSettings { url: url.into(), ..DataSourceSettings::default() };
        Target::of("a", url, &settings.egress_policy(&[]).unwrap())
    }

    #[test]
    fn a_path_is_joined_below_the_urls_own_and_stays_as_it_was_sent() {
        for (url, path, query, expected) in [
            ("http://prom:9090", "", None, "http://prom:9090/"),
            (
                "http://prom:9090",
                "api/v1/query",
                Some("query=up%7B%7D"),
                "http://prom:9090/api/v1/query?query=up%7B%7D",
            ),
            ("http://prom:9090/base", "", None, "http://prom:9090/base"),
            ("http://prom:9090/base/", "", Some("a"), "http://prom:9090/base/?a"),
            ("http://prom:9090/base//", "x/", None, "http://prom:9090/base/x/"),
            (
                "https://u:p@Prom.example/b c?token=s#f",
                "job%2Fx/@evil",
                Some(""),
                "https://prom.example/b%20c/job%2Fx/@evil?",
            ),
            ("http://[::1]:9090", ":80/x", None, "http://[::1]:9090/:80/x"),
        ] {
            let uri = target(url).unwrap().uri(path, query).unwrap();
            assert_eq!(uri.to_string(), expected, "{url} {path}");
        }
    }

    #[test]
    fn no_path_makes_another_origin() {
        let target = target("http://prom:9090").unwrap();
        for path in ["@evil.example/", ".evil.example", "//evil.example/x", ":1@evil.example", "http://evil.example/"] {
            let uri = target.uri(path, None).unwrap();
            assert_eq!(uri.authority().unwrap().as_str(), "prom:9090", "{path}");
        }
        for path in ["a b", "a\nb", "a\"b", "a<b"] {
            assert!(target.uri(path, None).map_or(true, |uri| uri.host() == Some("prom")), "{path}");
        }
        assert!(matches!(target.uri("a b", None), Err(QueryError::ForbiddenPath { .. })));
    }

    #[test]
    fn what_is_not_http_is_not_proxied() {
        for (url, reason) in
            [("", "is empty"), (" ", "is empty"), ("db:5432", "does not begin"), ("ftp://x", "does not")]
        {
            let error = target(url).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("\"a\""), "{error}");
        }
    }
}
