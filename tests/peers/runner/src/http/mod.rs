//! Servers and a client of HTTP, for what is measured where a client is.

pub mod bare;
pub mod client;
pub mod serve;
pub mod upstream;
