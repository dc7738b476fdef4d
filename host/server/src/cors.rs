//! Pages of other origins that may ask (CORS). Off unless origins are named: then no answer has a CORS header, and no
//! browser lets a foreign page read one.
//!
//! It stands around the whole router, because a preflight has no credentials to show and error bodies are written last.

use axum::Router;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, Method};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use wellhead::Origin;

/// How long a browser may remember what a preflight said: as long as Chromium and Firefox both do.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);
/// What Grafana's routes and plugins' resources are asked with.
const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// What a page may read beside the headers every page may.
const EXPOSED: [HeaderName; 3] =
    [HeaderName::from_static("traceresponse"), HeaderName::from_static("server-timing"), RETRY_AFTER];

/// An origin whose pages may ask, as a browser writes it in `Origin` (RFC 6454, 6.2): `https://host` or
/// `https://host:port`.
///
/// ```
/// use wellhead_server::CorsOrigin;
///
/// assert!("https://grafana.example:8443".parse::<CorsOrigin>().is_ok());
/// assert!("*".parse::<CorsOrigin>().is_err());
/// let error = "https://Grafana.example/".parse::<CorsOrigin>().unwrap_err();
/// assert!(error.to_string().ends_with("write https://grafana.example"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsOrigin(HeaderValue);

/// Why a text is no [`CorsOrigin`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CorsOriginError {
    /// `*`, by itself or in a name.
    #[error("{text:?} would let pages nobody thought of ask with their readers' credentials: name each origin")]
    Wildcard {
        /// What was written.
        text: String,
    },
    /// `null`.
    #[error(
        "\"null\" is the origin of local files and sandboxed frames, which anybody can make: serve the page from an \
         origin of its own, and name that"
    )]
    Null,
    /// Not a URL of HTTP.
    #[error("{text:?} is not an origin: {reason}: write https://HOST or https://HOST:PORT")]
    NotAnOrigin {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An origin in another form than browsers send, or more than an origin: it would never match.
    #[error("{text:?} is not as browsers write it: write {origin}")]
    OtherForm {
        /// What was written.
        text: String,
        /// The same origin as browsers write it.
        origin: String,
    },
}

impl CorsOrigin {
    /// Whether a browser's `Origin` is this one.
    pub(crate) fn is(&self, origin: &HeaderValue) -> bool {
        self.0 == origin
    }
}

impl FromStr for CorsOrigin {
    type Err = CorsOriginError;

    fn from_str(text: &str) -> Result<Self, CorsOriginError> {
        if text == "null" {
            return Err(CorsOriginError::Null);
        }
        if text.contains('*') {
            return Err(CorsOriginError::Wildcard { text: text.to_owned() });
        }
        let not_an_origin = |reason: String| CorsOriginError::NotAnOrigin { text: text.to_owned(), reason };
        let origin = Origin::parse(text).map_err(|error| not_an_origin(error.to_string()))?.to_string();
        if origin != text {
            return Err(CorsOriginError::OtherForm { text: text.to_owned(), origin });
        }
        HeaderValue::from_str(text).map(Self).map_err(|error| not_an_origin(error.to_string()))
    }
}

impl fmt::Display for CorsOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// The router, for pages of these origins too.
pub(crate) fn opened_to(origins: &[CorsOrigin], router: Router) -> Router {
    if origins.is_empty() {
        return router;
    }
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().map(|origin| origin.0.clone())))
        .allow_credentials(true)
        .allow_methods(METHODS)
        // Those a plugin's resources take are its own business, and the origin was named by whoever runs this server.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(PREFLIGHT_AGE);
    router.layer(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for good in ["https://a.example", "http://a.example:8080", "http://127.0.0.1:3000", "http://[::1]:3000"] {
            assert_eq!(good.parse::<CorsOrigin>().map(|origin| origin.to_string()).as_deref(), Ok(good));
        }
        for wildcard in ["*", "https://*", "https://*.example"] {
            let error = CorsOriginError::Wildcard { text: wildcard.to_owned() };
            assert_eq!(wildcard.parse::<CorsOrigin>(), Err(error));
        }
        assert_eq!("null".parse::<CorsOrigin>(), Err(CorsOriginError::Null));
        for bad in ["", "a.example", "//a.example", "ftp://a.example", "https://", "https://a.example:0"] {
            let error = bad.parse::<CorsOrigin>().unwrap_err();
            assert!(matches!(error, CorsOriginError::NotAnOrigin { .. }), "{bad:?}: {error}");
        }
    }

    #[test]
    fn what_no_browser_would_send_is_refused_with_what_it_would() {
        for (written, origin) in [
            ("https://a.example/", "https://a.example"),
            ("https://a.example/path?q#f", "https://a.example"),
            ("https://me:pw@a.example", "https://a.example"),
            ("https://a.example:443", "https://a.example"),
            ("HTTP://A.example", "http://a.example"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            let error = CorsOriginError::OtherForm { text: written.to_owned(), origin: origin.to_owned() };
            assert_eq!(written.parse::<CorsOrigin>(), Err(error));
        }
    }
}
