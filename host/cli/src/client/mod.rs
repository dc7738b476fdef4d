//! Speaking to a host as its clients do: which server is meant, who asks, and what comes back.

mod api;
pub(crate) mod event_stream;
pub(crate) mod http;
mod server_args;
mod trust;

pub(crate) use api::{Api, ApiArgs};
pub(crate) use server_args::ServerArgs;
