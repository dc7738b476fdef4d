//! One HTTP request and what came of it, as `http/*.json` holds them.

use std::collections::BTreeMap;

use http::{
    HeaderMap, Uri,
    header::{CONTENT_LENGTH, SET_COOKIE},
};
use serde::{Deserialize, Serialize};

use super::{Content, Fault};
use crate::{Origin, headers::is_harmless};

/// A request and its outcome.
///
/// ```
/// use wellhead_egress::HttpExchange;
///
/// let written_by_hand = r#"{
///   "request": { "url": "/api/v1/labels" },
///   "response": { "status": 503, "body": { "text": "come back later" } }
/// }"#;
/// let exchange: HttpExchange = serde_json::from_str(written_by_hand).unwrap();
/// assert_eq!(exchange.request.method, "GET");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpExchange {
    /// What the plugin asked.
    pub request: RecordedRequest,
    /// `response` or `error`.
    #[serde(flatten)]
    pub outcome: HttpOutcome,
}

/// What the plugin asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRequest {
    /// GET where it is left out.
    #[serde(default = "get")]
    pub method: String,
    /// Without user and password. One that begins with `/` stands for that path at any origin.
    pub url: String,
    /// Of the plugin's headers those that can hold no secret. For people: requests are told apart without them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    pub body: Content,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HttpOutcome {
    /// An answer.
    Response(RecordedResponse),
    /// None.
    Error(Fault),
}

/// An answer, decompressed, after redirects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedResponse {
    /// 200 where it is left out.
    #[serde(default = "ok")]
    pub status: u16,
    /// All but those that set cookies; several of one name are joined by a comma.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What there was of the body.
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    pub body: Content,
    /// What ended the body, where it did not end by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Fault>,
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

/// The URL as requests are told apart by it: normal form of scheme, host and port, no user, no password.
pub(super) fn plain_url(uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match Origin::of_uri(uri) {
        Ok((origin, _)) => format!("{origin}{path}"),
        Err(_) => path.to_owned(),
    }
}

/// What of a request's headers is kept: what is known to be harmless, since plugins put keys into headers of any name.
pub(super) fn of_request(headers: &HeaderMap) -> BTreeMap<String, String> {
    joined(headers, is_harmless)
}

/// What of a response's headers is kept. Its length is that of the body that is kept.
pub(super) fn of_response(headers: &HeaderMap) -> BTreeMap<String, String> {
    joined(headers, |name| name != SET_COOKIE && name != CONTENT_LENGTH)
}

fn joined(headers: &HeaderMap, keep: impl Fn(&http::HeaderName) -> bool) -> BTreeMap<String, String> {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, value)| keep(name) && !value.is_sensitive()) {
        let value = String::from_utf8_lossy(value.as_bytes());
        kept.entry(name.as_str().to_owned())
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    kept
}
