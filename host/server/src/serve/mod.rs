//! The socket side: accept, serve, drain.
//!
//! A shutdown goes in steps: `/readyz` says 503; after a while nothing new is accepted and idle connections close;
//! requests in flight get the drain deadline; what is left is cut.

mod connections;
mod opening;
mod write_deadline;

use crate::cors;
use crate::router::router;
use crate::state::AppState;
use crate::tls::{self, Tls};
use crate::{InProcess, KeepOperatorStates, Maintenance, PluginControl, ServerConfig, SignIn};
use connections::Connections;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wellhead::Wellhead;

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
    tls: Option<Tls>,
}

impl Server {
    /// A server in front of `wellhead`.
    pub fn new(wellhead: Wellhead, config: ServerConfig) -> Self {
        Self { app: AppState::new(wellhead, config), tls: None }
    }

    /// Has what operators say of plugins kept beyond this process.
    #[must_use]
    pub fn keep_operator_states(mut self, keeper: Arc<dyn KeepOperatorStates>) -> Self {
        self.app.keeper = Some(keeper);
        self
    }

    /// Speaks TLS, and nothing else, with this certificate; with what its files hold later, once they change.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Lets nobody in but whom `sign_in` knows. Without it, whoever reaches the socket is trusted.
    #[must_use]
    pub fn sign_in(mut self, sign_in: SignIn) -> Self {
        self.app.sign_in = Some(sign_in);
        self
    }

    /// Lets the operator back up and look after what the host keeps.
    #[must_use]
    pub fn maintenance(mut self, maintenance: Maintenance) -> Self {
        self.app.maintenance = Some(maintenance);
        self
    }

    /// The same server without a socket.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use wellhead::Wellhead;
    /// use wellhead_server::{Server, ServerConfig};
    ///
    /// let wellhead = Wellhead::builder().build().await?;
    /// let server = Server::new(wellhead.clone(), ServerConfig::default()).in_process();
    /// let request = axum::http::Request::get("/api/health").body(bytes::Bytes::new())?;
    /// assert_eq!(server.answer(request).await?.status(), 200);
    /// # wellhead.shutdown(std::time::Duration::ZERO).await;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn in_process(self) -> InProcess {
        InProcess::new(self.app)
    }

    /// Serves HTTP/1.1 and HTTP/2 (by ALPN, and without TLS by prior knowledge) on `listener` until `shutdown` is
    /// ready, then drains. The host itself goes on: shut it down afterwards.
    pub async fn serve(mut self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        self.app.no_plugin_control = no_plugin_control(&self.app, &listener);
        // Ends when this future does, however that comes about.
        let mut following = JoinSet::new();
        let tls = self.tls.map(|tls| {
            let (current, connections) = watch::channel(Arc::clone(&tls.config));
            following.spawn(tls::follow(tls, current));
            connections
        });
        let config = Arc::clone(&self.app.config);
        let service = cors::opened_to(&config.cors_origins, router(self.app.clone()));
        let mut connections = Connections::new(Arc::clone(&config), service, tls);
        accept(&listener, &mut connections, shutdown).await;
        self.app.start_draining();
        accept(&listener, &mut connections, tokio::time::sleep(config.unready_before_drain)).await;
        drop(listener);
        connections.drain(config.drain).await;
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("config", &self.app.config).field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// Why plugins cannot be changed over HTTP, where they cannot.
fn no_plugin_control(app: &AppState, listener: &TcpListener) -> Option<Arc<str>> {
    let config = &app.config;
    let cure = "set plugin-control = \"on\" to allow it";
    match (config.plugin_control, listener.local_addr()) {
        (PluginControl::On, _) => None,
        (PluginControl::Off, _) => {
            Some(format!("plugins cannot be changed here: plugin-control is off; {cure}").into())
        }
        // Who asks is known, and may or may not.
        (PluginControl::OnLoopback, _) if app.sign_in.is_some() => None,
        (PluginControl::OnLoopback, _) if config.behind_proxy => {
            let reason = "plugins cannot be changed here: the server is behind a proxy, which brings anybody, and asks nobody \
                          who they are";
            Some(format!("{reason}; {cure}").into())
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

/// Takes connections until `until` is ready.
async fn accept(listener: &TcpListener, connections: &mut Connections, until: impl Future<Output = ()>) {
    let mut until = std::pin::pin!(until);
    loop {
        tokio::select! {
            biased;
            () = &mut until => return,
            accepted = listener.accept(), if connections.has_room() => match accepted {
                Ok((stream, peer)) => connections.serve(stream, peer),
                Err(error) if is_one_connections(&error) => {}
                Err(error) => {
                    tracing::warn!(target: "wellhead::http", "accepting connections failed, going on: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(()) = connections.ended() => {}
        }
    }
}

/// The fault of whoever tried to connect, not of this process.
fn is_one_connections(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
