//! Live channels: one run of a plugin a channel, fanned out to any number of subscribers.
//!
//! [`LiveHub`] finds or starts the run, asks permission for each subscriber and again while it lasts, keeps slow ones
//! from holding up the others, and runs again what failed or moved. How updates travel to a browser is the server's.

mod authority;
mod channel;
mod error;
mod hub;
mod lease;
mod limits;
mod status;
mod subscription;
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
