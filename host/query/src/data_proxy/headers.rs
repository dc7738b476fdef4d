//! Which of a caller's headers go on to the data source's server: Grafana's rules, and a few stricter ones.
//!
//! | header | what becomes of it |
//! |---|---|
//! | `Authorization` | stays here: it is what the caller signs in to this host with |
//! | `Cookie`, `X-Id-Token` | stay here, but for what `keepCookies` and `oauthPassThru` let through |
//! | `X-DS-Authorization` | becomes `Authorization`, unless the data source has credentials of its own |
//! | `X-Grafana-*` | stay here: they speak to this host |
//! | `Forwarded`, `X-Forwarded-*`, `X-Real-IP`, `X-Remote-User` and their kin | stay here: a server that trusts this host would trust what a client made up |
//! | `X-HTTP-Method-Override`, `X-Original-URL` and their kin | stay here: method and path were judged as they stand |
//! | `Origin`, `Referer`, `Host`, `Expect`, `Proxy`, `Proxy-*` | stay here: they speak of the way to this host, and `Proxy` would be a CGI program's `HTTP_PROXY` |
//! | `User-Agent`, `traceparent` | are this host's |
//! | everything else | goes on, unless a configured credential takes its place |
//!
//! Names are compared as a CGI or WSGI server reads them, to which `X_Real_IP` is `X-Real-IP`.

use crate::forward;
use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use wellhead_store::DataSource;

const USER_AGENT_VALUE: HeaderValue = HeaderValue::from_static(concat!("Wellhead/", env!("CARGO_PKG_VERSION")));
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const ID_TOKEN: HeaderName = HeaderName::from_static("x-id-token");
const DS_AUTHORIZATION: HeaderName = HeaderName::from_static("x-ds-authorization");
/// Those that HTTP knows are handled under their own names; here stand also those that only look like them.
const DROPPED: [&str; 21] = [
    "authorization",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "origin",
    "proxy",
    "referer",
    "remote-user",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-http-method",
    "x-http-method-override",
    "x-id-token",
    "x-method-override",
    "x-original-url",
    "x-real-ip",
    "x-remote-user",
    "x-rewrite-url",
    "x-webauth-user",
];
const DROPPED_PREFIXES: [&str; 3] = ["x-grafana-", "x-forwarded-", "proxy-"];
/// What is dropped only where it is written with underscores: under its own name it is judged before.
const JUDGED_BEFORE: [HeaderName; 3] = [AUTHORIZATION, COOKIE, ID_TOKEN];

/// The headers to send. Those of the connection are egress's to remove, credentials egress's to add.
pub(super) fn outgoing(mut headers: HeaderMap, source: &DataSource, traceparent: Option<&str>) -> HeaderMap {
    forward::strip_credentials(&mut headers, source);
    headers.remove(AUTHORIZATION);
    let is_dropped = |name: &&HeaderName| {
        let read_as = name.as_str().replace('_', "-");
        let is_meant = DROPPED.contains(&read_as.as_str())
            || DROPPED_PREFIXES.iter().any(|prefix| read_as.starts_with(prefix))
            || read_as == DS_AUTHORIZATION.as_str() && *name != DS_AUTHORIZATION;
        is_meant && !JUDGED_BEFORE.contains(*name)
    };
    let dropped: Vec<HeaderName> = headers.keys().filter(is_dropped).cloned().collect();
    for name in dropped {
        headers.remove(name);
    }
    if let Some(authorization) = headers.remove(DS_AUTHORIZATION) {
        headers.insert(AUTHORIZATION, authorization);
    }
    headers.insert(USER_AGENT, USER_AGENT_VALUE);
    if let Some(value) = traceparent.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(TRACEPARENT, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sent(pairs: &[(&str, &str)], source: &DataSource) -> Vec<String> {
        let headers: HeaderMap =
            pairs.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
        let sent = outgoing(headers, source, Some("00-t-s-01"));
        let mut lines: Vec<_> =
            sent.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort_unstable();
        lines
    }

    const MANY: [(&str, &str); 19] = [
        ("accept", "a/b"),
        ("authorization", "Bearer of-this-host"),
        ("content-length", "3"),
        ("cookie", "session=1; sso=2"),
        ("expect", "100-continue"),
        ("forwarded", "for=10.0.0.1"),
        ("host", "wellhead"),
        ("origin", "http://evil.example"),
        ("proxy-authorization", "Basic x"),
        ("referer", "http://evil.example/"),
        ("traceparent", "00-client-01"),
        ("user-agent", "curl"),
        ("x-dashboard-uid", "d"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-grafana-org-id", "1"),
        ("x-http-method-override", "DELETE"),
        ("x-id-token", "of-this-host"),
        ("x-real-ip", "10.0.0.1"),
        ("x-scope-orgid", "tenant"),
    ];
    const OURS: [&str; 6] = [
        "accept: a/b",
        "content-length: 3",
        "traceparent: 00-t-s-01",
        concat!("user-agent: Wellhead/", env!("CARGO_PKG_VERSION")),
        "x-dashboard-uid: d",
        "x-scope-orgid: tenant",
    ];

    #[test]
    fn what_speaks_to_this_host_stays_here() {
        assert_eq!(sent(&MANY, &DataSource::new("a", "a", "prometheus")), OURS);
    }

    #[test]
    fn what_a_cgi_server_would_take_for_such_a_header_stays_here_too() {
        let names = [
            "x_forwarded_for",
            "X_HTTP_Method_Override",
            "x-real_ip",
            "x_ds_authorization",
            "authorization_",
            "x_id_token",
            "x_grafana_user",
            "proxy",
            "proxy_authorization",
            "x-original-url",
            "x-rewrite-url",
            "x-client-ip",
            "true-client-ip",
            "x-remote-user",
            "remote_user",
            "x_custom",
        ];
        let pairs: Vec<_> = names.into_iter().map(|name| (name, "made up")).collect();
        let source = DataSource::new("a", "a", "prometheus").with_json_data("oauthPassThru", true);
        let left: Vec<_> = sent(&pairs, &source).into_iter().filter(|line| line.ends_with("made up")).collect();
        assert_eq!(left, ["authorization_: made up", "x_custom: made up"]);
    }

    #[test]
    fn kept_cookies_and_an_authorization_meant_for_the_data_source_go_on() {
        let source = DataSource::new("a", "a", "prometheus").with_json_data("oauthPassThru", true);
        let passed = sent(&MANY, &source);
        assert!(!passed.iter().any(|line| line.starts_with("authorization")), "{passed:?}");
        assert!(passed.contains(&"x-id-token: of-this-host".to_owned()), "{passed:?}");

        let source = DataSource::new("a", "a", "prometheus").with_json_data("keepCookies", json!(["sso"]));
        let pairs: Vec<_> = MANY.into_iter().chain([("x-ds-authorization", "Bearer mine")]).collect();
        let mut expected: Vec<_> = OURS.into_iter().chain(["authorization: Bearer mine", "cookie: sso=2"]).collect();
        expected.sort_unstable();
        assert_eq!(sent(&pairs, &source), expected);
    }
}
