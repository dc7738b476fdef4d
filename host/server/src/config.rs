//! What a server allows its clients.

use crate::CorsOrigin;
use std::time::Duration;
use wellhead::ResultLimits;

/// Whether plugins can be reloaded, rolled back, pinned, disabled and removed over HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PluginControl {
    /// Whoever may ask may, but for who has signed in without being a server admin.
    On,
    /// Nobody may.
    Off,
    /// Server admins may; without sign-in whoever reaches the socket, where that is a loopback address and no proxy brings
    /// others to it.
    #[default]
    OnLoopback,
}

/// Limits and time-outs of a server. The defaults suit a server on a private network; `Duration::MAX` says "none".
///
/// ```
/// use std::time::Duration;
/// use wellhead_server::ServerConfig;
///
/// let config = ServerConfig { drain: Duration::from_secs(10), ..ServerConfig::default() };
/// assert_eq!(config.body_bytes, 64 << 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Body of a request, in bytes. Default 64 MiB.
    pub body_bytes: usize,
    /// Bodies of all requests under way that are read whole, in bytes; never below `body_bytes`. Default 512 MiB.
    pub all_body_bytes: usize,
    /// Connections at once; further ones wait to be accepted. Default: half of the files that the process may open, so that
    /// as many are left for plugins and data sources.
    pub connections: usize,
    /// How long the whole body of a query may take to arrive, and how long one that is handed on may pause. Default 60 s.
    pub body_timeout: Duration,
    /// Headers of a request, in bytes. Default 64 KiB; never below 8 KiB.
    pub header_bytes: usize,
    /// How long the headers of a request may take to arrive. Default 30 s.
    pub header_timeout: Duration,
    /// How long a TLS handshake may take, where the server [speaks TLS](crate::Server::tls), and how long a live connection
    /// may stay without a `connect`. Default 10 s.
    pub handshake_timeout: Duration,
    /// How long a client may take no byte of a response before it is cut off; of a stream of HTTP/2, before the rest is
    /// dropped. Default 30 s.
    pub write_timeout: Duration,
    /// A JSON response, in bytes. Default 64 MiB.
    pub json_bytes: usize,
    /// What a result may hold in memory to become JSON.
    pub results: ResultLimits,
    /// How long `/readyz` says 503 while requests are still accepted, before a shutdown begins in earnest: time for load
    /// balancers to look elsewhere. Default 0 s.
    pub unready_before_drain: Duration,
    /// How long requests in flight may go on after a shutdown began. Default 45 s.
    pub drain: Duration,
    /// Connections that live channels are read on, at once; further ones are refused. Never above half of `connections`, so
    /// that requests still find one. Default 2,000.
    pub live_connections: usize,
    /// How often a live connection is pinged; one that has not answered by the next time is cut. Default 25 s, in whole
    /// seconds for clients.
    pub live_ping: Duration,
    /// Whether plugins can be changed over HTTP. Default: where the listener is on loopback, with no proxy in front.
    pub plugin_control: PluginControl,
    /// Whether a reverse proxy is in front, and nobody else reaches the listener. Then the last address of
    /// `X-Forwarded-For` and the last word of `X-Forwarded-Proto` say who asks and how; without it they say nothing,
    /// because whoever asks may have written them. Default no.
    pub behind_proxy: bool,
    /// Origins whose pages may ask, with credentials (CORS). Default none: no answer has a CORS header.
    pub cors_origins: Vec<CorsOrigin>,
    /// Revision this program was built from, for `/api/health`. Default empty.
    pub commit: String,
}

/// As good as never: thirty years from now can still be reckoned with.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);

/// Where no limit is known: half of what Linux gives a process by default.
const CONNECTIONS: usize = 512;

/// Half of the files that the process may open.
fn half_of_the_files() -> usize {
    #[cfg(unix)]
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let files = None::<u64>;
    files.and_then(|files| usize::try_from(files / 2).ok()).unwrap_or(CONNECTIONS).max(1)
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            body_bytes: 64 << 20,
            all_body_bytes: 512 << 20,
            connections: half_of_the_files(),
            body_timeout: Duration::from_secs(60),
            header_bytes: 64 << 10,
            header_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            json_bytes: 64 << 20,
            results: ResultLimits::default(),
            unready_before_drain: Duration::ZERO,
            drain: Duration::from_secs(45),
            live_connections: 2_000,
            live_ping: Duration::from_secs(25),
            plugin_control: PluginControl::default(),
            behind_proxy: false,
            cors_origins: Vec::new(),
            commit: String::new(),
        }
    }
}

impl ServerConfig {
    /// With time-outs that no clock runs over from.
    pub(crate) fn bounded(mut self) -> Self {
        let spans = [
            &mut self.body_timeout,
            &mut self.header_timeout,
            &mut self.handshake_timeout,
            &mut self.write_timeout,
            &mut self.unready_before_drain,
            &mut self.drain,
            &mut self.live_ping,
        ];
        for span in spans {
            *span = (*span).min(LONGEST);
        }
        self
    }
}
