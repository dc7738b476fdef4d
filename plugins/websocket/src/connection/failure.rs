//! Why there is no connection, or no more of it, and whether to try again: what time may mend is tried again, what only a
//! person can is told.

use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as WsError, http};
use wellhead_sdk::Error;
use wellhead_sdk::net::NetError;

/// Most characters of an endpoint's own words that are repeated.
const SHOWN: usize = 200;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Trying again without a change would fail again.
    pub(crate) is_permanent: bool,
}

impl Failure {
    /// What time may mend.
    pub(crate) fn passing(message: impl std::fmt::Display) -> Self {
        Self { error: Error::downstream(message), is_permanent: false }
    }

    fn permanent(message: impl std::fmt::Display) -> Self {
        Self { error: Error::downstream(message), is_permanent: true }
    }

    /// The way there failed.
    pub(crate) fn of_net(error: NetError) -> Self {
        let is_permanent = matches!(error, NetError::Denied(_) | NetError::InvalidSetting(_) | NetError::Tls(_));
        Self { error: error.into(), is_permanent }
    }

    /// The endpoint at this URL did not agree to speak WebSocket.
    pub(crate) fn of_handshake(error: &WsError, url: &str) -> Self {
        match error {
            WsError::Http(response) => Self::of_status(response, url),
            WsError::Protocol(ProtocolError::SecWebSocketSubProtocolError(error)) => Self::permanent(match error {
                SubProtocolError::NoSubProtocol => {
                    format!("{url} speaks none of the subprotocols offered: check jsonData.subprotocols")
                }
                SubProtocolError::InvalidSubProtocol => {
                    format!("{url} chose a subprotocol that was not offered: check jsonData.subprotocols")
                }
                SubProtocolError::ServerSentSubProtocolNoneRequested => {
                    format!("{url} wants a subprotocol: set jsonData.subprotocols")
                }
            }),
            WsError::Protocol(ProtocolError::HandshakeIncomplete) => {
                Self::passing(format_args!("{url} hung up in the middle of the handshake"))
            }
            WsError::Io(_) => Self::of_connection(error, url),
            other => Self::permanent(format_args!("{url} does not speak WebSocket ({other}): check url and path")),
        }
    }

    fn of_status(response: &Response, url: &str) -> Self {
        let status = response.status();
        let location = response.headers().get(http::header::LOCATION).and_then(|value| value.to_str().ok());
        let cure = match status.as_u16() {
            401 => ": check the credentials".to_owned(),
            403 => ": these credentials may not, or a header such as Origin is missing".to_owned(),
            404 => ": there is nothing at this path; check url and path".to_owned(),
            200..=299 | 426 => ": it answers, and does not speak WebSocket there; check url and path".to_owned(),
            300..=399 => match location {
                Some(location) => format!(" and sends us to {:?}: set url to that, if it is right", shown(location)),
                None => ": set url to where it sends us".to_owned(),
            },
            _ => String::new(),
        };
        let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let said = if body.trim().is_empty() { String::new() } else { format!(". It says: {}", shown(body.trim())) };
        let message = format!("{url} refuses the handshake with {status}{cure}{said}");
        // Too many at once, or out of order for now.
        let is_passing = matches!(status.as_u16(), 408 | 425 | 429 | 500..=599);
        let error = match status.as_u16() {
            code @ 400..=599 => Error::downstream(message).with_status(code),
            _ => Error::downstream(message),
        };
        Self { error, is_permanent: !is_passing }
    }

