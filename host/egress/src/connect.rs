//! The connector: from an origin to a connection HTTP can be spoken on. It takes a permit (connections are counted),
//! pins and judges addresses, dials, goes through a proxy where there is one, and speaks TLS.

use std::{
    error::Error,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use crate::{
    Allowed, EgressError, EgressLimits, Origin,
    destination::check_name,
    dial::dial,
    egress::Host,
    proxy::Hop,
    resolve::Pin as Pinned,
    tls::{explain, explain_text},
};

/// A proxy's answer to CONNECT is a few lines; one that is longer is not a proxy's.
const LONGEST_CONNECT_ANSWER: usize = 16 * 1024;

/// One line of an allow-list, with what is known about reaching it.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) allowed: Allowed,
    pub(crate) proxy: Option<Hop>,
    /// `None`: the host's shared configuration.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// `None`: the origin's host.
    pub(crate) server_name: Option<ServerName<'static>>,
    pub(crate) pin: Pinned,
    waiting: AtomicUsize,
}

impl Destination {
    pub(crate) fn new(allowed: Allowed, proxy: Option<Hop>) -> Self {
        let (tls, server_name, pin, waiting) = (None, None, Pinned::default(), AtomicUsize::new(0));
        Self { allowed, proxy, tls, server_name, pin, waiting }
    }

    /// Counts a request that waits for a response, until the guard is dropped.
    pub(crate) fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self.clone())
    }
}

/// See [`Destination::wait`].
pub(crate) struct Waiting(Arc<Destination>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What all connections of one client share.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) host: Arc<Host>,
    pub(crate) destinations: Vec<Arc<Destination>>,
    /// Of byte connections: one for each of the policy's endpoints, `None` where that has no address.
    pub(crate) endpoints: Vec<Option<Destination>>,
    pub(crate) limits: EgressLimits,
    pub(crate) permits: Arc<Semaphore>,
}

impl Outlet {
    pub(crate) fn destination(&self, origin: &Origin) -> Option<&Arc<Destination>> {
        self.destinations.iter().find(|destination| destination.allowed.origin == *origin)
    }

    async fn connect(&self, destination: &Destination) -> Result<Stream, EgressError> {
        let origin = &destination.allowed.origin;
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| unreachable(origin, "the client is closed"))?;
        // Hyper goes on connecting in the background for a request that got another connection meanwhile. Under the cap
        // such an attempt may have queued for long: dialling for nobody would only take a permit from others.
        if destination.waiting.load(Ordering::Relaxed) == 0 {
            return Err(unreachable(origin, "nobody waits for the connection any more"));
        }
        let (io, forwarded): (Box<dyn Io>, bool) = match &destination.proxy {
            None => (Box::new(self.dial(destination).await?), false),
            Some(hop) => {
                check_name(origin, destination.allowed.why)?;
                let io = self.dial_proxy(origin, hop).await?;
                if origin.is_https() { (tunnel(io, origin, hop).await?, false) } else { (io, true) }
            }
        };
        if !origin.is_https() {
            return Ok(Stream { io: TokioIo::new(io), forwarded, h2: false, _permit: permit });
        }
        let config = match &destination.tls {
            Some(config) => config.clone(),
            None => self.host.tls.shared()?,
        };
        let name = match &destination.server_name {
            Some(name) => name.clone(),
            None => name_of(origin)?,
        };
        let io = TlsConnector::from(config).connect(name, io).await.map_err(|error| tls_error(origin, &error))?;
        let h2 = io.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Stream { io: TokioIo::new(Box::new(io)), forwarded, h2, _permit: permit })
    }

    pub(crate) async fn dial(&self, destination: &Destination) -> Result<TcpStream, EgressError> {
        let Destination { allowed, pin, .. } = destination;
        let addresses = pin.addresses(allowed, &self.host.resolver, self.limits.repin_after).await?;
        // A time-out drops this future: the pin has failed unless we get to say otherwise.
        let failed = FailedUnlessKept(Some(pin));
        let stream = dial(&addresses).await.map_err(|error| dial_error(&allowed.origin, &error))?;
        failed.keep();
        Ok(stream)
    }

    async fn dial_proxy(&self, origin: &Origin, hop: &Hop) -> Result<Box<dyn Io>, EgressError> {
        let failed = |reason: String| EgressError::Proxy { origin: origin.clone(), proxy: hop.proxy.clone(), reason };
        let addresses = match hop.proxy.literal() {
            Some(address) => vec![address],
            None => self
                .host
                .resolver
                .resolve(&hop.proxy.resolver_name())
                .await
                .map_err(|e| failed(format!("is not found: {e}")))?,
        };
        let addresses: Vec<_> = addresses.into_iter().map(|address| (address, hop.proxy.port()).into()).collect();
        let stream = dial(&addresses).await.map_err(|error| failed(format!("does not answer: {error}")))?;
        if !hop.proxy.is_https() {
            return Ok(Box::new(stream));
        }
        let connector = TlsConnector::from(self.host.tls.proxy()?);
        let stream = connector.connect(name_of(&hop.proxy)?, stream).await;
        Ok(Box::new(stream.map_err(|error| failed(format!("fails in TLS: {error}")))?))
    }
}

