//! An answer whose status and headers are there and whose body still comes. Reading is bounded, whatever upstream sends.

use serde::de::DeserializeOwned;

use super::transport::Incoming;
use super::{Address, HeaderMap, HttpError, Method, StatusCode, header};
use crate::{Error, json};

/// What one read asks for at least.
const READ: usize = 64 << 10;

/// How much of an error's body is quoted, in bytes.
const QUOTE: usize = 512;

/// An answer; its body is read by one of the methods that consume it.
#[derive(Debug)]
pub struct Response {
    method: Method,
    address: Address,
    incoming: Incoming,
    max_body: usize,
}

impl Response {
    pub(super) fn new(method: Method, address: Address, incoming: Incoming, max_body: usize) -> Self {
        Self { method, address, incoming, max_body }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.incoming.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.incoming.headers
    }

    /// Makes every status but 2xx an error with that status, blamed as Grafana does, which quotes the body's beginning.
    pub async fn error_for_status(mut self) -> Result<Self, Error> {
        let status = self.status();
        if status.is_success() {
            return Ok(self);
        }
        let mut body = Vec::with_capacity(QUOTE);
        let mut more = true;
        while more && body.len() < QUOTE {
            // A body that breaks off is quoted as far as it came.
            (body, more) = match self.incoming.read(body).await {
                (body, Ok(more)) => (body, more),
                (body, Err(_)) => (body, false),
            };
        }
        let quote = quote(&body);
        let separator = if quote.is_empty() { "" } else { ": " };
        Err(Error::upstream_status(
            status.as_u16(),
            format_args!("{} {}: the server answered {status}{separator}{quote}", self.method, self.address),
        ))
    }

    /// Reads the whole body, no more than the client's limit.
    pub async fn bytes(mut self) -> Result<Vec<u8>, Error> {
        let announced = self.announced();
        if announced.is_some_and(|length: usize| length > self.max_body) {
            return Err(self.too_large());
        }
        let mut body = Vec::new();
        reserve(&mut body, announced.unwrap_or(0).max(READ)).map_err(|error| error.of(&self.method, &self.address))?;
        loop {
            let (read, more) = self.incoming.read(body).await;
            body = read;
            if body.len() > self.max_body {
                return Err(self.too_large());
            }
            match more {
                Ok(true) if body.len() == body.capacity() => {
                    // Doubles, as a vector does, but fails softly where memory ends.
                    let grow = body.len().max(READ);
                    reserve(&mut body, grow).map_err(|error| error.of(&self.method, &self.address))?;
                }
                Ok(true) => {}
                Ok(false) => return Ok(body),
                Err(error) => return Err(error.of(&self.method, &self.address)),
            }
        }
    }

    /// Reads the whole body as JSON. An error names the key that is not as expected.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let place = format!("{} {}", self.method, self.address);
        let body = self.bytes().await?;
        json::read_slice("answer", &body)
            .map_err(|error| Error::downstream(format_args!("{place}: {error}; it begins {:?}", quote(&body))))
    }

    /// Reads the whole body as text; bytes that are no UTF-8 become `U+FFFD`.
    pub async fn text(self) -> Result<String, Error> {
        let body = self.bytes().await?;
        Ok(String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// Reads what is there of the body, `None` at its end: for bodies too large to hold. Not bounded by the client's
    /// limit.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let (chunk, more) = self.incoming.read(Vec::with_capacity(READ)).await;
            match more {
                _ if !chunk.is_empty() => return Ok(Some(chunk)),
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => return Err(error.of(&self.method, &self.address)),
            }
        }
    }

    /// Reads what is there of the body into spare capacity, waiting for the first byte; false at the end. For bodies whose
    /// parts say how long they are: each then comes into memory of its size, without a copy. Not bounded by the client's
    /// limit. What was read before a failure is there beside it.
    pub async fn read(&mut self, into: Vec<u8>) -> (Vec<u8>, Result<bool, Error>) {
        let (into, more) = self.incoming.read(into).await;
        (into, more.map_err(|error| error.of(&self.method, &self.address)))
    }

    /// How long the body will be, where the server says so and does not mean the one that another request would get
    /// (RFC 9110, 8.6).
    fn announced(&self) -> Option<usize> {
        if self.method == Method::HEAD || self.status() == StatusCode::NOT_MODIFIED {
            return None;
        }
        self.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    fn too_large(&self) -> Error {
        HttpError::TooLarge(format!("{} bytes are allowed: ask for less", self.max_body))
            .of(&self.method, &self.address)
    }
}

