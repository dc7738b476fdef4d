//! The protocol's numbers. A client acts on them: it comes back, stays away, or subscribes again.

use serde::Serialize;
use std::borrow::Cow;

/// Why a connection ends. The number is the code of WebSocket's close frame; from 3000 to 3499 the client connects again by
/// itself, from 3500 on it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disconnect {
    /// A message longer than allowed: WebSocket's own code (RFC 6455, 7.4.1), which the client knows.
    TooLong,
    /// The server ends.
    Shutdown,
    /// A ping was not answered.
    NoPong,
    /// What the client signed in with holds no more.
    InvalidToken,
    /// A message that no client sends.
    BadRequest,
    /// Nobody said `connect`.
    Stale,
    /// A command that wants no answer, and would be lost here.
    NotAvailable,
}

impl Disconnect {
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::TooLong => 1009,
            Self::Shutdown => 3001,
            Self::NoPong => 3012,
            Self::InvalidToken => 3500,
            Self::BadRequest => 3501,
            Self::Stale => 3502,
            Self::NotAvailable => 3508,
        }
    }

    /// The library's words; shorter than the 123 bytes that a close frame can hold.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "message size limit exceeded",
            Self::Shutdown => "shutdown",
            Self::NoPong => "no pong",
            Self::InvalidToken => "invalid token",
            Self::BadRequest => "bad request",
            Self::Stale => "stale",
            Self::NotAvailable => "not available",
        }
    }
}

/// Why a command failed. A client tries again by itself where the error is temporary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ReplyError {
    code: u16,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "is_false")]
    temporary: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl ReplyError {
    /// A failure of a channel, by the HTTP status that says the same: Grafana's own way, so 404 and 403. The server's
    /// failures pass, and so does too much at once.
    pub(crate) fn http(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: status, message: message.into(), temporary: passes(status) }
    }

    /// One of the library's own codes, which all lie below HTTP's.
    const fn library(code: u16, message: Cow<'static, str>, temporary: bool) -> Self {
        Self { code, message, temporary }
    }

    /// The server's own failure.
    pub(crate) fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::library(100, message.into(), true)
    }

    /// Wrong credentials, or none.
    pub(crate) fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::library(101, message.into(), false)
    }

    pub(crate) const fn method_not_found() -> Self {
        Self::library(104, Cow::Borrowed("method not found"), false)
    }

    pub(crate) const fn already_subscribed() -> Self {
        Self::library(105, Cow::Borrowed("already subscribed"), false)
    }

    /// The message names the limit.
    pub(crate) fn limit_exceeded(message: impl Into<Cow<'static, str>>) -> Self {
        Self::library(106, message.into(), false)
    }

    pub(crate) const fn not_available() -> Self {
        Self::library(108, Cow::Borrowed("not available"), false)
    }

    /// Later it may go.
    pub(crate) fn too_many_requests(message: impl Into<Cow<'static, str>>) -> Self {
        Self::library(111, message.into(), true)
    }
}

/// Whether what failed with an HTTP status is worth another try by itself.
fn passes(status: u16) -> bool {
    status == 429 || (status >= 500 && status != 501)
}

/// How a client is told that a subscription ended which it did not end, by the HTTP status that says why. It subscribes
/// again by itself from 2500 on; the library keeps 2000 to 2099 and 2500 to 2599 for itself.
pub(crate) fn unsubscribe_code(status: u16) -> u16 {
    // 404 becomes 2404, and 503 becomes 2603.
    let kind = if passes(status) { 2600 } else { 2400 };
    kind + status % 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_subscribes_again_only_where_that_may_help() {
        for (status, code) in [(403, 2403), (404, 2404), (429, 2629), (501, 2401), (500, 2600), (503, 2603)] {
            assert_eq!(unsubscribe_code(status), code, "{status}");
            let text = serde_json::to_string(&ReplyError::http(status, "x")).unwrap();
            assert_eq!(text.contains("temporary"), code >= 2500, "{text}");
        }
    }
}