struct FailedUnlessKept<'a>(Option<&'a Pinned>);

impl FailedUnlessKept<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for FailedUnlessKept<'_> {
    fn drop(&mut self) {
        if let Some(pin) = self.0 {
            pin.failed();
        }
    }
}

/// Asks a proxy for a tunnel.
async fn tunnel(mut io: Box<dyn Io>, origin: &Origin, hop: &Hop) -> Result<Box<dyn Io>, EgressError> {
    let failed = |reason: String| EgressError::Proxy { origin: origin.clone(), proxy: hop.proxy.clone(), reason };
    let target = origin.host_and_port();
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(authorization) = &hop.authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    io.write_all(&request).await.map_err(|error| failed(format!("closed the connection: {error}")))?;
    io.flush().await.map_err(|error| failed(format!("closed the connection: {error}")))?;

    let mut answer = Vec::new();
    // To the blank line and not one byte further: what follows belongs to the tunnel.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= LONGEST_CONNECT_ANSWER {
            return Err(failed("answered CONNECT with no end of headers".to_owned()));
        }
        let byte = io.read_u8().await.map_err(|error| failed(format!("closed the connection: {error}")))?;
        answer.push(byte);
    }
    let text = String::from_utf8_lossy(&answer);
    let mut status = text.lines().next().unwrap_or_default().splitn(3, ' ');
    match (status.next(), status.next()) {
        (Some("HTTP/1.1" | "HTTP/1.0"), Some(code)) if code.len() == 3 && code.starts_with('2') => Ok(io),
        (Some(_), Some(code)) => {
            let code: String = code.chars().filter(char::is_ascii_digit).take(3).collect();
            Err(failed(format!("refused the tunnel with status {code}")))
        }
        _ => Err(failed("did not answer CONNECT in HTTP".to_owned())),
    }
}

fn name_of(origin: &Origin) -> Result<ServerName<'static>, EgressError> {
    match origin.literal() {
        Some(address) => Ok(ServerName::IpAddress(address.into())),
        None => ServerName::try_from(origin.host()).map_err(|_| EgressError::Tls {
            origin: origin.clone(),
            reason: "no certificate can bear this host name; set `serverName`".to_owned(),
        }),
    }
}

fn unreachable(origin: &Origin, reason: &str) -> EgressError {
    EgressError::Unreachable { origin: origin.clone(), reason: reason.to_owned() }
}

fn dial_error(origin: &Origin, error: &io::Error) -> EgressError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => EgressError::Refused { origin: origin.clone() },
        _ => unreachable(origin, &error.to_string()),
    }
}

pub(crate) fn tls_error(origin: &Origin, error: &io::Error) -> EgressError {
    let reason = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => explain(error),
        None => format!("the handshake broke off: {error}"),
    };
    EgressError::Tls { origin: origin.clone(), reason }
}

