//! A request in the making. A mistake in one of its parts is kept and comes out where it is sent, so that parts chain.

use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;

use super::address::{self, Address};
use super::{HeaderMap, HeaderName, HeaderValue, HttpError, Method, Outgoing, Response, header, transport};
use crate::{Error, RequestContext};

/// A request that is not sent yet.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    method: Method,
    address: Result<Address, Error>,
    headers: HeaderMap,
    body: Vec<u8>,
    patience: Duration,
    max_body: usize,
}

impl RequestBuilder {
    pub(super) fn new(
        method: Method,
        address: Result<Address, String>,
        client: HeaderMap,
        max_body: usize,
        ctx: &RequestContext,
    ) -> Self {
        let mut headers = HeaderMap::new();
        let forwarded = ctx.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let trace = ctx.traceparent.as_deref().map(|value| ("traceparent", value));
        for (name, value) in forwarded.chain(trace) {
            // The host made them; one that is malformed all the same is not worth failing for.
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
                headers.insert(name, value);
            }
        }
        // What the author set wins over what the caller sent.
        headers.extend(client);
        let address = address.map_err(Error::bad_request);
        Self { method, address, headers, body: Vec::new(), patience: patience(ctx.remaining()), max_body }
    }

    /// Adds a pair to the query of the URL, encoded.
    pub fn query(mut self, key: &str, value: impl Display) -> Self {
        if let Ok(address) = &mut self.address {
            address.push_pair(key, &value.to_string());
        }
        self
    }

    /// Adds pairs to the query of the URL, encoded.
    pub fn queries<K: AsRef<str>, V: AsRef<str>>(mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        for (key, value) in pairs {
            self = self.query(key.as_ref(), value.as_ref());
        }
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(value)) => {
                self.headers.insert(name, value);
            }
            _ => self.fail(Error::bad_request(format_args!("header {name:?} has characters no header may have"))),
        }
        self
    }

    /// Sends a body as it stands.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = self.header(header::CONTENT_TYPE.as_str(), content_type);
        request.body = body.into();
        request
    }

    /// Sends a value as JSON.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body("application/json", body),
            Err(error) => {
                self.fail(Error::plugin(format_args!("writing the request as JSON: {error}")));
                self
            }
        }
    }

    /// Sends pairs as a form, encoded.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs: Vec<_> = pairs.into_iter().map(|(key, value)| address::pair(key.as_ref(), value.as_ref())).collect();
        self.body("application/x-www-form-urlencoded", pairs.join("&"))
    }

    /// Waits for each step (connecting, the first byte, the gap between two reads) no longer than this; the call's budget
    /// is a bound at any rate.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.patience = self.patience.min(limit);
        self
    }

    /// Sends it and waits for status and headers. A status other than 2xx is an error that quotes the answer.
    pub async fn send(self) -> Result<Response, Error> {
        self.send_any_status().await?.error_for_status().await
    }

    /// Sends it and waits for status and headers, whatever they are.
    pub async fn send_any_status(self) -> Result<Response, Error> {
        let Self { method, address, headers, body, patience, max_body } = self;
        let address = address?;
        let outgoing = Outgoing { method: method.clone(), address: address.clone(), headers, body, patience };
        match transport::send(outgoing).await {
            Ok(incoming) => Ok(Response::new(method, address, incoming, max_body)),
            Err(HttpError::Timeout(detail)) if detail.is_empty() => {
                Err(HttpError::Timeout(format!("{} ms", patience.as_millis())).of(&method, &address))
            }
            Err(error) => Err(error.of(&method, &address)),
        }
    }

    fn fail(&mut self, error: Error) {
        // The first mistake is the one to mend first.
        if self.address.is_ok() {
            self.address = Err(error);
        }
    }
}

/// How long a request may wait: a little less than the call, so that there is time to say that upstream is slow.
fn patience(remaining: Duration) -> Duration {
    remaining.saturating_sub((remaining / 10).min(Duration::from_millis(500))).max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Http;
    use crate::testing;
    use pollster::block_on;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// What upstream saw.
    fn sent(request: RequestBuilder) -> String {
        let seen = Rc::new(RefCell::new(String::new()));
        let see = seen.clone();
        testing::answer_http(move |request| {
            let mut headers: Vec<_> =
                request.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            headers.sort();
            let body = String::from_utf8_lossy(&request.body);
            *see.borrow_mut() = format!("{} {}|{}|{body}", request.method, request.url, headers.join(", "));
            Ok((200, Vec::new()))
        });
        block_on(request.send()).unwrap();
        seen.take()
    }

    #[test]
    fn parts_chain_into_one_request() {
        let http = Http::new("http://h/base").unwrap().bearer_auth("t").unwrap();
        let request = http.post(&RequestContext::default(), "q").query("a", 1).queries([("b", "x y")]).json(&[1]);
        assert_eq!(
            sent(request),
            "POST http://h/base/q?a=1&b=x%20y|authorization: Bearer t, content-type: application/json|[1]"
        );
    }

    #[test]
    fn forwarded_headers_and_the_trace_go_along_and_the_authors_headers_win() {
        let mut ctx = RequestContext::default();
        ctx.headers = vec![("authorization".into(), "Bearer user".into()), ("x-id-token".into(), "i".into())];
        ctx.traceparent = Some("00-1-2-01".into());
        let http = Http::new("http://h").unwrap();
        assert_eq!(
            sent(http.get(&ctx, "")),
            "GET http://h/|authorization: Bearer user, traceparent: 00-1-2-01, x-id-token: i|"
        );
        let http = http.basic_auth("u", "p").unwrap();
        assert!(sent(http.get(&ctx, "")).contains("authorization: Basic dTpw, traceparent"));
    }

    #[test]
    fn a_form_is_encoded() {
        let http = Http::new("http://h").unwrap();
        let request = http.post(&RequestContext::default(), "").form([("query", "a+b"), ("step", "1")]);
        assert!(sent(request).ends_with("|content-type: application/x-www-form-urlencoded|query=a%2Bb&step=1"));
    }

    #[test]
    fn the_first_mistake_comes_out_where_the_request_is_sent() {
        let http = Http::new("http://h").unwrap();
        let request = http.get(&RequestContext::default(), "../x").header("bad name", "v").query("a", "b");
        let error = block_on(request.send()).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.message().contains("dots"), "{error}");
    }

    #[test]
    fn a_request_is_given_up_before_the_call_is() {
        assert_eq!(patience(Duration::from_secs(30)), Duration::from_millis(29_500));
        assert_eq!(patience(Duration::from_millis(100)), Duration::from_millis(90));
        assert_eq!(patience(Duration::ZERO), Duration::from_millis(1));
    }
}