fn reserve(body: &mut Vec<u8>, more: usize) -> Result<(), HttpError> {
    body.try_reserve(more)
        .map_err(|_| HttpError::TooLarge(format!("memory ends at {} bytes: ask for less", body.len())))
}

/// The beginning of a body, on one line.
fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..QUOTE).unwrap_or(body));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Http;
    use crate::{ErrorSource, RequestContext, testing};
    use pollster::block_on;

    fn answered(status: u16, body: &str) -> Response {
        let body = body.as_bytes().to_vec();
        testing::answer_http(move |_| Ok((status, body.clone())));
        let http = Http::new("http://h").unwrap().max_body(100_000);
        block_on(http.get(&RequestContext::default(), "p").send_any_status()).unwrap()
    }

    #[test]
    fn a_status_that_says_no_keeps_its_number_and_quotes_the_answer() {
        let error = block_on(answered(404, "{\"error\":\n  \"no such thing\"}").error_for_status()).unwrap_err();
        assert_eq!((error.status(), error.error_source()), (404, ErrorSource::Downstream));
        assert_eq!(
            error.message(),
            "GET http://h/p: the server answered 404 Not Found: {\"error\": \"no such thing\"}"
        );
        let error = block_on(answered(405, "").error_for_status()).unwrap_err();
        assert_eq!(error.error_source(), ErrorSource::Plugin);
        assert!(error.message().ends_with("405 Method Not Allowed"), "{error}");
    }

    #[test]
    fn an_endless_error_page_is_quoted_and_not_read() {
        let error = block_on(answered(500, &"x".repeat(1 << 20)).error_for_status()).unwrap_err();
        assert!(error.message().len() < 2 * QUOTE, "{}", error.message().len());
    }

    #[test]
    fn json_errors_name_the_key_and_quote_the_answer() {
        #[derive(serde::Deserialize, Debug)]
        struct Answer {
            #[expect(dead_code, reason = "only its type matters")]
            rows: Vec<u32>,
        }
        let error = block_on(answered(200, r#"{"rows":[1,"x"]}"#).json::<Answer>()).unwrap_err();
        assert_eq!((error.status(), error.error_source()), (502, ErrorSource::Downstream));
        assert!(error.message().contains("answer.rows[1]: invalid type: string \"x\""), "{error}");
        let error = block_on(answered(200, "<html>").json::<Answer>()).unwrap_err();
        assert!(error.message().contains("it begins \"<html>\""), "{error}");
    }

    #[test]
    fn a_body_above_the_limit_is_an_error() {
        assert_eq!(block_on(answered(200, &"x".repeat(100_000)).bytes()).unwrap().len(), 100_000);
        let error = block_on(answered(200, &"x".repeat(100_001)).bytes()).unwrap_err();
        assert!(error.message().contains("100000 bytes are allowed"), "{error}");
    }

    #[test]
    fn an_answer_that_has_no_body_may_tell_the_length_of_the_one_it_has_not() {
        let headers =
            || HeaderMap::from_iter([(header::CONTENT_LENGTH, header::HeaderValue::from_static("2000000000"))]);
        testing::answer_http_with(move |request| {
            let status = if request.method == Method::HEAD { 200 } else { 304 };
            Ok(testing::HttpAnswer::new(status, &b""[..]).with_headers(headers()))
        });
        let http = Http::new("http://h").unwrap();
        for method in [Method::HEAD, Method::GET] {
            let asked = http.request(method, &RequestContext::default(), "p");
            assert_eq!(block_on(block_on(asked.send_any_status()).unwrap().bytes()).unwrap(), b"");
        }
    }

    #[test]
    fn a_read_fills_what_it_is_given_and_no_more() {
        let mut response = answered(200, "abcdef");
        let (read, more) = block_on(response.read(Vec::with_capacity(4)));
        assert_eq!((read.as_slice(), more), (&b"abcd"[..], Ok(true)));
        let (read, more) = block_on(response.read(Vec::with_capacity(4)));
        assert_eq!((read.as_slice(), more), (&b"ef"[..], Ok(true)));
        let (read, more) = block_on(response.read(read));
        assert_eq!((read.as_slice(), more), (&b"ef"[..], Ok(false)));
    }

    #[test]
    fn chunks_add_up_to_the_body() {
        let mut response = answered(200, &"x".repeat(150_000));
        let mut length = 0;
        while let Some(chunk) = block_on(response.chunk()).unwrap() {
            length += chunk.len();
        }
        assert_eq!(length, 150_000);
    }
}
