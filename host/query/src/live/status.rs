//! What there is to see of the channels of an org.

use super::Channel;

/// A channel that somebody subscribes to, or did just now, or that keeps frames for the next who will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelStatus {
    /// Its name.
    pub channel: Channel,
    /// What its subscribers sent along; others who sent other data have a run of their own.
    pub data: String,
    /// Who listens.
    pub subscribers: usize,
    /// Updates since it began.
    pub frames: u64,
    /// Why its last run failed, until there is an update or a run that lasts.
    pub last_error: Option<String>,
}
