//! Async HTTP to the data source's own URL. The host enforces which origins may be reached, pools connections, speaks TLS,
//! follows redirects and, under `auth: host`, signs; this module builds requests, bounds answers and turns failures into
//! [`Error`]s with Grafana's statuses.
//!
//! ```no_run
//! # use wellhead_sdk::prelude::*;
//! # async fn example(settings: InstanceSettings<()>, ctx: &RequestContext) -> Result<(), Error> {
//! let http = Http::for_settings(&settings)?;
//! let rows: Vec<serde_json::Value> = http.get(ctx, "api/rows").query("limit", 100).send().await?.json().await?;
//! # Ok(())
//! # }
//! ```

mod address;
mod error;
mod request;
mod response;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod stub;
#[cfg(target_family = "wasm")]
mod wasi;

pub use address::path_segment;
pub use error::HttpError;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub use request::RequestBuilder;
pub use response::Response;

#[cfg(not(target_family = "wasm"))]
use stub as transport;
#[cfg(target_family = "wasm")]
use wasi as transport;

use std::rc::Rc;
use std::time::Duration;

use address::Address;
use base64::Engine as _;

use crate::{Error, InstanceSettings, RequestContext};

/// The most of a body that is read unless [`Http::max_body`] says otherwise.
const MAX_BODY: usize = 64 << 20;

/// A client for one base URL. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Http(Rc<Client>);

#[derive(Clone, Debug)]
struct Client {
    base: Address,
    headers: HeaderMap,
    max_body: usize,
}

/// A request as it leaves the plugin.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) address: Address,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The longest that each step may take: connecting, the first byte, the gap between two reads.
    pub(crate) patience: Duration,
}

impl Http {
    /// A client for a base URL, `http` or `https`, to which request paths are appended.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        let base = Address::parse(base_url).map_err(Error::bad_request)?;
        Ok(Self(Rc::new(Client { base, headers: HeaderMap::new(), max_body: MAX_BODY })))
    }

    /// A client for the data source's URL. Where the plugin is trusted with the secrets, it sends basic auth
    /// (`basicAuthPassword`) by itself; under `auth: host` there are none here, and the host does it.
    pub fn for_settings<S>(settings: &InstanceSettings<S>) -> Result<Self, Error> {
        let http = Self::new(&settings.url)?;
        match settings.secrets.get("basicAuthPassword") {
            Some(password) if settings.basic_auth => http.basic_auth(&settings.basic_auth_user, password),
            _ => Ok(http),
        }
    }

    /// Sends this header with every request.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let name: HeaderName =
            name.parse().map_err(|_| Error::bad_request(format_args!("{name:?} is not a header name")))?;
        let mut value: HeaderValue = value.parse().map_err(|_| {
            Error::bad_request(format_args!("the value of header {name} has characters no header may have"))
        })?;
        value.set_sensitive(true);
        Rc::make_mut(&mut self.0).headers.insert(name, value);
        Ok(self)
    }

    /// Sends `Authorization: Basic …` with every request.
    pub fn basic_auth(self, user: &str, password: &str) -> Result<Self, Error> {
        let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {credentials}"))
    }

    /// Sends `Authorization: Bearer …` with every request.
    pub fn bearer_auth(self, token: &str) -> Result<Self, Error> {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The most bytes of a body that are read; more is an error. 64 MiB unless set.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        Rc::make_mut(&mut self.0).max_body = bytes;
        self
    }

    /// A GET of a path below the base URL.
    pub fn get(&self, ctx: &RequestContext, path: &str) -> RequestBuilder {
        self.request(Method::GET, ctx, path)
    }

    /// A POST to a path below the base URL.
    pub fn post(&self, ctx: &RequestContext, path: &str) -> RequestBuilder {
        self.request(Method::POST, ctx, path)
    }

    /// A request for a path below the base URL, or for an absolute URL of an origin that the manifest asks for.
    ///
    /// The context bounds its time by the call's budget, and gives it the headers to forward and the trace.
    /// Parts of a path that come from users go through [`path_segment`].
    pub fn request(&self, method: Method, ctx: &RequestContext, path: &str) -> RequestBuilder {
        RequestBuilder::new(method, self.0.base.join(path), self.0.headers.clone(), self.0.max_body, ctx)
    }
}
