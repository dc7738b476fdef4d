//! The connections of a server, from the first byte to the last: TLS where the server speaks it, then HTTP, then what a
//! request has made of it.

use super::opening::Opening;
use super::write_deadline::WriteDeadline;
use crate::ServerConfig;
use crate::http::{AfterHttp, ClientScheme, KnowsClient, PacesHttp2, Peer};
use axum::Router;
use futures::future::BoxFuture;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// hyper refuses less.
const MIN_HEADER_BYTES: usize = 8 << 10;

/// Requests at once on one connection: what RFC 9113 (6.5.2) asks for at least.
const HTTP2_STREAMS: u32 = 100;

/// The TLS settings of new connections: those of the certificate that is in force.
pub(super) type CurrentTls = watch::Receiver<Arc<rustls::ServerConfig>>;

/// Each in a task of its own, so that none waits for another.
pub(super) struct Connections {
    config: Arc<ServerConfig>,
    builder: auto::Builder<TokioExecutor>,
    service: Router,
    tls: Option<CurrentTls>,
    graceful: GracefulShutdown,
    /// Dropped when the drain begins: a handshake under way is no request in flight.
    open: watch::Sender<()>,
    tasks: JoinSet<()>,
}

impl Connections {
    pub(super) fn new(config: Arc<ServerConfig>, service: Router, tls: Option<CurrentTls>) -> Self {
        let builder = connection_builder(&config);
        let (graceful, open, tasks) = (GracefulShutdown::new(), watch::Sender::new(()), JoinSet::new());
        Self { config, builder, service, tls, graceful, open, tasks }
    }

    pub(super) fn serve(&mut self, stream: TcpStream, peer: SocketAddr) {
        // Answers are written whole: waiting for more to send only costs time.
        let _ = stream.set_nodelay(true);
        let stream = WriteDeadline::new(stream, self.config.write_timeout);
        let header_timeout = self.config.header_timeout;
        let scheme = if self.tls.is_some() { ClientScheme::Https } else { ClientScheme::Http };
        let peer = Peer { address: peer.ip(), scheme, is_proxy: self.config.behind_proxy };
        let (after, then) = AfterHttp::new();
        let speaker = Speaker {
            builder: self.builder.clone(),
            service: KnowsClient { peer, after, service: self.paced() },
            watcher: self.graceful.watcher(),
            then,
        };
        let Some(tls) = &self.tls else {
            self.tasks.spawn(speaker.speak(Opening::new(stream, header_timeout)));
            return;
        };
        let handshake = TlsAcceptor::from(Arc::clone(&tls.borrow())).accept(stream);
        let handshake = tokio::time::timeout(self.config.handshake_timeout, handshake);
        let mut open = self.open.subscribe();
        self.tasks.spawn(async move {
            let outcome = tokio::select! {
                outcome = handshake => outcome,
                _ = open.changed() => return,
            };
            let client = peer.address;
            match outcome {
                Ok(Ok(stream)) => speaker.speak(Opening::new(stream, header_timeout)).await,
                Ok(Err(error)) => {
                    tracing::debug!(target: "wellhead::http", %client, "a TLS handshake failed: {error}");
                }
                Err(_) => {
                    tracing::debug!(target: "wellhead::http", %client, "a TLS handshake was not done in time");
                }
            }
        });
    }

    fn paced(&self) -> PacesHttp2<Router> {
        PacesHttp2 { patience: self.config.write_timeout, service: self.service.clone() }
    }

    /// Whether there may be one more.
    pub(super) fn has_room(&self) -> bool {
        self.tasks.len() < self.config.connections.max(1)
    }

    /// Waits for a connection that ended; `None` where there is none.
    pub(super) async fn ended(&mut self) -> Option<()> {
        self.tasks.join_next().await.map(|_| ())
    }

    /// Lets requests in flight finish and upgraded connections say farewell, and cuts what is left at the deadline.
    pub(super) async fn drain(self, deadline: Duration) {
        let Self { graceful, open, mut tasks, .. } = self;
        drop(open);
        let ended = tokio::time::timeout(deadline, async {
            graceful.shutdown().await;
            while tasks.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            let left = tasks.len();
            tracing::warn!(target: "wellhead::http", "{left} connections did not end within {deadline:?} and were cut off");
        }
        tasks.shutdown().await;
    }
}

/// What speaks HTTP on one connection.
struct Speaker {
    builder: auto::Builder<TokioExecutor>,
    service: KnowsClient<PacesHttp2<Router>>,
    watcher: Watcher,
    /// What follows HTTP, where something does.
    then: oneshot::Receiver<BoxFuture<'static, ()>>,
}

impl Speaker {
    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let service = TowerToHyperService::new(self.service);
        let connection = self.builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        // On the heap, so that a connection that lives long after HTTP does not keep the room that HTTP took.
        if let Err(error) = Box::pin(self.watcher.watch(connection)).await {
            tracing::debug!(target: "wellhead::http", "a connection ended: {error}");
        }
        // Known at once: whoever could have left something went with the last request.
        if let Ok(task) = self.then.await {
            task.await;
        }
    }
}

fn connection_builder(config: &ServerConfig) -> auto::Builder<TokioExecutor> {
    let header_bytes = config.header_bytes.max(MIN_HEADER_BYTES);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(config.header_timeout).max_buf_size(header_bytes);
    let list_size = u32::try_from(header_bytes).unwrap_or(u32::MAX);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).max_header_list_size(list_size).keep_alive_interval(config.header_timeout);
    http2.max_concurrent_streams(HTTP2_STREAMS);
    builder
}
