//! Byte connections for protocols other than HTTP: to one of the data source's endpoints, over addresses that are judged
//! and pinned as those of HTTP are, counted with them, and upgraded to TLS in place where the protocol asks for it.
//!
//! No proxy is gone through: the proxies of [`ProxySettings`](crate::ProxySettings) are for HTTP.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    EgressError, Origin, TimeoutKind, TlsInfo, TlsOptions, TlsSettings,
    bytes_tls::lost,
    connect::{Outlet, tls_error},
    places::Open,
    recording::{NotedScript, ReplayedBytes},
};

/// Silence after which the operating system asks whether the other end is still there, so that a peer that vanished
/// (a machine that lost its power, a NAT that forgot) is found out within two minutes.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
const KEEP_ALIVE_TRIES: u32 = 4;
/// And as long for what was sent and is not acknowledged, while which nobody is asked: Linux waits a quarter of an hour.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_FOR: Duration = Duration::from_secs(120);

/// An open connection to an endpoint. Dropping it closes it, and gives its place among the data source's connections back.
///
/// The errors of its reads and writes hold an [`EgressError`].
pub struct Connection {
    io: Bytes,
    origin: Origin,
    outlet: Arc<Outlet>,
    tls: TlsSettings,
    open: Open,
    noted: Option<NotedScript>,
}

enum Bytes {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Replayed(ReplayedBytes),
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, origin: Origin, outlet: Arc<Outlet>, tls: TlsSettings, open: Open) -> Self {
        keep_alive(&stream);
        Self { io: Bytes::Plain(stream), origin, outlet, tls, open, noted: None }
    }

    /// A connection to a recording.
    pub(crate) fn replayed(
        bytes: ReplayedBytes,
        origin: Origin,
        outlet: Arc<Outlet>,
        tls: TlsSettings,
        open: Open,
    ) -> Self {
        Self { io: Bytes::Replayed(bytes), origin, outlet, tls, open, noted: None }
    }

    /// The same connection, and what goes over it is noted.
    pub(crate) fn noted(self, noted: Option<NotedScript>) -> Self {
        Self { noted, ..self }
    }

    /// Where it leads to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Speaks TLS from here on. What was read before must have been read to its last byte: see that the peer sent
    /// nothing after its agreement, or somebody in between may have added to it.
    ///
    /// # Errors
    /// [`EgressError::Tls`] with what was wrong and what cures it, [`EgressError::Timeout`], [`EgressError::InvalidTls`]
    /// for settings that cannot be used. The connection is closed then.
    pub async fn start_tls(self, options: &TlsOptions) -> Result<(Self, TlsInfo), EgressError> {
        let Self { io, origin, outlet, tls, open, noted } = self;
        let stream = match io {
            Bytes::Plain(stream) => stream,
            Bytes::Tls(_) => {
                return Err(EgressError::Tls { origin, reason: "the connection speaks TLS already".to_owned() });
            }
            Bytes::Replayed(mut bytes) => {
                let info = bytes.start_tls();
                open.meter.secured(info.as_ref().map(|_| ()));
                return Ok((Self { io: Bytes::Replayed(bytes), origin, outlet, tls, open, noted }, info?));
            }
        };
        let config = outlet.host.tls.bytes(&tls, options.verify, options.protocols(&origin)?)?;
        let name = options.name(&tls, &origin)?;
        let after = outlet.limits.connect_timeout;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let secured = match tokio::time::timeout(after, handshake).await {
            Ok(stream) => stream.map_err(|error| tls_error(&origin, &error)),
            Err(_) => Err(EgressError::Timeout { origin: origin.clone(), which: TimeoutKind::Handshake, after }),
        };
        open.meter.secured(secured.as_ref().map(|_| ()));
        let stream = secured.inspect_err(|error| noted.iter().for_each(|noted| noted.ended(Some(error))))?;
        let info = TlsInfo::of(stream.get_ref().1);
        noted.iter().for_each(|noted| noted.secured(&info));
        Ok((Self { io: Bytes::Tls(Box::new(stream)), origin, outlet, tls, open, noted }, info))
    }
}

/// Best effort: a system that cannot do it leaves the connection as it is.
fn keep_alive(stream: &TcpStream) {
    use rustix::net::sockopt;
    let asked = sockopt::set_socket_keepalive(stream, true)
        .and_then(|()| sockopt::set_tcp_keepidle(stream, KEEP_ALIVE_AFTER))
        .and_then(|()| sockopt::set_tcp_keepintvl(stream, KEEP_ALIVE_EVERY))
        .and_then(|()| sockopt::set_tcp_keepcnt(stream, KEEP_ALIVE_TRIES));
    #[cfg(target_os = "linux")]
    let asked = asked.and_then(|()| {
        sockopt::set_tcp_user_timeout(stream, u32::try_from(UNACKNOWLEDGED_FOR.as_millis()).unwrap_or(u32::MAX))
    });
    if let Err(error) = asked {
        tracing::debug!("no TCP keep-alive: {error}");
    }
}

fn explained<T>(origin: &Origin, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
    polled.map_err(|error| io::Error::new(error.kind(), lost(origin, &error)))
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { io, origin, open, noted, .. } = &mut *self;
        let before = buf.filled().len();
        let read = match io {
            Bytes::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Bytes::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            Bytes::Replayed(bytes) => return Pin::new(bytes).poll_read(cx, buf),
        };
        open.meter.read(buf.filled().len().saturating_sub(before));
        if let Some(noted) = noted {
            match (&read, buf.filled().get(before..)) {
                (Poll::Ready(Ok(())), Some([])) if buf.remaining() > 0 => noted.ended(None),
                (Poll::Ready(Ok(())), Some(bytes)) => noted.read(bytes),
                (Poll::Ready(Err(error)), _) => noted.ended(Some(&lost(origin, error))),
                _ => {}
            }
        }
        explained(origin, read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Self { io, origin, open, noted, .. } = &mut *self;
        let written = match io {
            Bytes::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Bytes::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
            Bytes::Replayed(bytes) => return Pin::new(bytes).poll_write(cx, buf),
        };
        if let Poll::Ready(Ok(bytes)) = &written {
            open.meter.written(*bytes);
            noted.iter().for_each(|noted| noted.wrote(buf.get(..*bytes).unwrap_or_default()));
        }
        explained(origin, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, origin, .. } = &mut *self;
        let flushed = match io {
            Bytes::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Bytes::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Bytes::Replayed(bytes) => Pin::new(bytes).poll_flush(cx),
        };
        explained(origin, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, origin, noted, .. } = &mut *self;
        let shut = match io {
            Bytes::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Bytes::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Bytes::Replayed(bytes) => Pin::new(bytes).poll_shutdown(cx),
        };
        if matches!(shut, Poll::Ready(Ok(()))) {
            noted.iter().for_each(NotedScript::finished);
        }
        explained(origin, shut)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = matches!(self.io, Bytes::Tls(_));
        f.debug_struct("Connection").field("origin", &self.origin).field("tls", &tls).finish_non_exhaustive()
    }
}
