//! Other people's servers for tests: Debian's packages, each started in a folder of its own, on loopback, as an
//! unprivileged user, and gone with the test that wanted it.
//!
//! Promises that a server answers when `start` returns. What it must answer is the tests' business.

mod chdb;
mod clickhouse;
mod daemon;
pub mod http;
mod mariadb;
mod postgres;
mod websocket;

pub use chdb::Chdb;
pub use clickhouse::ClickHouse;
pub use daemon::{Daemon, Folder};
pub use mariadb::MariaDb;
pub use postgres::PostgreSql;
/// What [`Daemon`]s are sent.
pub use rustix::process::Signal;
pub use websocket::WebSocketServer;
