//! Whose page asks: a browser must not be made to speak for the person before it by a page of somebody else.
//!
//! Browsers say whose page sends a request that is no `GET`; other clients say nothing.

use super::ApiError;
use crate::CorsOrigin;
use axum::http::StatusCode;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use std::net::IpAddr;

/// Whose pages may ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pages<'a> {
    /// This host's own alone, under a name that no DNS answer can take over: an address or `localhost`.
    Fixed,
    /// These as well, and where the flag says so this host's own under any name: whoever put a proxy in front knows its
    /// name.
    Named(&'a [CorsOrigin], bool),
}

/// Refuses what a page sends that may not `doing`.
pub(crate) fn check_origin(parts: &Parts, pages: Pages<'_>, doing: &str) -> Result<(), ApiError> {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(Authority::as_str)).unwrap_or_default();
    let (named, any_name) = match pages {
        Pages::Fixed => (&[][..], false),
        Pages::Named(named, any_name) => (named, any_name),
    };
    let is_ours = |origin: &str| {
        let page = origin.split_once("://").map(|(_, page)| page);
        page.is_some_and(|page| page.eq_ignore_ascii_case(host)) && (any_name || is_fixed(host))
    };
    let mut origins = parts.headers.get_all(ORIGIN).iter();
    let foreign =
        origins.find(|origin| !named.iter().any(|named| named.is(origin)) && !origin.to_str().is_ok_and(is_ours));
    let Some(foreign) = foreign else { return Ok(()) };
    let message = format!(
        "a page of {foreign:?} may not {doing} {host:?}: use the command, or a page that this host serves under its IP \
         address or localhost"
    );
    Err(ApiError::new(StatusCode::FORBIDDEN, message))
}

/// Whether a host is an address or `localhost`: any other name may lead somewhere else tomorrow (DNS rebinding).
fn is_fixed(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Request;

    fn says(pages: Pages<'_>, host: &str, origin: Option<&str>) -> bool {
        let mut request = Request::post("/api/plugins/x/reload").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        check_origin(&request.body(()).unwrap().into_parts().0, pages, "ask").is_ok()
    }

    #[test]
    fn only_pages_of_this_host_under_an_address_may_change_plugins() {
        let says = |host: &str, origin: Option<&str>| says(Pages::Fixed, host, origin);
        assert!(says("127.0.0.1:3000", None), "no browser");
        assert!(says("wellhead.example", None));
        for host in ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "192.0.2.1"] {
            assert!(says(host, Some(&format!("http://{host}"))), "{host}");
        }
        for (host, origin) in [
            ("127.0.0.1:3000", "http://evil.example"),
            ("127.0.0.1:3000", "http://127.0.0.1:4000"),
            ("127.0.0.1:3000", "null"),
            ("127.0.0.1:3000", ""),
            // The name of an attacker that now resolves to this machine.
            ("evil.example:3000", "http://evil.example:3000"),
        ] {
            assert!(!says(host, Some(origin)), "{host} {origin}");
        }
    }

    #[test]
    fn pages_of_named_origins_may_ask_and_behind_a_proxy_those_of_the_hosts_own_name() {
        let named = ["https://grafana.example".parse().unwrap()];
        for any_name in [false, true] {
            let says = |host: &str, origin: &str| says(Pages::Named(&named, any_name), host, Some(origin));
            assert!(says("127.0.0.1:3000", "https://grafana.example"));
            assert!(!says("127.0.0.1:3000", "https://evil.example"));
            assert_eq!(says("wellhead.example", "https://wellhead.example"), any_name);
            assert!(!says("wellhead.example", "https://evil.example"));
        }
    }
}
