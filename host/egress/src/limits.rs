//! How long and how much: the bounds of one client. Enforced where they apply; only their values live here.

use std::time::Duration;

/// The bounds of one [`EgressClient`](crate::EgressClient). How many byte connections a data source's clients have together
/// is said by their [`ConnectionPlaces`](crate::ConnectionPlaces). `Duration::MAX` says "none".
///
/// ```
/// use wellhead_egress::EgressLimits;
///
/// let limits = EgressLimits { max_response_bytes: 1024 * 1024, ..EgressLimits::default() };
/// assert_eq!(limits.max_connections, 32);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressLimits {
    /// Waiting for a free connection, resolving, connecting and the TLS handshake together. A caller may ask for less,
    /// not for more. Default 10 s.
    pub connect_timeout: Duration,
    /// From the request being handed to a connection to the head of the response. A caller may ask for less. Default
    /// 60 s: longer than a query's deadline, so that this bounds background work only.
    pub first_byte_timeout: Duration,
    /// Between two pieces of the response's body. A caller may ask for less. Default 60 s.
    pub between_bytes_timeout: Duration,
    /// The whole exchange, body included; `None` for data sources whose responses never end. Default 10 min: what
    /// trickles in for longer only holds a connection.
    pub total_timeout: Option<Duration>,
    /// Bytes of one response's body, counted after decompression. Default 64 MiB.
    pub max_response_bytes: u64,
    /// Open connections for HTTP, busy and idle, over all origins. Default 32.
    pub max_connections: usize,
    /// How long an idle connection is kept. Default 60 s, below the 75 s after which common servers close.
    pub idle_timeout: Duration,
    /// Redirects followed in one exchange. Default 10.
    pub max_redirects: u32,
    /// Further attempts after the first. Only for GET, HEAD and OPTIONS without a body, after a connection failed
    /// before any response, or after a 502, 503 or 504 that names a `Retry-After`. Default 2.
    pub max_retries: u32,
    /// The longest pause before a retry; a `Retry-After` beyond it is not waited for, the response is handed through.
    /// Default 2 s.
    pub max_retry_wait: Duration,
    /// A pinned address is looked up again only after a connection to it failed, and not before it has this age.
    /// Default 30 s.
    pub repin_after: Duration,
}

/// As good as never: thirty years from now can still be reckoned with.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);

impl Default for EgressLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(60),
            between_bytes_timeout: Duration::from_secs(60),
            total_timeout: Some(Duration::from_secs(600)),
            max_response_bytes: 64 * 1024 * 1024,
            max_connections: 32,
            idle_timeout: Duration::from_secs(60),
            max_redirects: 10,
            max_retries: 2,
            max_retry_wait: Duration::from_secs(2),
            repin_after: Duration::from_secs(30),
        }
    }
}

impl EgressLimits {
    /// With spans that no clock runs over from.
    pub(crate) fn bounded(mut self) -> Self {
        let spans = [
            &mut self.connect_timeout,
            &mut self.first_byte_timeout,
            &mut self.between_bytes_timeout,
            &mut self.idle_timeout,
            &mut self.max_retry_wait,
            &mut self.repin_after,
        ];
        for span in spans.into_iter().chain(self.total_timeout.as_mut()) {
            *span = (*span).min(LONGEST);
        }
        self
    }
}
