//! Byte connections for protocols other than HTTP: a [`Connection`] is tokio's `AsyncRead + AsyncWrite`, on which the
//! drivers of the ecosystem run. The host checks where it leads, dials, speaks TLS and counts; no address, no name
//! server and no private key is in the plugin.
//!
//! The manifest names the servers: `"wellhead": { "endpoints": { "server": { "address": "${url}", "defaultPort": 5432 } } }`.
//!
//! ```no_run
//! # async fn example() -> Result<(), wellhead_sdk::Error> {
//! use wellhead_sdk::net::{Connection, TlsOptions, Verify};
//!
//! let mut connection = Connection::connect("server").await?;
//! // … the protocol's own request to speak TLS, and the server's agreement …
//! let info = connection.start_tls(&TlsOptions { verify: Verify::CaOnly, ..TlsOptions::default() }).await?;
//! assert!(info.server_end_point.len() >= 32, "for SCRAM-SHA-256-PLUS");
//! # Ok(())
//! # }
//! ```
//!
//! A driver's background future goes to [`task::spawn`](crate::task::spawn); its timers to [`task::sleep`](crate::task::sleep).
//!
//! Natively, under [`testing::block_on`](crate::testing::block_on), a connection is a socket of the operating system, to
//! any address and without TLS.

mod error;
#[cfg(target_family = "wasm")]
mod guest;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod native;
mod stream;

pub use error::NetError;
pub use stream::Connection;

#[cfg(target_family = "wasm")]
use guest as transport;
#[cfg(not(target_family = "wasm"))]
use native as transport;

/// How much of a server's certificate is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// The authority signed it, it has not expired, it bears the server's name: `verify-full`.
    #[default]
    Full,
    /// The authority signed it and it has not expired, whatever the name: `verify-ca`.
    CaOnly,
    /// Nothing: the connection is encrypted to whoever answers, as under PostgreSQL's `require`.
    None,
}

/// What a plugin chooses of TLS. Authority (`tlsCACert`) and client certificate (`tlsClientCert`, `tlsClientKey`) are the
/// data source's, and stay with the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The name to ask for and to verify; `None`: `serverName` of the settings, else the endpoint's host.
    pub server_name: Option<String>,
    /// What is verified.
    pub verify: Verify,
    /// Protocols to offer (ALPN), the best first.
    pub alpn: Vec<String>,
}

/// What a plugin learns of a TLS session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// RFC 5929 `tls-server-end-point`, for the channel binding of SCRAM; empty where the server's certificate has none.
    pub server_end_point: Vec<u8>,
    /// The protocol the server chose of those offered.
    pub alpn: Option<String>,
}
