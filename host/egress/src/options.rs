//! What a caller may choose for one request.

use std::time::Duration;

/// Whether redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirects {
    /// Followed, each target checked as if the caller had asked for it.
    #[default]
    Follow,
    /// Handed to the caller as they come, as a proxy does.
    HandOver,
}

/// What a caller may choose for one request. A time-out is capped by the client's [`EgressLimits`](crate::EgressLimits):
/// `None` means the limit itself.
///
/// ```
/// use std::time::Duration;
/// use wellhead_egress::RequestOptions;
///
/// let hurried = RequestOptions { first_byte_timeout: Some(Duration::from_secs(5)), ..RequestOptions::default() };
/// assert_eq!(hurried.connect_timeout, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestOptions {
    /// See [`EgressLimits::connect_timeout`](crate::EgressLimits::connect_timeout).
    pub connect_timeout: Option<Duration>,
    /// See [`EgressLimits::first_byte_timeout`](crate::EgressLimits::first_byte_timeout).
    pub first_byte_timeout: Option<Duration>,
    /// See [`EgressLimits::between_bytes_timeout`](crate::EgressLimits::between_bytes_timeout).
    pub between_bytes_timeout: Option<Duration>,
    /// Whether redirects are followed.
    pub redirects: Redirects,
}
