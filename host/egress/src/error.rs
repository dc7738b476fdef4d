//! The one error of this crate. A message names the thing, the limit and the cure; it never holds a secret, the user
//! part of a URL or a query string. What status an HTTP API answers is only hinted at here.

use std::{net::IpAddr, time::Duration};

use crate::{AddressClass, Origin};

/// Which clock ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// Resolving the name, connecting, and the TLS handshake; waiting for a free connection counts too.
    Connect,
    /// The TLS handshake of a byte connection that was open already.
    Handshake,
    /// From the request being handed to a connection to the head of the response.
    FirstByte,
    /// Between two pieces of the response's body.
    BetweenBytes,
    /// The whole exchange: redirects, retries and the response's body.
    Total,
}

impl TimeoutKind {
    /// The name of the limit, as settings spell it.
    #[must_use]
    pub fn limit_name(self) -> &'static str {
        match self {
            Self::Connect | Self::Handshake => "connect_timeout",
            Self::FirstByte => "first_byte_timeout",
            Self::BetweenBytes => "between_bytes_timeout",
            Self::Total => "total_timeout",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Connect => "no connection",
            Self::Handshake => "the TLS handshake was not over",
            Self::FirstByte => "no response",
            Self::BetweenBytes => "no further byte of the response",
            Self::Total => "the exchange was not over",
        }
    }
}

/// Why a request did not leave, or did not come back whole.
///
/// ```
/// use wellhead_egress::{EgressError, Origin, TimeoutKind};
///
/// let error = EgressError::Timeout {
///     origin: Origin::parse("http://db.example.com:8123")?,
///     which: TimeoutKind::FirstByte,
///     after: std::time::Duration::from_secs(30),
/// };
/// assert!(error.is_timeout());
/// assert_eq!(error.status_hint(), 504);
/// assert_eq!(error.to_string(), "http://db.example.com:8123: no response after 30s (first_byte_timeout)");
/// # Ok::<(), EgressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The origin is not on the data source's allow-list.
    #[error("{origin} is not an origin of this data source; allowed: {}; {}", list(.allowed), cure(.note.as_deref()))]
    Denied {
        /// What was asked for.
        origin: Origin,
        /// What may be asked for.
        allowed: Vec<Origin>,
        /// Why the data source's own URL is not among them, where that is so.
        note: Option<String>,
    },
    /// The address is not one of the data source's endpoints.
    #[error(
        "`{endpoint}` is not an endpoint of this data source; allowed: {}; {}",
        list(.allowed), endpoint_cure(.note.as_deref())
    )]
    DeniedEndpoint {
        /// What was asked for, or its start.
        endpoint: String,
        /// What may be asked for.
        allowed: Vec<Origin>,
        /// What is wrong with one that has no address.
        note: Option<String>,
    },
    /// The origin is allowed, but the address its host has is not: see [`AddressClass`].
    #[error("{origin}: its host is at {address}, a {class} address, which {reason}")]
    DeniedAddress {
        /// What was asked for.
        origin: Origin,
        /// Where its host is (the first address, where it has several).
        address: IpAddr,
        /// What kind of address that is.
        class: AddressClass,
        /// The rule, and what to do about it.
        reason: &'static str,
    },
    /// The host has no address, or the resolver failed.
    #[error("{origin}: cannot resolve the host: {reason}; check the URL's host name and this machine's DNS settings")]
    Unresolved {
        /// What was asked for.
        origin: Origin,
        /// What the resolver said.
        reason: String,
    },
    /// Nobody listens there: connection refused.
    #[error("{origin}: connection refused; check that the server is up and listens on that port")]
    Refused {
        /// What was asked for.
        origin: Origin,
    },
    /// The network said no in another way: unreachable, reset while connecting.
    #[error("{origin}: cannot connect: {reason}; check the address, the routes and the firewalls on the way")]
    Unreachable {
        /// What was asked for.
        origin: Origin,
        /// What the operating system said.
        reason: String,
    },
    /// A proxy stood in the way.
    #[error("{origin}: the proxy {proxy} {reason}; check HTTP_PROXY, HTTPS_PROXY and NO_PROXY")]
    Proxy {
        /// What was asked for.
        origin: Origin,
        /// The proxy.
        proxy: Origin,
        /// What it did.
        reason: String,
    },
    /// A clock ran out.
    #[error("{origin}: {} after {after:?} ({})", .which.what(), .which.limit_name())]
    Timeout {
        /// What was asked for.
        origin: Origin,
        /// Which clock.
        which: TimeoutKind,
        /// What it was set to.
        after: Duration,
    },
    /// The TLS handshake failed: certificate, name or protocol.
    #[error("{origin}: TLS: {reason}")]
    Tls {
        /// What was asked for.
        origin: Origin,
        /// What was wrong, and the setting that cures it.
        reason: String,
    },
    /// The connection ended before the response was whole.
    #[error("{origin}: the connection ended before the response was whole: {reason}")]
    Disconnected {
        /// What was asked for.
        origin: Origin,
        /// What the protocol or the operating system said.
        reason: String,
    },
    /// A byte connection broke.
    #[error("{origin}: the connection was lost: {reason}")]
    Lost {
        /// What it led to.
        origin: Origin,
        /// What the protocol or the operating system said.
        reason: String,
    },
    /// What came back is not HTTP, or its compression is broken.
    #[error("{origin}: the response is not valid: {reason}")]
    InvalidResponse {
        /// What was asked for.
        origin: Origin,
        /// What was wrong.
        reason: String,
    },
    /// A limit of [`EgressLimits`](crate::EgressLimits) was hit.
    #[error("{origin}: {name} allows {limit}, {actual} asked for; ask for less, or raise the limit")]
    LimitExceeded {
        /// What was asked for.
        origin: Origin,
        /// The limit's name.
        name: &'static str,
        /// What it allows.
        limit: u64,
        /// What was asked for; of a response whose length is not known, what was there when the limit was hit.
        actual: u64,
    },
    /// The data source has as many byte connections as it may have.
    #[error(
        "{origin}: all {limit} connections that this data source may have are open{}; keep fewer open (maxOpenConns of \
         SQL data sources), or raise the limit `connections`",
        held_elsewhere(*.elsewhere)
    )]
    TooManyConnections {
        /// What was asked for.
        origin: Origin,
        /// What is allowed.
        limit: u64,
        /// How many of them other instances of the data source have.
        elsewhere: u64,
    },
    /// One redirect more than allowed.
    #[error("{origin}: redirected more than {limit} times (max_redirects); does the server redirect in a circle?")]
    TooManyRedirects {
        /// Where the last response came from.
        origin: Origin,
        /// What is allowed.
        limit: u32,
    },
    /// A redirect that cannot be followed.
    #[error("{origin}: cannot follow the redirect: {reason}")]
    Redirect {
        /// Where the response came from.
        origin: Origin,
        /// What was wrong.
        reason: String,
    },
    /// A URL that names no HTTP origin.
    #[error("invalid URL: {reason}")]
    InvalidUrl {
        /// What was wrong; only scheme, host and port of the URL are ever quoted.
        reason: String,
    },
    /// The address of a server that is none.
    #[error("this is no address of a server: {reason}; write it as host:port")]
    InvalidEndpoint {
        /// What was wrong; nothing of the address is ever quoted, as there may be a password in it.
        reason: String,
    },
    /// A request header the caller may not set, or a body that is not as long as its header says.
    #[error("invalid request: {reason}")]
    InvalidRequest {
        /// What was wrong.
        reason: String,
    },
    /// A data source setting that cannot be used: a header name, a password with a line break.
    #[error("data source setting `{setting}`: {reason}")]
    InvalidSetting {
        /// The key in the data source's settings.
        setting: String,
        /// What was wrong.
        reason: String,
    },
    /// TLS material that cannot be used.
    #[error("TLS setting `{setting}`: {reason}")]
    InvalidTls {
        /// The key in the data source's settings, or `roots`.
        setting: &'static str,
        /// What was wrong.
        reason: String,
    },
    /// A proxy setting that cannot be used.
    #[error("proxy setting `{setting}`: {reason}")]
    InvalidProxy {
        /// The environment variable, or the field of [`ProxySettings`](crate::ProxySettings).
        setting: &'static str,
        /// What was wrong.
        reason: String,
    },
    /// A replay was asked for what its recording does not have.
    #[error("not in the recording: {reason}")]
    NotRecorded {
        /// What was asked for, and how it differs from what is nearest to it; secrets in it are blanked.
        reason: String,
    },
    /// The caller's own request body failed while it was sent.
    #[error("the request's body failed: {reason}")]
    RequestBody {
        /// What the body said.
        reason: String,
    },
}

