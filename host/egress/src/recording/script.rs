//! One byte connection from its opening to its end, as `net/*.json` holds it.

use serde::{Deserialize, Serialize};

use super::{Content, Fault};
use crate::{EgressError, TlsInfo};

/// What went over one connection, without TLS, in order.
///
/// ```
/// use wellhead_egress::NetScript;
///
/// let written_by_hand = r#"{ "endpoint": "server", "steps": [
///   { "write": { "text": "PING" } },
///   { "read": { "text": "PONG" } },
///   { "end": {} }
/// ] }"#;
/// let script: NetScript = serde_json::from_str(written_by_hand).unwrap();
/// assert_eq!(script.steps.len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetScript {
    /// The name the manifest has for the endpoint.
    pub endpoint: String,
    /// What happened on it; where it never opened, the error alone.
    pub steps: Vec<NetStep>,
}

/// One step of a connection. Two of a kind in a row are one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NetStep {
    /// What the plugin wrote.
    Write(Content),
    /// What the server said.
    Read(Content),
    /// From here on TLS was spoken.
    StartTls(StartTls),
    /// The plugin said that it writes no more.
    Finish {},
    /// The server says no more.
    End {},
    /// The connection did not open, or broke, or TLS failed.
    Error(Fault),
}

/// What the plugin was told of a TLS session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartTls {
    /// RFC 5929 `tls-server-end-point`; empty where it is not defined.
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    pub server_end_point: Content,
    /// The protocol the server chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
}

impl StartTls {
    pub(super) fn of(info: &TlsInfo) -> Self {
        Self { server_end_point: Content::of(&info.server_end_point), alpn: info.alpn.clone() }
    }

    pub(super) fn info(&self) -> TlsInfo {
        TlsInfo { server_end_point: self.server_end_point.bytes().unwrap_or_default(), alpn: self.alpn.clone() }
    }
}

/// A step while it is being recorded.
#[derive(Debug)]
pub(super) enum RawStep {
    Write(Vec<u8>),
    Read(Vec<u8>),
    StartTls(StartTls),
    Finish,
    End,
    Error(Fault),
}

/// A connection while it is being recorded.
#[derive(Debug, Default)]
pub(super) struct RawScript {
    pub(super) endpoint: String,
    pub(super) steps: Vec<RawStep>,
    over: bool,
}

impl RawScript {
    pub(super) fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), ..Self::default() }
    }

    pub(super) fn wrote(&mut self, bytes: &[u8]) {
        match self.steps.last_mut() {
            _ if bytes.is_empty() => {}
            Some(RawStep::Write(so_far)) => so_far.extend_from_slice(bytes),
            _ => self.steps.push(RawStep::Write(bytes.to_vec())),
        }
    }

    pub(super) fn read(&mut self, bytes: &[u8]) {
        match self.steps.last_mut() {
            _ if bytes.is_empty() => {}
            Some(RawStep::Read(so_far)) => so_far.extend_from_slice(bytes),
            _ => self.steps.push(RawStep::Read(bytes.to_vec())),
        }
    }

    pub(super) fn push(&mut self, step: RawStep) {
        self.steps.push(step);
    }

    /// The end, or the error that was one: it is told once, however often it is met.
    pub(super) fn ended(&mut self, error: Option<&EgressError>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        match error {
            None => self.steps.push(RawStep::End),
            Some(error) => self.steps.extend(Fault::of(error).map(RawStep::Error)),
        }
    }

    /// As it is kept, every content blanked by `blank`.
    pub(super) fn kept(&self, blank: impl Fn(&[u8]) -> Content, blank_text: impl Fn(&str) -> String) -> NetScript {
        let step = |step: &RawStep| match step {
            RawStep::Write(bytes) => NetStep::Write(blank(bytes)),
            RawStep::Read(bytes) => NetStep::Read(blank(bytes)),
            RawStep::StartTls(info) => NetStep::StartTls(info.clone()),
            RawStep::Finish => NetStep::Finish {},
            RawStep::End => NetStep::End {},
            RawStep::Error(fault) => NetStep::Error(fault.clone().redacted(&blank_text)),
        };
        NetScript { endpoint: self.endpoint.clone(), steps: self.steps.iter().map(step).collect() }
    }
}
