//! For an author's own tests, which run natively: a stand-in for the upstream.

use std::rc::Rc;
use std::time::Duration;

use crate::http::{HeaderMap, HttpError, Method, stub};
use crate::imports;

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
    stub::ANSWER.set(Some(Rc::new(answer)));
}
