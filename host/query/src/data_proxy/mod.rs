//! The data proxy: a caller's HTTP request, sent on to the data source's own URL with the data source's credentials.
//!
//! Promises that nothing leaves for anywhere else, that the caller's own credentials stay here, and that only what the
//! plugin's manifest allows is sent. Connections, TLS, time-outs and sizes are egress's, the same as for plugins.

mod clients;
mod error;
mod headers;
mod permission;
mod redirect;
mod target;
mod way_out;

pub use error::ProxyError;

use crate::{Caller, QueryError, resource_path};
use bytes::Bytes;
use clients::Clients;
use futures::StreamExt;
use http::header::LOCATION;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::StreamBody;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wellhead_egress::{Egress, EgressError, Redirects, RequestBody, RequestOptions, ResponseBody};
use wellhead_runtime::{Manifest, PluginContext, PluginError, ResourceBody};
use wellhead_store::{ChangeKind, DataSource, DataSourceStore, Revision};

/// What a client asks of `/api/datasources/proxy/…`.
#[derive(Debug)]
pub struct DataProxyRequest {
    /// Any method that speaks of a resource.
    pub method: Method,
    /// What follows the data source's own URL: without leading slash, percent-encoded as it was sent.
    pub path: String,
    /// Without `?`.
    pub query: Option<String>,
    /// The client's headers. A `Content-Length` is passed on and must be true.
    pub headers: HeaderMap,
    /// The client's body.
    pub body: ResourceBody,
}

/// What the data source's server answers.
#[derive(Debug)]
pub struct DataProxyResponse {
    /// Any final status but 401, which is a [`ProxyError::Unauthorized`].
    pub status: StatusCode,
    /// As the server sent them, those of the connection and `Location` removed.
    pub headers: HeaderMap,
    /// Where a `Location` led, if below the data source's URL: path and query as in a [`DataProxyRequest`].
    pub location: Option<String>,
    /// As it comes. Dropping it ends the request.
    pub body: ResponseBody,
}

pub(crate) struct DataProxy {
    clients: Clients,
}

impl DataProxy {
    pub(crate) fn new(egress: Egress) -> Self {
        Self { clients: Clients::new(egress) }
    }

    /// Forgets the clients, and with them the secrets, of data sources that change or go. Ends with the store.
    pub(crate) async fn follow_changes(&self, store: &dyn DataSourceStore) {
        let mut changes = store.watch(Revision::default());
        while let Some(change) = changes.next().await {
            match change.kind {
                ChangeKind::Put | ChangeKind::Deleted => self.clients.forget(change.org_id, &change.uid),
                ChangeKind::Reset => self.clients.forget_all(),
            }
        }
    }

    /// To be called before the data source of a request is looked up, for [`send`](Self::send).
    pub(crate) fn asking(&self) -> u64 {
        self.clients.asking()
    }

    /// Sends `request` to the data source of `context`, whose plugin has this manifest.
    pub(crate) async fn send(
        &self,
        asked: u64,
        caller: &Caller,
        source: &DataSource,
        context: &PluginContext,
        manifest: &Manifest,
        request: DataProxyRequest,
    ) -> Result<DataProxyResponse, QueryError> {
        let segments = resource_path::segments(&request.path);
        permission::check(caller, manifest, &request.method, &segments)?;
        let way_out = self.clients.of(asked, &context.data_source)?;
        let uri = way_out.target.uri(&request.path, request.query.as_deref())?;
        let headers = headers::outgoing(request.headers, source, caller.traceparent.as_deref());
        let failed = Arc::new(OnceLock::new());
        let body = sendable(request.body, &failed).await?;
        let mut outgoing = Request::new(body);
        *outgoing.method_mut() = request.method;
        *outgoing.uri_mut() = uri.clone();
        *outgoing.headers_mut() = headers;
        let sent = way_out.client.send(outgoing, &options(way_out.patience, caller.timeout)).await;
        let response = sent.map_err(|error| why(error, &failed))?;

        let (mut parts, body) = response.into_parts();
        if parts.status == StatusCode::UNAUTHORIZED {
            return Err(ProxyError::Unauthorized { origin: way_out.target.origin().clone() }.into());
        }
        let location = match parts.headers.remove(LOCATION) {
            Some(location) => redirect::below(&way_out.target, &uri, &location, parts.status)?,
            None => None,
        };
        Ok(DataProxyResponse { status: parts.status, headers: parts.headers, location, body })
    }
}

/// Redirects are the client's to follow: each is a request of its own, checked like the first.
fn options(patience: Duration, caller: Option<Duration>) -> RequestOptions {
    let patience = caller.map_or(patience, |caller| caller.min(patience));
    RequestOptions {
        connect_timeout: Some(patience),
        first_byte_timeout: Some(patience),
        redirects: Redirects::HandOver,
        ..RequestOptions::default()
    }
}

/// The caller's body for egress. Why it failed, if it does, is left in `failed`: egress keeps the words only.
async fn sendable(body: ResourceBody, failed: &Arc<OnceLock<PluginError>>) -> Result<RequestBody, PluginError> {
    let mut chunks = body.into_stream();
    // A request without a body must not go out as one whose length is unknown.
    let Some(first) = chunks.next().await.transpose()? else { return Ok(RequestBody::empty()) };
    let failed = Arc::clone(failed);
    let rest = chunks.map(move |chunk| {
        chunk.map(http_body::Frame::data).map_err(|error| {
            let words = error.to_string();
            let _ = failed.set(error);
            words
        })
    });
    let first = futures::stream::iter([Ok::<_, String>(http_body::Frame::<Bytes>::data(first))]);
    Ok(RequestBody::new(StreamBody::new(first.chain(rest))))
}

fn why(error: EgressError, failed: &Arc<OnceLock<PluginError>>) -> QueryError {
    let body = match error {
        EgressError::RequestBody { .. } => failed.get().cloned(),
        _ => None,
    };
    body.map_or_else(|| ProxyError::Upstream(error).into(), QueryError::Plugin)
}
