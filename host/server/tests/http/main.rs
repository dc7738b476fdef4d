//! The server over real HTTP on loopback, in front of plugins compiled into the test.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected ends there"
)]

mod access;
mod cors;
mod data_source_commands;
mod data_sources;
mod health;
mod lifecycle;
mod limits;
mod live;
mod orgs;
mod permissions;
mod plugin_control;
mod plugin_events;
mod plugins;
mod proxy;
mod query;
mod resources;
mod service_accounts;
mod support;
mod system;
mod tls;
mod users;
