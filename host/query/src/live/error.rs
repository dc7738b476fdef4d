//! Why nothing came of subscribing or publishing, and why a subscription came to its end.

use super::{Channel, InvalidChannel, LeaseRefused};
use crate::{Denied, Operation, PublicError, QueryError};
use std::sync::Arc;
use wellhead_runtime::PluginError;

/// Why a channel cannot be subscribed or published to. How a client sees it: [`public`](Self::public).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// No name of a channel.
    #[error(transparent)]
    InvalidChannel(#[from] InvalidChannel),
    /// What was sent along, or published, cannot be read.
    #[error("the data for channel {channel} cannot be used: {reason}")]
    InvalidData {
        /// Where it was sent.
        channel: Channel,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The plugin knows no such channel.
    #[error("there is no channel {channel}: ask the plugin's documentation for its paths")]
    NotFound {
        /// The channel.
        channel: Channel,
    },
    /// The caller may not.
    #[error("access to channel {channel} is denied: {reason}")]
    Denied {
        /// The channel.
        channel: Channel,
        /// Why, and what would help.
        reason: Denied,
    },
    /// A limit of the hub was reached.
    #[error("limit {name:?} exceeded: {actual} asked, {limit} allowed: {cure}")]
    LimitExceeded {
        /// The limit's name, as in [`LiveLimits`](super::LiveLimits).
        name: &'static str,
        /// What is allowed.
        limit: u64,
        /// What was asked.
        actual: u64,
        /// What to do.
        cure: &'static str,
    },
    /// Another host runs the channel.
    #[error("channel {channel} is not run by this host: {refused}")]
    LeaseRefused {
        /// The channel.
        channel: Channel,
        /// Who has it.
        refused: LeaseRefused,
    },
    /// The data source was not found, may not be used, or its plugin did not do it.
    #[error(transparent)]
    Query(Arc<QueryError>),
    /// The channel cannot be run just now.
    #[error("channel {channel} cannot be run now: {reason}")]
    Unavailable {
        /// The channel.
        channel: Channel,
        /// Why.
        reason: String,
    },
    /// The host is stopping.
    #[error("the host is stopping: connect again")]
    ShutDown,
}

impl From<QueryError> for LiveError {
    fn from(error: QueryError) -> Self {
        Self::Query(Arc::new(error))
    }
}

impl From<PluginError> for LiveError {
    fn from(error: PluginError) -> Self {
        QueryError::from(error).into()
    }
}

impl LiveError {
    /// What a client sees of it: 400 for what cannot be read, 403, 404, 413 and 429 for limits of size and number, 501 for
    /// a plugin without streams, 503 for what may be there later.
    pub fn public(&self) -> PublicError {
        let (status, message) = match self {
            Self::Query(error) => return PublicError::of(Operation::Live, error),
            Self::InvalidChannel(_) => (400, "Invalid channel"),
            Self::InvalidData { .. } => (400, "Invalid channel data"),
            Self::NotFound { .. } => (404, "Channel not found"),
            Self::Denied { .. } => (403, "Access denied to channel"),
            Self::LimitExceeded { name, .. } if name.ends_with("_bytes") => (413, "Message too large"),
            Self::LimitExceeded { .. } => (429, "Too many channels or subscribers"),
            Self::LeaseRefused { .. } => (503, "Channel is run elsewhere"),
            Self::Unavailable { .. } => (503, "Channel unavailable"),
            Self::ShutDown => (503, "Stopping"),
        };
        PublicError { status, message_id: "", message: message.to_owned(), detail: Some(self.to_string()) }
    }
}

/// Why a subscription gives no more updates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionEnd {
    /// The data source was deleted.
    #[error("the data source was deleted")]
    Deleted,
    /// The plugin no longer knows the channel.
    #[error("the plugin knows the channel no longer")]
    NotFound,
    /// The subscriber may no longer.
    #[error("the subscription is no longer allowed: {0}")]
    Denied(Denied),
    /// The plugin cannot feed this channel, however often it is asked.
    #[error("{reason}")]
    Unsupported {
        /// HTTP status, as a subscriber who came later would get it.
        code: u16,
        /// The plugin's words.
        reason: String,
    },
    /// The plugin has nothing more to say on the channel.
    #[error("the stream came to its end")]
    Finished,
    /// The host is stopping.
    #[error("the host is stopping: connect again")]
    ShutDown,
}

impl SubscriptionEnd {
    /// As an HTTP status: 200 for a stream that came to its own end.
    pub fn code(&self) -> u16 {
        match self {
            Self::Deleted | Self::NotFound => 404,
            Self::Denied(_) => 403,
            Self::Unsupported { code, .. } => *code,
            Self::Finished => 200,
            Self::ShutDown => 503,
        }
    }
}
