//! What the server says: answers to commands, and pushes that nobody asked for.

use super::ReplyError;
use serde::Serialize;

/// What the server sends from time to time; the client answers with the same.
pub(crate) const PING: &str = "{}";

/// An answer to one command.
#[derive(Debug)]
pub(crate) enum Reply<'a> {
    Connected {
        /// The connection's id.
        client: &'a str,
        /// Of this host.
        version: &'a str,
        /// Seconds between pings.
        ping: u64,
    },
    Subscribed {
        /// A JSON document to begin with.
        data: Option<&'a str>,
    },
    Unsubscribed,
    Published,
    Failed(&'a ReplyError),
}

#[derive(Serialize)]
struct Connected<'a> {
    client: &'a str,
    version: &'a str,
    ping: u64,
    /// Whether the client is to answer pings.
    pong: bool,
}

impl Reply<'_> {
    /// The message that answers command `id`.
    pub(crate) fn message(&self, id: u32) -> String {
        match self {
            Self::Connected { client, version, ping } => {
                keyed(id, "connect", &json(&Connected { client, version, ping: *ping, pong: true }))
            }
            Self::Subscribed { data: Some(data) } => keyed(id, "subscribe", &format!("{{\"data\":{data}}}")),
            Self::Subscribed { data: None } => keyed(id, "subscribe", "{}"),
            Self::Unsubscribed => keyed(id, "unsubscribe", "{}"),
            Self::Published => keyed(id, "publish", "{}"),
            Self::Failed(error) => keyed(id, "error", &json(error)),
        }
    }
}

fn keyed(id: u32, key: &str, value: &str) -> String {
    format!("{{\"id\":{id},\"{key}\":{value}}}")
}

/// Numbers, flags and texts, which cannot fail to be written.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The push of `data`, a JSON document, to those who subscribed to `channel`.
pub(crate) fn publication(channel: &str, data: &[u8]) -> Vec<u8> {
    let start = format!("{{\"push\":{{\"channel\":{},\"pub\":{{\"data\":", json(&channel));
    [start.as_bytes(), data, b"}}}"].concat()
}

/// The push that says that a subscription has ended.
pub(crate) fn unsubscribed(channel: &str, code: u16, reason: &str) -> String {
    let (channel, reason) = (json(&channel), json(&reason));
    format!("{{\"push\":{{\"channel\":{channel},\"unsubscribe\":{{\"code\":{code},\"reason\":{reason}}}}}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_and_pushes_are_written_as_the_client_library_reads_them() {
        let refused = ReplyError::http(404, "no \"such\"");
        let busy = ReplyError::too_many_requests("later");
        let texts = [
            Reply::Connected { client: "c", version: "wellhead 1", ping: 25 }.message(1),
            Reply::Subscribed { data: None }.message(2),
            Reply::Subscribed { data: Some("{\"a\":1}") }.message(2),
            Reply::Unsubscribed.message(3),
            Reply::Published.message(4),
            Reply::Failed(&refused).message(5),
            Reply::Failed(&busy).message(6),
            unsubscribed("1/ds/u/p", 2404, "it is \"gone\""),
            String::from_utf8(publication("1/ds/u/p", b"[1]")).unwrap(),
        ];
        for text in &texts {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
        }
        insta::assert_snapshot!(texts.join("\n"));
    }
}
