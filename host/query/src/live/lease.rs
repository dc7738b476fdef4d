//! Leases, so that one host of many runs a channel. This host alone grants all of them to itself.

use super::Channel;
use futures::future::BoxFuture;

/// Grants channels to this host.
pub trait ChannelLeases: Send + Sync + 'static {
    /// Asks for a channel. It may be one that this host has a lease of already: a channel with other data is run by itself.
    ///
    /// # Errors
    /// [`LeaseRefused`]: subscribers are told who has it.
    fn acquire<'a>(&'a self, channel: &'a Channel) -> BoxFuture<'a, Result<Box<dyn ChannelLease>, LeaseRefused>>;
}

/// A channel that is this host's to run. Dropping it gives the channel back.
pub trait ChannelLease: Send + Sync + 'static {
    /// Ends when the lease is lost: the run ends at once, and the lease is asked for again.
    fn lost(&self) -> BoxFuture<'_, ()>;
}

/// Somebody else runs the channel, or nobody can say who does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{holder} runs it: subscribe there, or try again")]
pub struct LeaseRefused {
    /// Who has the channel, as a person would call that host.
    pub holder: String,
}

/// Of a host that is the only one: every lease is granted and none is lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalLeases;

struct Local;

impl ChannelLeases for LocalLeases {
    fn acquire<'a>(&'a self, _: &'a Channel) -> BoxFuture<'a, Result<Box<dyn ChannelLease>, LeaseRefused>> {
        Box::pin(async { Ok(Box::new(Local) as Box<dyn ChannelLease>) })
    }
}

impl ChannelLease for Local {
    fn lost(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}
