//! The allow-list against whatever can be written as a URL.

use proptest::prelude::*;
use url::Url;
use wellhead_egress::{EgressPolicy, Origin, Why};

/// Hosts that are, or are made to look like, the allowed ones.
const HOSTS: [&str; 18] = [
    "prom.example",
    "PROM.example",
    "prom.example.",
    "prom.example..",
    "prom.example.evil.net",
    "evil.net",
    "xn--bcher-kva.example",
    "bücher.example",
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "[::1]",
    "[0:0::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
    "prom.example%2eevil.net",
    "prom.example\\.evil.net",
];

fn allowed() -> EgressPolicy {
    let mut policy = EgressPolicy::default();
    for url in ["http://prom.example:9090", "https://bücher.example", "http://127.0.0.1", "http://[::1]:80"] {
        policy.allow(Origin::parse(url).unwrap(), Why::DataSource);
    }
    policy
}

/// The property: what `http` parses and the policy lets through has, read by `url`, an origin that was allowed. The oracle
/// compares strings of `url`'s own serialisation and uses nothing of ours.
fn only_what_is_allowed(text: &str) -> Result<(), TestCaseError> {
    let Ok(uri) = text.parse::<http::Uri>() else { return Ok(()) };
    if allowed().check(&uri).is_err() {
        return Ok(());
    }
    let url = Url::parse(text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    let read = format!("{}://{host}:{}", url.scheme(), url.port_or_known_default().unwrap_or_default());
    let known =
        ["http://prom.example:9090", "https://xn--bcher-kva.example:443", "http://127.0.0.1:80", "http://[::1]:80"];
    prop_assert!(known.contains(&read.as_str()), "{text} was let through, but is {read}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_looks_like_an_allowed_url_is_let_through_unless_it_is_one(
        scheme in prop::sample::select(vec!["http", "https", "HTTP", "ftp", "ws", ""]),
        user in prop::sample::select(vec!["", "u@", "u:p@", "prom.example:9090@", "evil.net/@", "a@b@"]),
        host in prop::sample::select(HOSTS.to_vec()),
        port in prop::sample::select(vec!["", ":", ":80", ":443", ":9090", ":09090", ":0", ":99999", ":9090@evil.net"]),
        rest in prop::sample::select(vec!["", "/", "/x?y", "?x", "#x", "/@evil.net", "\\@evil.net"]),
    ) {
        only_what_is_allowed(&format!("{scheme}://{user}{host}{port}{rest}"))?;
    }

    #[test]
    fn no_text_at_all_is_let_through_unless_it_is_an_allowed_url(text in "(https?://)?[!-~]{0,40}") {
        only_what_is_allowed(&text)?;
    }
}

#[test]
fn the_property_sees_urls_that_are_let_through() {
    for url in ["http://prom.example:9090/x", "HTTP://u:p@PROM.example.:9090", "http://127.1/", "http://[0::1]:80/?q"] {
        assert!(allowed().check(&url.parse().unwrap()).is_ok(), "{url}");
        only_what_is_allowed(url).unwrap();
    }
}
