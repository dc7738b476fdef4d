//! What a redirect asks for. Whether its target is allowed is the policy's affair.

use http::{HeaderMap, Method, StatusCode, header::LOCATION};
use url::{Position, Url};

use crate::{EgressError, Origin};

/// The next request of a redirect.
#[derive(Debug, PartialEq)]
pub(crate) struct Next {
    pub(crate) origin: Origin,
    pub(crate) path_and_query: String,
    pub(crate) method: Method,
    pub(crate) keeps_body: bool,
}

/// Reads a response's redirect; `None` where it is none. A user part in the target is ignored.
///
/// # Errors
/// [`EgressError::Redirect`] where the target is no HTTP URL.
pub(crate) fn next(
    method: &Method,
    origin: &Origin,
    path_and_query: &str,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Next>, EgressError> {
    // As browsers and Go do: 301 and 302 turn a POST into a GET, 303 everything but HEAD, 307 and 308 nothing.
    let (method, keeps_body) = match (status.as_u16(), method) {
        (301 | 302, &Method::POST) => (Method::GET, false),
        (303, method) if method != Method::HEAD => (Method::GET, false),
        (301 | 302 | 303 | 307 | 308, method) => (method.clone(), true),
        _ => return Ok(None),
    };
    let Some(location) = headers.get(LOCATION) else { return Ok(None) };
    let failed = |reason: &str| EgressError::Redirect { origin: origin.clone(), reason: reason.to_owned() };
    let location = location.to_str().map_err(|_| failed("its `location` holds characters no URL can"))?;
    let base = Url::parse(&format!("{origin}{path_and_query}")).map_err(|_| failed("its own URL is not one"))?;
    let target = base.join(location).map_err(|_| failed("its `location` is not a URL"))?;
    let next = Origin::of_url(&target).map_err(|_| failed("its `location` is not an http:// or https:// URL"))?;
    let path_and_query = target[Position::BeforePath..Position::AfterQuery].to_owned();
    Ok(Some(Next { origin: next, path_and_query, method, keeps_body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(status: u16, method: Method, location: &str) -> Result<Option<Next>, EgressError> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().unwrap());
        let origin = Origin::parse("http://a.example:9090").unwrap();
        next(&method, &origin, "/x/y?z=1", StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn each_status_keeps_or_drops_method_and_body_as_browsers_do() {
        let rows = [
            (301, Method::POST, Method::GET, false),
            (302, Method::POST, Method::GET, false),
            (302, Method::PUT, Method::PUT, true),
            (302, Method::GET, Method::GET, true),
            (303, Method::PUT, Method::GET, false),
            (303, Method::HEAD, Method::HEAD, true),
            (307, Method::POST, Method::POST, true),
            (308, Method::DELETE, Method::DELETE, true),
        ];
        for (status, method, expected, keeps_body) in rows {
            let next = to(status, method.clone(), "/").unwrap().unwrap();
            assert_eq!((next.method, next.keeps_body), (expected, keeps_body), "{status} {method}");
        }
        for status in [200, 300, 304, 305, 404] {
            assert_eq!(to(status, Method::GET, "/").unwrap(), None, "{status}");
        }
    }

    #[test]
    fn targets_are_resolved_against_the_request() {
        for (location, origin, path) in [
            ("w?q", "http://a.example:9090", "/x/w?q"),
            ("//b.example/w#f", "http://b.example", "/w"),
            ("https://u:p@B.example:443", "https://b.example", "/"),
        ] {
            let next = to(302, Method::GET, location).unwrap().unwrap();
            assert_eq!((next.origin.to_string().as_str(), next.path_and_query.as_str()), (origin, path), "{location}");
        }
    }

    #[test]
    fn a_target_that_is_not_http_is_an_error() {
        for location in ["file:///etc/passwd", "ftp://a/", "http://", "data:text/plain,x"] {
            assert!(matches!(to(302, Method::GET, location), Err(EgressError::Redirect { .. })), "{location}");
        }
    }
}
