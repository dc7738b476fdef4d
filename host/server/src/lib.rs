//! Grafana-compatible HTTP in front of a Wellhead host.
//!
//! [`Server`] serves Grafana's query, health, resource and data-source routes, so that clients written for Grafana work
//! unmodified, and Arrow for those who ask for it (see [`ARROW_STREAM`]). It owns sockets and bytes: limits, time-outs,
//! draining, logs and metrics of requests. Who answers is the host's business.
//!
//! **There is no authentication yet**: whoever reaches the socket may ask every data source of every org. Listen on
//! loopback, or put something in front that knows its users ([`ServerConfig::behind_proxy`]); [`Tls`] encrypts what is
//! said, and knows nobody either. Plugins can be changed only where the listener is on loopback and no proxy is in front,
//! unless [`PluginControl`] says otherwise.

mod api;
mod config;
mod cors;
mod http;
mod keep;
mod metrics;
mod query;
mod router;
mod serve;
mod state;
mod tls;

pub use config::{PluginControl, ServerConfig};
pub use cors::{CorsOrigin, CorsOriginError};
pub use keep::KeepOperatorStates;
pub use query::ARROW_STREAM;
pub use serve::Server;
pub use tls::{Tls, TlsError, TlsFiles};
