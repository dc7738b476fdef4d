//! A failure as the user sees it: status, whose fault, message. Every fallible call of a plugin ends in [`Error`], so
//! that `?` is all it takes; how HTTP failures become one is in [`http`](crate::http).

use std::fmt;

use serde_json::Value;
use wellhead_frame::FrameError;

/// Whose fault a failure is: Grafana's `errorSource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorSource {
    /// The plugin's, or that of what was asked of it.
    Plugin,
    /// The upstream's, or of the way to it.
    Downstream,
}

impl ErrorSource {
    /// Whose fault an upstream's HTTP status is, by the table of Grafana's SDK: a request that no server could have
    /// understood is the plugin's, every other one is downstream's.
    pub const fn of_status(status: u16) -> Self {
        match status {
            405 | 406 | 412 | 413 | 414 | 416 | 417 | 426 | 431 | 501 => Self::Plugin,
            _ => Self::Downstream,
        }
    }

    /// The name in Grafana's JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::Downstream => "downstream",
        }
    }
}

/// A failure with what its reader needs: an HTTP status, whose fault it is, and a sentence to act on.
///
/// The host blanks secret values in the message and in the details.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    status: u16,
    blame: ErrorSource,
    message: String,
    details: Option<Value>,
}

/// Shorthand for results of plugin code.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure with all three named.
    pub fn new(status: u16, blame: ErrorSource, message: impl fmt::Display) -> Self {
        Self { status, blame, message: message.to_string(), details: None }
    }

    /// What was asked makes no sense: status 400.
    pub fn bad_request(message: impl fmt::Display) -> Self {
        Self::new(400, ErrorSource::Plugin, message)
    }

    /// The plugin could not do its work: status 500.
    pub fn plugin(message: impl fmt::Display) -> Self {
        Self::new(500, ErrorSource::Plugin, message)
    }

    /// The upstream failed: status 502.
    pub fn downstream(message: impl fmt::Display) -> Self {
        Self::new(502, ErrorSource::Downstream, message)
    }

    /// The upstream answered with an HTTP status that says no: the same status, blamed by
    /// [`ErrorSource::of_status`].
    pub fn upstream_status(status: u16, message: impl fmt::Display) -> Self {
        Self::new(status, ErrorSource::of_status(status), message)
    }

    /// Replaces the status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Replaces whose fault it is.
    #[must_use]
    pub fn with_source(mut self, blame: ErrorSource) -> Self {
        self.blame = blame;
        self
    }

    /// Adds a JSON object for machines.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Says before the message what was being done: `reading labels: connection refused`.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whose fault it is.
    pub fn error_source(&self) -> ErrorSource {
        self.blame
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The JSON object for machines.
    pub fn details(&self) -> Option<&Value> {
        self.details.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<FrameError> for Error {
    fn from(error: FrameError) -> Self {
        Self::plugin(format_args!("building a frame: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_blames_the_request_is_the_plugins_fault() {
        for status in [405, 406, 412, 413, 414, 416, 417, 426, 431, 501] {
            assert_eq!(ErrorSource::of_status(status), ErrorSource::Plugin, "{status}");
        }
        for status in [400, 401, 403, 404, 429, 500, 502, 503, 504] {
            assert_eq!(ErrorSource::of_status(status), ErrorSource::Downstream, "{status}");
        }
    }

    #[test]
    fn context_stands_before_the_message_and_keeps_the_rest() {
        let error = Error::downstream("connection refused").context("reading labels");
        assert_eq!(error.to_string(), "reading labels: connection refused");
        assert_eq!((error.status(), error.error_source()), (502, ErrorSource::Downstream));
    }
}
