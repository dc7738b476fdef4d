//! Which of a caller's headers a data source may see: Grafana's rules.
//!
//! Always: where the query comes from (dashboard, panel, alert rule). The caller's own credentials only where the data
//! source says so: `jsonData.oauthPassThru` for tokens, `jsonData.keepCookies` for cookies by name.

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use wellhead_store::DataSource;

/// Headers that say where a query comes from.
const ORIGIN_HEADERS: [&str; 10] = [
    "x-dashboard-title",
    "x-dashboard-uid",
    "x-datasource-uid",
    "x-grafana-from-expr",
    "x-panel-id",
    "x-panel-plugin-id",
    "x-panel-title",
    "x-query-group-id",
    "x-rule-name",
    "x-rule-uid",
];
const ID_TOKEN: HeaderName = HeaderName::from_static("x-id-token");

/// The headers to send upstream with a query, lower-case names.
pub(crate) fn for_query(caller: &HeaderMap, source: &DataSource) -> Vec<(String, String)> {
    let mut forwarded = Vec::new();
    let mut push = |name: &str, value: &HeaderValue| {
        if let Ok(value) = value.to_str() {
            forwarded.push((name.to_owned(), value.to_owned()));
        }
    };
    for name in ORIGIN_HEADERS {
        caller.get_all(name).iter().for_each(|value| push(name, value));
    }
    if passes_tokens(source) {
        for name in [AUTHORIZATION, ID_TOKEN] {
            caller.get_all(&name).iter().for_each(|value| push(name.as_str(), value));
        }
    }
    if let Some(cookies) = kept_cookies(caller, source) {
        push(COOKIE.as_str(), &cookies);
    }
    forwarded
}

/// Takes the caller's credentials out of a resource call's headers, but for those the data source may see.
pub(crate) fn strip_credentials(headers: &mut HeaderMap, source: &DataSource) {
    let cookies = kept_cookies(headers, source);
    headers.remove(COOKIE);
    if let Some(cookies) = cookies {
        headers.insert(COOKIE, cookies);
    }
    if !passes_tokens(source) {
        headers.remove(AUTHORIZATION);
        headers.remove(ID_TOKEN);
    }
}

fn passes_tokens(source: &DataSource) -> bool {
    source.json_data.get("oauthPassThru") == Some(&Value::Bool(true))
}

fn kept_cookies(headers: &HeaderMap, source: &DataSource) -> Option<HeaderValue> {
    let names = source.json_data.get("keepCookies")?.as_array()?;
    let is_kept = |cookie: &&str| {
        let name = cookie.split('=').next().unwrap_or_default();
        names.iter().any(|kept| kept.as_str() == Some(name))
    };
    let cookies = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let kept: Vec<_> = cookies.flat_map(|line| line.split(';')).map(str::trim).filter(is_kept).collect();
    if kept.is_empty() { None } else { HeaderValue::from_str(&kept.join("; ")).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer t"),
            ("x-id-token", "id"),
            ("cookie", "session=1; sso=2; b=3"),
            ("x-dashboard-uid", "d1"),
            ("x-secret", "no"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    fn names(source: &DataSource) -> Vec<String> {
        for_query(&headers(), source).into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn credentials_stay_here_unless_the_data_source_asks_for_them() {
        let source = DataSource::new("a", "a", "testdata");
        assert_eq!(names(&source), ["x-dashboard-uid: d1"]);
        let passing = source.with_json_data("oauthPassThru", true).with_json_data("keepCookies", json!(["sso", "b"]));
        assert_eq!(
            names(&passing),
            ["x-dashboard-uid: d1", "authorization: Bearer t", "x-id-token: id", "cookie: sso=2; b=3"]
        );
    }

    #[test]
    fn a_resource_call_keeps_all_headers_but_the_callers_credentials() {
        let mut stripped = headers();
        strip_credentials(&mut stripped, &DataSource::new("a", "a", "testdata"));
        let mut left: Vec<_> = stripped.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["x-dashboard-uid", "x-secret"]);
    }
}
