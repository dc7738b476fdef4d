//! Ways an exchange can fail before there is a status, and the status and source that Grafana gives them.

use std::fmt;

use super::Method;
use super::address::Address;
use crate::{Error, ErrorSource};

/// Why there is no answer, or no whole one. The texts say more where there is more to say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The host does not let the plugin go there.
    #[error("the host denies it{}: the data source's URL and the origins granted in its manifest are allowed", tail(.0))]
    Denied(String),
    /// The host name has no address.
    #[error("the host name cannot be resolved{}", tail(.0))]
    Unresolved(String),
    /// Nobody listens there.
    #[error("connection refused{}", tail(.0))]
    Refused(String),
    /// It took longer than it may.
    #[error("no answer in time{}", tail(.0))]
    Timeout(String),
    /// The server's certificate or the handshake is not acceptable.
    #[error("TLS failed{}", tail(.0))]
    Tls(String),
    /// The answer is larger than allowed.
    #[error("the answer is too large{}", tail(.0))]
    TooLarge(String),
    /// The request is not one that can be sent.
    #[error("the request cannot be sent{}", tail(.0))]
    Invalid(String),
    /// The connection broke, or spoke something that is not HTTP.
    #[error("the connection failed{}", tail(.0))]
    Broken(String),
}

fn tail(detail: &str) -> impl fmt::Display + '_ {
    struct Tail<'a>(&'a str);
    impl fmt::Display for Tail<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            if self.0.is_empty() { Ok(()) } else { write!(f, " ({})", self.0) }
        }
    }
    Tail(detail)
}

impl HttpError {
    /// Status and source, by Grafana's rules: a time-out is 504, a refused connection 502, a denied one 403.
    pub fn verdict(&self) -> (u16, ErrorSource) {
        match self {
            Self::Denied(_) => (403, ErrorSource::Plugin),
            Self::Invalid(_) => (400, ErrorSource::Plugin),
            Self::Timeout(_) => (504, ErrorSource::Downstream),
            Self::Unresolved(_) | Self::Refused(_) | Self::Tls(_) | Self::TooLarge(_) | Self::Broken(_) => {
                (502, ErrorSource::Downstream)
            }
        }
    }

    /// The error of a request, which the message names.
    pub(crate) fn of(self, method: &Method, address: &Address) -> Error {
        let (status, source) = self.verdict();
        Error::new(status, source, format_args!("{method} {address}: {self}"))
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        let (status, source) = error.verdict();
        Self::new(status, source, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_get_grafanas_status_and_source() {
        use ErrorSource::{Downstream, Plugin};
        let verdict = |make: fn(String) -> HttpError| make(String::new()).verdict();
        assert_eq!(verdict(HttpError::Timeout), (504, Downstream));
        assert_eq!(verdict(HttpError::Refused), (502, Downstream));
        assert_eq!(verdict(HttpError::Denied), (403, Plugin));
        assert_eq!(verdict(HttpError::Invalid), (400, Plugin));
    }

    #[test]
    fn the_message_names_the_request_but_not_its_query() {
        let address = Address::parse("http://h:1/p?token=1").unwrap();
        let error = HttpError::Refused("h:1".into()).of(&Method::GET, &address);
        assert_eq!(error.message(), "GET http://h:1/p: connection refused (h:1)");
    }
}
