//! Why a channel was not fed, and what follows from it.

use super::{Channel, LeaseRefused, LiveError, SubscriptionEnd};
use crate::QueryError;
use std::fmt;
use wellhead_runtime::{ErrorSource, GuestError, PluginError};
use wellhead_store::StoreError;

#[derive(Debug)]
pub(super) enum Fault {
    /// The plugin could not be run, or its run failed.
    Plugin(PluginError),
    /// The data source was not found.
    Context(QueryError),
    Lease(LeaseRefused),
    LeaseLost,
    /// It moved, and moved again at once.
    Moved,
}

impl From<PluginError> for Fault {
    fn from(error: PluginError) -> Self {
        Self::Plugin(error)
    }
}

impl Fault {
    /// Whether it ends the channel at once, and how.
    pub(super) fn ends(&self) -> Option<SubscriptionEnd> {
        let deleted = matches!(self, Self::Context(QueryError::Store(StoreError::NotFound { .. })));
        deleted.then_some(SubscriptionEnd::Deleted)
    }

    /// Whether whoever waits for the first run is told, and no other is tried: all but what may pass by itself while
    /// the upstream is away.
    pub(super) fn is_first_subscribers(&self) -> bool {
        match self {
            Self::Plugin(PluginError::Guest(_)) => self.is_of_the_channel(),
            Self::Plugin(_) | Self::Context(_) | Self::Lease(_) => true,
            Self::LeaseLost | Self::Moved => false,
        }
    }

    /// Whether it is the channel's name or data that the plugin cannot use: it said so itself, and the same will be said
    /// of the same.
    pub(super) fn is_of_the_channel(&self) -> bool {
        let Self::Plugin(PluginError::Guest(GuestError { status, source_of_error, .. })) = self else { return false };
        // Too slow, too early and too often pass by themselves.
        let passes = matches!(status, 408 | 425 | 429);
        *source_of_error == ErrorSource::Plugin && !passes && ((400..500).contains(status) || *status == 501)
    }

    /// As whoever waits for the first run is told.
    pub(super) fn to_error(&self, channel: &Channel) -> LiveError {
        let channel = || channel.clone();
        match self {
            Self::Plugin(error) => error.clone().into(),
            Self::Context(error) => LiveError::Unavailable { channel: channel(), reason: error.to_string() },
            Self::Lease(refused) => LiveError::LeaseRefused { channel: channel(), refused: refused.clone() },
            Self::LeaseLost | Self::Moved => LiveError::Unavailable { channel: channel(), reason: self.to_string() },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin(error) => error.fmt(f),
            Self::Context(error) => error.fmt(f),
            Self::Lease(refused) => write!(f, "this host may not run the channel: {refused}"),
            Self::LeaseLost => f.write_str("this host may no longer run the channel: it lost the lease"),
            Self::Moved => f.write_str("the plugin's instance is being replaced"),
        }
    }
}
