//! Grafana-compatible HTTP in front of a Wellhead host.
//!
//! [`Server`] serves Grafana's query, health, resource and data-source routes, so that clients written for Grafana work
//! unmodified, and Arrow for those who ask for it (see [`ARROW_STREAM`]). It owns sockets and bytes: limits, time-outs,
//! draining, logs and metrics of requests. Who answers is the host's business.
//!
//! Callers sign in as [`SignIn`] says: with a password, or with a service account's token; [`Tls`] keeps both from being
//! overheard. A server that was given no sign-in trusts whoever reaches its socket: for embedders that have a gate of their
//! own. Plugins can then be changed only where the listener is on loopback and no proxy is in front
//! ([`ServerConfig::behind_proxy`]), unless [`PluginControl`] says otherwise.

mod api;
mod auth;
mod config;
mod cors;
mod http;
mod in_process;
mod keep;
mod live;
mod metrics;
mod query;
mod router;
mod serve;
mod state;
mod tls;

pub use api::maintenance::Maintenance;
pub use auth::SignIn;
pub use config::{PluginControl, ServerConfig};
pub use cors::{CorsOrigin, CorsOriginError};
pub use in_process::InProcess;
pub use keep::KeepOperatorStates;
pub use query::ARROW_STREAM;
pub use serve::Server;
pub use tls::{Tls, TlsError, TlsFiles};