/// What an error of hyper's means here: the first cause that is known decides, else the deepest one gives the reason.
pub(crate) fn translate(origin: &Origin, error: &(dyn Error + 'static)) -> EgressError {
    let (mut invalid, mut reason) = (false, String::new());
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(ours) = error.downcast_ref::<EgressError>() {
            return ours.clone();
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return EgressError::Tls { origin: origin.clone(), reason: explain(tls) };
        }
        invalid |= error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
        reason = error.to_string();
        // An io::Error's source is that of what it wraps, which skips the wrapped error itself.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    let origin = origin.clone();
    if let Some(reason) = explain_text(&reason) {
        EgressError::Tls { origin, reason }
    } else if invalid {
        EgressError::InvalidResponse { origin, reason }
    } else {
        EgressError::Disconnected { origin, reason }
    }
}

/// Hyper's way to ask for a connection.
#[derive(Debug, Clone)]
pub(crate) struct Connector(pub(crate) Arc<Outlet>);

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = EgressError;
    type Future = BoxFuture<'static, Result<Stream, EgressError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EgressError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let outlet = self.0.clone();
        Box::pin(async move {
            let (origin, _) = Origin::of_uri(&uri)?;
            let destination = outlet.destination(&origin).ok_or_else(|| unreachable(&origin, "it is not allowed"))?;
            // The caller has a clock of its own; this one is for attempts that outlive their request.
            match tokio::time::timeout(outlet.limits.connect_timeout, outlet.connect(destination)).await {
                Ok(stream) => stream,
                Err(_) => Err(outlet.connect_timeout(&origin, outlet.limits.connect_timeout)),
            }
        })
    }
}

impl Outlet {
    /// The error for a connection that did not come in time: where every permit is out, the cap is the reason.
    pub(crate) fn connect_timeout(&self, origin: &Origin, after: std::time::Duration) -> EgressError {
        let origin = origin.clone();
        if self.permits.available_permits() == 0 {
            let limit = self.limits.max_connections as u64;
            let actual = limit.saturating_add(1);
            return EgressError::LimitExceeded { origin, name: "max_connections", limit, actual };
        }
        EgressError::Timeout { origin, which: crate::TimeoutKind::Connect, after }
    }
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// An open connection; its permit is free again when it is dropped.
pub(crate) struct Stream {
    io: TokioIo<Box<dyn Io>>,
    /// To a proxy that forwards requests: they name the whole URL.
    forwarded: bool,
    h2: bool,
    _permit: OwnedSemaphorePermit,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.forwarded);
        if self.h2 { connected.negotiated_h2() } else { connected }
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::resolve::Resolver;
    use crate::{ProxySettings, Roots, SystemResolver, Why, proxy::Proxies, tls::Tls};

    #[tokio::test]
    async fn nobody_is_dialled_for_a_request_that_waits_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let host = Arc::new(Host {
            tls: Tls::new(Roots::default()).unwrap(),
            proxies: Proxies::new(&ProxySettings::None).unwrap(),
            resolver: Arc::new(Resolver::new(Arc::new(SystemResolver))),
            way: crate::recording::Way::Live,
        });
        let allowed = Allowed { origin: Origin::parse(&url).unwrap(), why: Why::DataSource };
        let destination = Arc::new(Destination::new(allowed, None));
        let outlet = Outlet {
            host,
            destinations: vec![destination.clone()],
            endpoints: Vec::new(),
            limits: EgressLimits::default(),
            permits: Arc::new(Semaphore::new(1)),
        };
        let mut connector = Connector(Arc::new(outlet));
        let uri: Uri = url.parse().unwrap();
        assert!(matches!(connector.call(uri.clone()).await, Err(EgressError::Unreachable { .. })));
        let waiting = destination.wait();
        connector.call(uri.clone()).await.unwrap();
        drop(waiting);
        assert!(connector.call(uri).await.is_err());
    }
}
