//! The socket side: accept, serve, drain.
//!
//! A shutdown goes in steps: `/readyz` says 503; after a while nothing new is accepted and idle connections close;
//! requests in flight get the drain deadline; what is left is cut.

mod write_deadline;

use crate::router::router;
use crate::state::AppState;
use crate::{KeepOperatorStates, PluginControl, ServerConfig};
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use wellhead::Wellhead;
use write_deadline::WriteDeadline;

/// hyper refuses less.
const MIN_HEADER_BYTES: usize = 8 << 10;
/// Accepting failed for want of something, most likely file descriptors: until some are given back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves a host over HTTP.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use wellhead::Wellhead;
/// use wellhead_server::{Server, ServerConfig};
///
/// let wellhead = Wellhead::builder().build().await?;
/// let server = Server::new(wellhead.clone(), ServerConfig::default());
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let signal = async {};
/// server.serve(listener, signal).await;
/// wellhead.shutdown(std::time::Duration::from_secs(5)).await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
pub struct Server {
    app: AppState,
}

impl Server {
    /// A server in front of `wellhead`.
    pub fn new(wellhead: Wellhead, config: ServerConfig) -> Self {
        Self { app: AppState::new(wellhead, config) }
    }

    /// Has what operators say of plugins kept beyond this process.
    #[must_use]
    pub fn keep_operator_states(mut self, keeper: Arc<dyn KeepOperatorStates>) -> Self {
        self.app.keeper = Some(keeper);
        self
    }

    /// Serves HTTP/1.1 and HTTP/2 (prior knowledge) on `listener` until `shutdown` is ready, then drains. The host itself
    /// goes on: shut it down afterwards.
    pub async fn serve(mut self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        self.app.no_plugin_control = no_plugin_control(self.app.config.plugin_control, &listener);
        let service = router(self.app.clone());
        let config = &self.app.config;
        let builder = connection_builder(config);
        let mut connections =
            Connections { builder, service, graceful: GracefulShutdown::new(), tasks: JoinSet::new() };
        connections.accept_until(&listener, config, shutdown).await;
        self.app.start_draining();
        let pause = tokio::time::sleep(config.unready_before_drain);
        connections.accept_until(&listener, config, pause).await;
        drop(listener);
        connections.drain(config.drain).await;
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("config", &self.app.config).finish_non_exhaustive()
    }
}

/// Why plugins cannot be changed over HTTP, where they cannot.
fn no_plugin_control(control: PluginControl, listener: &TcpListener) -> Option<Arc<str>> {
    let cure = "set plugin-control = \"on\" to let whoever reaches it do so";
    match (control, listener.local_addr()) {
        (PluginControl::On, _) => None,
        (PluginControl::Off, _) => {
            Some(format!("plugins cannot be changed here: plugin-control is off; {cure}").into())
        }
        (PluginControl::OnLoopback, Ok(address)) if address.ip().to_canonical().is_loopback() => None,
        (PluginControl::OnLoopback, address) => {
            let address = address.map_or_else(|_| "an address".to_owned(), |address| address.to_string());
            let reason = format!(
                "plugins cannot be changed here: the server listens on {address}, which is not loopback, and asks nobody \
                 who they are; {cure}, or listen on 127.0.0.1"
            );
            Some(reason.into())
        }
    }
}

fn connection_builder(config: &ServerConfig) -> auto::Builder<TokioExecutor> {
    let header_bytes = config.header_bytes.max(MIN_HEADER_BYTES);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(config.header_timeout).max_buf_size(header_bytes);
    let list_size = u32::try_from(header_bytes).unwrap_or(u32::MAX);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(list_size).keep_alive_interval(config.header_timeout);
    builder
}

struct Connections {
    builder: auto::Builder<TokioExecutor>,
    service: Router,
    graceful: GracefulShutdown,
    tasks: JoinSet<()>,
}

impl Connections {
    async fn accept_until(&mut self, listener: &TcpListener, config: &ServerConfig, until: impl Future<Output = ()>) {
        let mut until = std::pin::pin!(until);
        loop {
            tokio::select! {
                biased;
                () = &mut until => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => self.serve(stream, config),
                    Err(error) if is_one_connections(&error) => {}
                    Err(error) => {
                        tracing::warn!(target: "wellhead::http", "accepting connections failed, going on: {error}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }

    fn serve(&mut self, stream: TcpStream, config: &ServerConfig) {
        // Answers are written whole: waiting for more to send only costs time.
        let _ = stream.set_nodelay(true);
        let io = TokioIo::new(WriteDeadline::new(stream, config.write_timeout));
        let service = TowerToHyperService::new(self.service.clone());
        let connection = self.builder.serve_connection(io, service).into_owned();
        let watched = self.graceful.watch(connection);
        self.tasks.spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(target: "wellhead::http", "a connection ended: {error}");
            }
        });
    }

    async fn drain(mut self, deadline: Duration) {
        let ended = tokio::time::timeout(deadline, self.graceful.shutdown()).await;
        if ended.is_err() {
            let left = self.tasks.len();
            tracing::warn!(target: "wellhead::http", "{left} connections did not end within {deadline:?} and were cut off");
        }
        self.tasks.shutdown().await;
    }
}

/// The fault of whoever tried to connect, not of this process.
fn is_one_connections(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
