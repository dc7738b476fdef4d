//! Where an answer leads. A client that follows must come back through the proxy: anywhere else it would not have the
//! data source's credentials, and on this host it would bring its own.

use super::ProxyError;
use super::target::Target;
use http::{HeaderValue, StatusCode, Uri};
use url::Url;
use wellhead_egress::Origin;

/// What lies below the data source's URL in the `location` of an answer to a request of `sent`. One that leads elsewhere
/// is no answer where the client would follow it, and left out where it would not.
pub(super) fn below(
    target: &Target,
    sent: &Uri,
    location: &HeaderValue,
    status: StatusCode,
) -> Result<Option<String>, ProxyError> {
    let sent = Url::parse(&sent.to_string()).ok();
    let url = sent.as_ref().zip(location.to_str().ok()).and_then(|(sent, location)| sent.join(location).ok());
    match url.as_ref().and_then(|url| target.below(url)) {
        None if status.is_redirection() => {
            let to = url.and_then(|url| Origin::parse(url.as_str()).ok());
            let to = match to {
                Some(to) if to == *target.origin() => "another path of its own".to_owned(),
                Some(to) => to.to_string(),
                None => "something that is no HTTP URL".to_owned(),
            };
            Err(ProxyError::RedirectsAway { origin: target.origin().clone(), to })
        }
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::tests::target;
    use super::*;

    fn follow(status: u16, location: &str) -> Result<Option<String>, String> {
        let target = target("http://user:s3cret@prom:9090/base").unwrap();
        let sent = target.uri("graph/old", Some("g0=up")).unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        below(&target, &sent, &HeaderValue::from_str(location).unwrap(), status).map_err(|error| error.to_string())
    }

    #[test]
    fn what_stays_below_the_data_sources_url_comes_back_through_the_proxy() {
        for (location, expected) in [
            ("/base/query?g0=up", "query?g0=up"),
            ("new", "graph/new"),
            ("../query", "query"),
            ("?g1", "graph/old?g1"),
            ("http://PROM:9090/base/", ""),
            ("http://prom:9090/base", ""),
            ("//prom:9090/base/a%2Fb#f", "a%2Fb"),
        ] {
            assert_eq!(follow(302, location), Ok(Some(expected.to_owned())), "{location}");
        }
    }

    #[test]
    fn a_redirect_elsewhere_is_an_error_that_names_the_place_and_no_secret() {
        for (location, named) in [
            ("https://prom:9090/base/", "https://prom:9090"),
            ("http://u:s3cret@evil.example/base/?token=s3cret", "http://evil.example"),
            ("//evil.example", "http://evil.example"),
            ("/api/admin", "another path of its own"),
            ("/basement", "another path of its own"),
            ("../../api/datasources/1", "another path of its own"),
            ("%2e%2e/../../x", "another path of its own"),
            ("javascript:alert(1)", "no HTTP URL"),
        ] {
            let error = follow(307, location).unwrap_err();
            assert!(error.contains(named) && !error.contains("s3cret"), "{location}: {error}");
        }
    }

    #[test]
    fn a_location_that_nobody_follows_is_left_out_where_it_leads_elsewhere() {
        assert_eq!(follow(201, "http://evil.example/"), Ok(None));
        assert_eq!(follow(201, "/base/rules/1"), Ok(Some("rules/1".to_owned())));
    }
}
