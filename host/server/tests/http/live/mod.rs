//! Live channels: what a client of each kind sees of a plugin's streams.

mod client;
mod events;
mod feed;
mod limits;
mod sign_in;
mod socket;

pub(crate) use client::Client;
pub(crate) use feed::LiveHost;
