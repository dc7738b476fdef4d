//! Why there is no connection, or no more of it. The texts are the host's: whole sentences, with the cure.

use std::io;

use crate::{Error, ErrorSource};

/// Why there is no connection, or no more of it. Reads and writes fail with an [`io::Error`] that holds one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Not an endpoint of the data source, or at an address it may not have.
    #[error("{0}")]
    Denied(String),
    /// The host name has no address.
    #[error("{0}")]
    Unresolved(String),
    /// Nobody listens there, or there is no way.
    #[error("{0}")]
    Refused(String),
    /// It took longer than it may.
    #[error("{0}")]
    Timeout(String),
    /// A setting of the data source names no server.
    #[error("{0}")]
    InvalidSetting(String),
    /// The server's certificate or the handshake is not acceptable.
    #[error("{0}")]
    Tls(String),
    /// The connection broke, or this side of it is closed.
    #[error("{0}")]
    Closed(String),
    /// More than the data source may have.
    #[error("{0}")]
    Limit(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl NetError {
    /// Status and source, by Grafana's rules: as those of [`HttpError`](crate::http::HttpError).
    pub fn verdict(&self) -> (u16, ErrorSource) {
        match self {
            Self::Denied(_) => (403, ErrorSource::Plugin),
            Self::InvalidSetting(_) => (400, ErrorSource::Plugin),
            Self::Limit(_) => (503, ErrorSource::Plugin),
            Self::Other(_) => (500, ErrorSource::Plugin),
            Self::Timeout(_) => (504, ErrorSource::Downstream),
            Self::Unresolved(_) | Self::Refused(_) | Self::Tls(_) | Self::Closed(_) => (502, ErrorSource::Downstream),
        }
    }

    /// What is inside an error of a driver, wherever in its chain of sources that is.
    pub fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            // An io::Error's source is that of what it wraps, which skips the wrapped error itself.
            let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            next = wrapped.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| error.source());
        }
        None
    }
}

impl From<NetError> for Error {
    fn from(error: NetError) -> Self {
        let (status, source) = error.verdict();
        Self::new(status, source, error)
    }
}

impl From<NetError> for io::Error {
    fn from(error: NetError) -> Self {
        let kind = match error {
            NetError::Denied(_) => io::ErrorKind::PermissionDenied,
            NetError::Refused(_) => io::ErrorKind::ConnectionRefused,
            NetError::Timeout(_) => io::ErrorKind::TimedOut,
            NetError::Closed(_) => io::ErrorKind::ConnectionReset,
            NetError::Limit(_) => io::ErrorKind::QuotaExceeded,
            NetError::InvalidSetting(_) => io::ErrorKind::InvalidInput,
            NetError::Unresolved(_) | NetError::Tls(_) | NetError::Other(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_sentence_is_found_wherever_a_driver_has_put_it() {
        #[derive(Debug, thiserror::Error)]
        #[error("error communicating with the server")]
        struct Driver(#[source] io::Error);

        let error = Driver(NetError::Closed("db:1: the connection was lost".into()).into());
        let found = NetError::find(&error).unwrap();
        assert_eq!(found.to_string(), "db:1: the connection was lost");
        assert_eq!(found.verdict(), (502, ErrorSource::Downstream));
        assert_eq!(NetError::find(&io::Error::other("else")), None);
    }
}