impl EgressError {
    /// A clock ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// There was no connection to send the request on (a connect time-out is both this and a time-out).
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(
            self,
            Self::Unresolved { .. }
                | Self::Refused { .. }
                | Self::Unreachable { .. }
                | Self::Proxy { .. }
                | Self::Tls { .. }
                | Self::Timeout { which: TimeoutKind::Connect | TimeoutKind::Handshake, .. }
        )
    }

    /// The policy said no; asking again will not help.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::DeniedEndpoint { .. } | Self::DeniedAddress { .. })
    }

    /// A limit was hit.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::LimitExceeded { .. } | Self::TooManyConnections { .. } | Self::TooManyRedirects { .. })
    }

    /// The caller or the settings are at fault, not the upstream.
    #[must_use]
    pub fn is_callers_fault(&self) -> bool {
        matches!(
            self,
            Self::InvalidUrl { .. }
                | Self::InvalidEndpoint { .. }
                | Self::InvalidRequest { .. }
                | Self::InvalidSetting { .. }
                | Self::InvalidTls { .. }
                | Self::InvalidProxy { .. }
                | Self::RequestBody { .. }
        )
    }

    /// The HTTP status an API in front may answer with: 504 for time-outs, 403 for denials, 400 where the caller is at
    /// fault, 502 for everything that is the upstream's.
    #[must_use]
    pub fn status_hint(&self) -> u16 {
        match self {
            error if error.is_timeout() => 504,
            error if error.is_denied() => 403,
            error if error.is_callers_fault() => 400,
            _ => 502,
        }
    }
}

fn list(origins: &[Origin]) -> String {
    if origins.is_empty() {
        return "none".to_owned();
    }
    origins.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn held_elsewhere(places: u64) -> String {
    match places {
        0 => String::new(),
        places => format!(
            ", {places} of them by other instances of it (one that was replaced gives them back when its calls are over)"
        ),
    }
}

fn cure(note: Option<&str>) -> String {
    const CURE: &str =
        "correct the data source's URL, or add the origin to `wellhead.origins` in the plugin's manifest and grant it";
    note.map_or_else(|| CURE.to_owned(), |note| format!("{note}; {CURE}"))
}

fn endpoint_cure(note: Option<&str>) -> String {
    const CURE: &str = "correct the data source's URL, or name the setting with the address in `wellhead.endpoints` of \
                        the plugin's manifest";
    note.map_or_else(|| CURE.to_owned(), |note| format!("{note}; {CURE}"))
}
