//! Sends every HTTP request of a guest (WASI 0.2, WASI 0.3 and the contract's `fetch`) through egress, and opens its byte
//! connections there.
//!
//! Requests run on the host's I/O runtime, not on the guest threads: a guest that computes delays nobody's network.

use super::socket::Socket;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::Method;
use http_body_util::BodyExt;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::{Error, RequestOptions as WasiOptions, WasiBody, WasiHttpHooks};
use wellhead_egress::{EgressClient, EgressError, RequestBody, RequestOptions, ResponseBody};

/// Reports how a request or a body ended.
type Transmission = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Headers of one request or response: more than any server takes.
pub(super) const MAX_HEADERS: usize = 1_024;
/// Bytes of one response's headers, names and values together.
pub(super) const MAX_HEADER_BYTES: usize = 256 << 10;
/// Requests of one instance that are under way at once, for each connection it may have; more wait their turn. More than
/// one, so that connections are what is waited for.
const REQUESTS_A_CONNECTION: usize = 2;

/// One instance's way out.
pub(crate) struct EgressHooks {
    turns: Arc<Semaphore>,
    client: Result<EgressClient, EgressError>,
    io: Handle,
    plugin: Arc<str>,
    uid: Arc<str>,
}

impl EgressHooks {
    /// A client that could not be made (the data source has no URL, say) refuses every request with that reason, so
    /// that plugins which need no network still run.
    pub(crate) fn new(client: Result<EgressClient, EgressError>, io: Handle, plugin: &str, uid: &str) -> Self {
        // One that cannot be asked anything refuses at once.
        let connections = client.as_ref().map_or(1, |client| client.limits().max_connections);
        let turns = connections.saturating_mul(REQUESTS_A_CONNECTION).clamp(1, Semaphore::MAX_PERMITS);
        let turns = Arc::new(Semaphore::new(turns));
        Self { turns, client, io, plugin: plugin.into(), uid: uid.into() }
    }

    /// Sends `request`; dropping the future cancels it.
    pub(super) fn send(
        &self,
        request: http::Request<RequestBody>,
        options: RequestOptions,
    ) -> BoxFuture<'static, Result<http::Response<ResponseBody>, EgressError>> {
        let client = match &self.client {
            Ok(client) => client.clone(),
            Err(error) => {
                let error = error.clone();
                return Box::pin(async move { Err(error) });
            }
        };
        // They speak of a connection, not of a resource of the data source.
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            let reason = format!("the method {} is not for plugins", request.method());
            return Box::pin(async move { Err(EgressError::InvalidRequest { reason }) });
        }
        let (plugin, uid) = (self.plugin.clone(), self.uid.clone());
        let (io, turns) = (self.io.clone(), self.turns.clone());
        Box::pin(async move {
            let stopped = || EgressError::InvalidRequest { reason: "the host is shutting down".to_owned() };
            // Before anything is started: a guest can ask for more than a host can hold.
            let turn = turns.acquire_owned().await.map_err(|_| stopped())?;
            let sent = io.spawn(async move {
                let _turn = turn;
                let answer = client.send(request, &options).await;
                if let Err(error) = &answer {
                    tracing::debug!(target: "wellhead::egress", %plugin, %uid, "{error}");
                }
                answer
            });
            AbortOnDropHandle::new(sent).await.unwrap_or_else(|_| Err(stopped()))
        })
    }
}

impl EgressHooks {
    /// Opens a byte connection; dropping the future gives it up. It is refused at once where there are as many as there
    /// may be, so it needs no turn.
    pub(super) fn connect(&self, endpoint: &str) -> BoxFuture<'static, Result<Socket, EgressError>> {
        let connecting = match &self.client {
            Ok(client) => client.connect(endpoint),
            Err(error) => {
                let error = error.clone();
                return Box::pin(async move { Err(error) });
            }
        };
        let (plugin, uid, io) = (self.plugin.clone(), self.uid.clone(), self.io.clone());
        let connecting = AbortOnDropHandle::new(self.io.spawn(connecting));
        Box::pin(async move {
            let stopped = |_| EgressError::InvalidRequest { reason: "the host is shutting down".to_owned() };
            let connected = connecting.await.map_err(stopped).and_then(|connected| connected);
            if let Err(error) = &connected {
                tracing::debug!(target: "wellhead::egress", %plugin, %uid, "{error}");
            }
            connected.map(|connection| Socket::new(connection, io))
        })
    }
}

impl WasiHttpHooks for EgressHooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<WasiOptions>,
        _response_processed: Transmission,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Transmission), Error>> + Send> {
        let options = options.unwrap_or_default();
        let options = RequestOptions {
            connect_timeout: options.connect_timeout,
            first_byte_timeout: options.first_byte_timeout,
            between_bytes_timeout: options.between_bytes_timeout,
            ..RequestOptions::default()
        };
        let answer = self.send(request.map(RequestBody::new), options);
        Box::new(async move {
            let response = answer.await.map_err(|error| wasi_error(&error))?;
            let response = response.map(|body| body.map_err(|error| wasi_error(&error)).boxed_unsync());
            Ok((response, Box::new(async { Ok(()) }) as Transmission))
        })
    }
}

/// The nearest of WASI's error codes. Most carry no text, so the SDK words the message; the host's log has the whole.
fn wasi_error(error: &EgressError) -> Error {
    use wellhead_egress::TimeoutKind;
    match error {
        EgressError::Denied { .. } => Error::HttpRequestDenied,
        EgressError::DeniedAddress { .. } => Error::DestinationIpProhibited,
        EgressError::Unresolved { .. } => Error::DnsError { rcode: None, info_code: None },
        EgressError::Refused { .. } => Error::ConnectionRefused,
        EgressError::Unreachable { .. } | EgressError::Proxy { .. } => Error::DestinationUnavailable,
        EgressError::Timeout { which: TimeoutKind::Connect, .. } => Error::ConnectionTimeout,
        EgressError::Timeout { which: TimeoutKind::FirstByte, .. } => Error::HttpResponseTimeout,
        EgressError::Timeout { .. } => Error::ConnectionReadTimeout,
        // Of the codes for TLS the one that has room for words: what is wrong with a certificate, people must be told.
        EgressError::Tls { reason, .. } => {
            Error::TlsAlertReceived { alert_id: None, alert_message: Some(reason.clone()) }
        }
        EgressError::Disconnected { .. } => Error::HttpResponseIncomplete,
        EgressError::LimitExceeded { name, limit, .. } if name.contains("response") => {
            Error::HttpResponseBodySize(Some(*limit))
        }
        EgressError::LimitExceeded { .. } => Error::ConnectionLimitReached,
        EgressError::TooManyRedirects { .. } => Error::LoopDetected,
        EgressError::InvalidUrl { .. } => Error::HttpRequestUriInvalid,
        EgressError::InvalidSetting { .. } | EgressError::InvalidTls { .. } | EgressError::InvalidProxy { .. } => {
            Error::ConfigurationError
        }
        EgressError::InvalidResponse { .. } | EgressError::Redirect { .. } => Error::HttpProtocolError,
        other => Error::InternalError(Some(other.to_string())),
    }
}

/// A response body as plain chunks; an error ends it.
pub(super) fn chunks(body: ResponseBody) -> impl futures::Stream<Item = Bytes> + Send {
    futures::stream::unfold(body, |mut body| async move {
        loop {
            let frame = body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                return Some((data, body));
            }
        }
    })
}
