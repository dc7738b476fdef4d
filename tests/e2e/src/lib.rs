//! Plugins in the real host against real servers: what the tests under `tests/` share.
//! Promises servers of a test's own, on loopback, as an unprivileged user, gone with the test. What they must answer is
//! the tests' business.

pub mod centrifuge;
pub mod certificates;
pub mod host;
pub mod http;
pub mod openmetrics;
pub mod plugin_file;
pub mod prometheus;
pub mod proxy;
pub mod remote_write;
pub mod series;
pub mod server;
pub mod sql;
pub mod stub;
