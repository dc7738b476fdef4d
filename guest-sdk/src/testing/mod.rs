//! For an author's own tests, which run natively: stand-ins for the upstream and for the host.

mod stream;

use std::fmt;
use std::io::{Cursor, Read};
use std::rc::Rc;
use std::time::Duration;

use crate::http::{HeaderMap, HttpError, Method, stub};
use crate::imports;

pub use stream::{CollectedStream, collect_stream};

/// Runs a future to its end, and beside it what it gives to [`task::spawn`](crate::task::spawn); what of that is not
/// over by then is dropped.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    imports::run(future)
}

/// Gives this thread's connections to an endpoint of the manifest an address, `host:port`.
///
/// ```no_run
/// # use wellhead_sdk::{net::Connection, testing};
/// testing::endpoint("server", "127.0.0.1:5432");
/// let connection = testing::block_on(Connection::connect("server"))?;
/// # Ok::<(), wellhead_sdk::Error>(())
/// ```
#[cfg(feature = "net")]
pub fn endpoint(name: &str, address: &str) {
    crate::net::native::ENDPOINTS.with_borrow_mut(|endpoints| endpoints.insert(name.to_owned(), address.to_owned()));
}

/// A request as an upstream would see it.
#[derive(Debug)]
pub struct SentRequest {
    /// The method.
    pub method: Method,
    /// The whole URL, query included.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// How long each step of it may take.
    pub timeout: Duration,
}

/// Answers all of this thread's requests from now on, with status and body.
///
/// ```
/// # use wellhead_sdk::{prelude::*, testing};
/// testing::answer_http(|request| match request.url.as_str() {
///     "http://upstream/api/rows?limit=1" => Ok((200, b"[{}]".to_vec())),
///     _ => Ok((404, Vec::new())),
/// });
/// let http = Http::new("http://upstream")?;
/// let ctx = RequestContext::default();
/// # testing::block_on(async {
/// let rows: Vec<serde_json::Value> = http.get(&ctx, "api/rows").query("limit", 1).send().await?.json().await?;
/// assert_eq!(rows.len(), 1);
/// # Ok::<(), Error>(())
/// # })?;
/// # Ok::<(), Error>(())
/// ```
pub fn answer_http(answer: impl Fn(&SentRequest) -> Result<(u16, Vec<u8>), HttpError> + 'static) {
    answer_http_with(move |request| answer(request).map(|(status, body)| HttpAnswer::new(status, Cursor::new(body))));
}

/// What an upstream answers, its body still to be read.
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; reading it may block.
    pub body: Box<dyn Read>,
}

impl HttpAnswer {
    /// An answer without headers.
    pub fn new(status: u16, body: impl Read + 'static) -> Self {
        Self { status, headers: HeaderMap::new(), body: Box::new(body) }
    }

    /// Adds headers.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// As [`answer_http`], with headers, and a body that is read as the plugin asks for it: for answers that break off, and to
/// stand before a real server.
pub fn answer_http_with(answer: impl Fn(&SentRequest) -> Result<HttpAnswer, HttpError> + 'static) {
    stub::ANSWER.set(Some(Rc::new(answer)));
}
