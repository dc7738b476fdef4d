//! The query service: who asks which data source for what, and with which limits.
//!
//! [`QueryService`] looks data sources up, makes the plugin context (one place for org, user, headers, credentials and
//! time-outs), runs the queries of several data sources side by side, and hands back [`Replies`]: whole or piece by
//! piece. What plugins have no word in, the data proxy sends to the data source itself. What each failure looks like to a client is [`PublicError`]'s table. Bytes on a socket are the server's.

mod caller;
mod context;
mod data_proxy;
mod error;
mod forward;
mod live;
mod public_error;
mod request;
mod resource_path;
mod result;
mod service;
mod url_password;

pub use caller::{Caller, Denied, QueryPermissions};
pub use data_proxy::{DataProxyRequest, DataProxyResponse, ProxyError};
pub use error::QueryError;
pub use live::{
    Authority, Channel, ChannelLease, ChannelLeases, ChannelStatus, FrameStream, InvalidChannel, LeaseRefused,
    LiveError, LiveHub, LiveLimits, LocalLeases, Scope, Subscription, SubscriptionEnd, Update, Wire,
};
pub use public_error::{Operation, PublicError};
pub use request::{MAX_QUERIES, Query, QueryRequest, name_queries};
pub use result::{QueryResults, Replies, ResultLimits};
pub use service::QueryService;
pub use url_password::without_password;
