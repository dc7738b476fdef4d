//! Live channels: one run of a plugin a channel, fanned out to any number of subscribers.
//!
//! [`LiveHub`] finds or starts the run, asks permission for each subscriber and again while it lasts, keeps slow ones
//! from holding up the others, and runs again what failed or moved. How updates travel to a browser is the server's.

mod access;
mod authority;
mod backoff;
mod channel;
mod charge;
mod document;
mod error;
mod fault;
mod follow;
mod gates;
mod held;
mod hub;
mod lease;
mod limits;
mod log;
mod message;
mod metrics;
mod notice;
mod recheck;
mod retained;
mod run;
mod schemas;
mod seats;
mod status;
mod subscription;
mod topic;
mod topics;
mod update;

pub use authority::Authority;
pub use channel::{Channel, InvalidChannel, Scope};
pub use error::{LiveError, SubscriptionEnd};
pub use hub::LiveHub;
pub use lease::{ChannelLease, ChannelLeases, LeaseRefused, LocalLeases};
pub use limits::LiveLimits;
pub use status::ChannelStatus;
pub use subscription::{FrameStream, Subscription};
pub use update::{Update, Wire};

#[cfg(test)]
mod tests;
