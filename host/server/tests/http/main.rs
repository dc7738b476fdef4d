//! The server over real HTTP on loopback, in front of plugins compiled into the test.

mod data_sources;
mod health;
mod lifecycle;
mod limits;
mod query;
mod resources;
mod support;
mod system;
