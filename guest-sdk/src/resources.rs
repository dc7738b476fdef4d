//! HTTP-shaped calls that editors and tools make of a data source: lists of labels, tables, whatever the plugin offers
//! below `/api/datasources/uid/:uid/resources/`. Optional; bodies stream both ways.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use futures::stream::{self, Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{DataSource, Error, RequestContext, json};

/// A data source that answers resource calls too.
pub trait Resources: DataSource {
    /// Answers one call. When nobody waits any more the future is dropped, and so is the body it made.
    fn call_resource(
        &self,
        ctx: &RequestContext,
        request: ResourceRequest,
    ) -> impl Future<Output = Result<ResourceResponse, Error>>;
}

/// What a client asks.
#[derive(Debug)]
pub struct ResourceRequest {
    /// Any method.
    pub method: Method,
    /// Without leading slash, still percent-encoded, never with `..`.
    pub path: String,
    /// Without `?`, still percent-encoded.
    pub query: String,
    /// The client's headers.
    pub headers: HeaderMap,
    /// The client's body.
    pub body: Body,
}

impl ResourceRequest {
    /// The segments of the path, decoded: `label/job/values` is `["label", "job", "values"]`.
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
    }

    /// The pairs of the query, decoded, in order.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
            })
            .collect()
    }

    /// The first value of this key in the query, decoded.
    pub fn param(&self, key: &str) -> Option<String> {
        self.pairs().into_iter().find_map(|(name, value)| (name == key).then_some(value))
    }

    /// Reads the body as JSON, at most `limit` bytes of it. An error names the key and is the client's to mend.
    pub async fn json<T: DeserializeOwned>(self, limit: usize) -> Result<T, Error> {
        let body = self.body.collect(limit).await?;
        json::read_slice("body", &body).map_err(Error::bad_request)
    }
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// What the plugin answers.
#[derive(Debug)]
pub struct ResourceResponse {
    /// Any final status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl ResourceResponse {
    /// Status 200 and a body of this type.
    pub fn new(content_type: &'static str, body: impl Into<Body>) -> Self {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status: StatusCode::OK, headers, body: body.into() }
    }

    /// Status 200 and a value as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, Error> {
        match serde_json::to_vec(value) {
            Ok(body) => Ok(Self::new("application/json", body)),
            Err(error) => Err(Error::plugin(format_args!("writing the answer as JSON: {error}"))),
        }
    }

    /// Status 404 and a JSON body that says what there is not.
    pub fn not_found(path: &str) -> Self {
        let body = serde_json::json!({ "message": format!("there is no resource {path:?}") });
        Self { status: StatusCode::NOT_FOUND, ..Self::new("application/json", body.to_string().into_bytes()) }
    }

    /// Replaces the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

/// A body in chunks. An error is its last item and marks it as broken.
pub struct Body(Pin<Box<dyn Stream<Item = Result<Vec<u8>, Error>>>>);

impl Body {
    /// A body that comes chunk by chunk.
    pub fn stream(chunks: impl Stream<Item = Result<Vec<u8>, Error>> + 'static) -> Self {
        Self(Box::pin(chunks))
    }

    /// The next chunk, `None` at the end.
    pub async fn chunk(&mut self) -> Option<Result<Vec<u8>, Error>> {
        self.0.next().await
    }

    /// The whole body, at most `limit` bytes of it: past that an error of status 413, and the rest is not read.
    pub async fn collect(mut self, limit: usize) -> Result<Vec<u8>, Error> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await {
            let chunk = chunk?;
            let size = whole.len() + chunk.len();
            if size > limit {
                let what = format_args!("the body has more than the {limit} bytes allowed here: send less");
                return Err(Error::bad_request(what).with_status(413));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }
}

impl From<Vec<u8>> for Body {
    fn from(body: Vec<u8>) -> Self {
        Self::stream(stream::iter((!body.is_empty()).then_some(Ok(body))))
    }
}

impl From<String> for Body {
    fn from(body: String) -> Self {
        body.into_bytes().into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    fn request(path: &str, query: &str, body: &str) -> ResourceRequest {
        ResourceRequest {
            method: Method::GET,
            path: path.into(),
            query: query.into(),
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn path_and_query_come_decoded() {
        let request = request("label/a%2Fb/values", "match=up%7B%7D&match=b+c&flag", "");
        assert_eq!(request.segments(), ["label", "a/b", "values"]);
        let pairs: Vec<_> = request.pairs().into_iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(pairs, ["match=up{}", "match=b c", "flag="]);
        assert_eq!(request.param("match").as_deref(), Some("up{}"));
        assert_eq!(request.param("none"), None);
    }

    #[test]
    fn a_body_is_read_no_further_than_the_limit() {
        let read = |limit| block_on(request("", "", "[1,2]").json::<Vec<u8>>(limit));
        assert_eq!(read(5).unwrap(), [1, 2]);
        assert_eq!(read(4).unwrap_err().status(), 413);
    }

    #[test]
    fn a_wrong_body_is_a_bad_request_that_names_the_place() {
        let error = block_on(request("", "", "[1,\"x\"]").json::<Vec<u8>>(100)).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.message().starts_with("body[1]: "), "{error}");
    }
}