    /// A connection that was there broke.
    pub(crate) fn of_connection(error: &WsError, url: &str) -> Self {
        match error {
            WsError::Io(io) => match NetError::find(io) {
                Some(error) => Self::of_net(error.clone()),
                None => Self::passing(format_args!("{url}: {io}")),
            },
            WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => Self::passing(format_args!(
                "{url} sent a message of {size} bytes or more, and {max_size} are allowed: raise jsonData.maxMessageBytes"
            )),
            WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Self::passing(format_args!("{url} hung up without a word"))
            }
            WsError::Utf8(_) => {
                Self::passing(format_args!("{url} sent a text that is no UTF-8, which ends a connection"))
            }
            other => Self::passing(format_args!("{url} breaks the protocol: {other}")),
        }
    }

    /// The endpoint closed. Codes: RFC 6455, 7.4, and IANA's registry.
    pub(crate) fn of_close(frame: Option<&CloseFrame>, url: &str) -> Self {
        let Some(frame) = frame else { return Self::passing(format_args!("{url} closed the connection")) };
        let code = u16::from(frame.code);
        let meaning = match code {
            1000 => "all is done",
            1001 => "it goes away",
            1002 => "we broke the protocol",
            1003 => "it does not take this kind of message",
            1007 => "it cannot read what it was sent",
            1008 => "its policy forbids it",
            1009 => "what it was sent is too long",
            1010 => "it wants an extension",
            1011 => "it failed",
            1012 => "it restarts",
            1013 => "try again later",
            1014 => "what is behind it failed",
            3000 => "it wants credentials",
            3003 => "it forbids it",
            4000..=4999 => "its own",
            _ => "unknown",
        };
        let reason = frame.reason.as_str().trim();
        let said = if reason.is_empty() { String::new() } else { format!(": {}", shown(reason)) };
        let message = format!("{url} closed the connection with code {code} ({meaning}){said}");
        // What it was sent, or who we are, does not please it: the same again will not.
        match code {
            1003 | 1007..=1010 | 3000 | 3003 | 4000..=4999 => Self::permanent(message),
            _ => Self::passing(message),
        }
    }
}

/// The start of what somebody else wrote, on one line.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("{start}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

    fn refused(status: u16, location: Option<&str>) -> Failure {
        let mut response = http::Response::builder().status(status);
        if let Some(location) = location {
            response = response.header("Location", location);
        }
        let response = response.body(Some(b"no\r\nway".to_vec())).unwrap();
        Failure::of_handshake(&WsError::Http(Box::new(response)), "ws://db/")
    }

    #[test]
    fn a_refused_handshake_has_its_status_and_a_cure() {
        for (status, expected, is_permanent) in [
            (401, "check the credentials", true),
            (403, "Origin", true),
            (404, "nothing at this path", true),
            (200, "does not speak WebSocket", true),
            (426, "does not speak WebSocket", true),
            (429, "429 Too Many Requests. It says: no  way", false),
            (503, "503 Service Unavailable", false),
        ] {
            let failure = refused(status, None);
            assert_eq!(failure.is_permanent, is_permanent, "{status}");
            assert!(failure.error.message().contains(expected), "{}", failure.error);
            let expected = if status == 200 { 502 } else { status };
            assert_eq!((failure.error.status(), failure.error.error_source().as_str()), (expected, "downstream"));
        }
        let moved = refused(302, Some("https://elsewhere/"));
        assert!(moved.is_permanent && moved.error.message().contains("\"https://elsewhere/\""), "{}", moved.error);
    }

    #[test]
    fn close_codes_say_whether_to_try_again() {
        for (code, is_permanent) in [
            (1000, false),
            (1001, false),
            (1003, true),
            (1008, true),
            (1011, false),
            (1012, false),
            (1013, false),
            (3000, true),
            (4001, true),
            (4999, true),
        ] {
            let frame = CloseFrame { code: CloseCode::from(code), reason: "bad token".into() };
            let failure = Failure::of_close(Some(&frame), "ws://db/");
            assert_eq!(failure.is_permanent, is_permanent, "{code}");
            let text = failure.error.message();
            assert!(text.contains(&format!("code {code} (")) && text.ends_with(": bad token"), "{text}");
        }
        assert!(!Failure::of_close(None, "ws://db/").is_permanent);
    }
}
