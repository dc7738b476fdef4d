//! Why a request was not answered as a whole. The failure of one query among several is in its own response instead.

use crate::{Denied, ProxyError};
use wellhead_runtime::PluginError;
use wellhead_store::StoreError;

/// Why a request to the query service failed. How a client sees it: [`PublicError`](crate::PublicError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The body is not JSON, or not of the right shape.
    #[error("the request body cannot be read: {0}")]
    MalformedBody(String),
    /// Nothing was asked.
    #[error("the request has no queries: send at least one in \"queries\"")]
    NoQueries,
    /// More was asked than one request may.
    #[error("the request has {actual} queries, {limit} are allowed: split it")]
    TooManyQueries {
        /// How many there are.
        actual: usize,
        /// How many may be.
        limit: usize,
    },
    /// A key of a query is of the wrong type or out of range.
    #[error("{query}: {key} {reason}")]
    InvalidQuery {
        /// Which query.
        query: String,
        /// Which of its keys.
        key: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A query does not say whom it asks.
    #[error("{query} names no data source: {reason}")]
    InvalidDataSource {
        /// Which query.
        query: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A query of Grafana's server-side expressions.
    #[error("{query} is a server-side expression, which this host does not evaluate: ask data sources only")]
    ExpressionsUnsupported {
        /// Which query.
        query: String,
    },
    /// Two queries would be answered under one name.
    #[error("two queries have the refId {ref_id:?}: give each its own")]
    DuplicateRefId {
        /// The name.
        ref_id: String,
    },
    /// The range cannot be read, or runs backwards.
    #[error("the time range is not valid: {0}")]
    InvalidTimeRange(String),
    /// A path that could reach beyond the data source.
    #[error("the path {path:?} is refused: {reason}")]
    ForbiddenPath {
        /// As it was sent.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The caller may not query a data source.
    #[error("access to data source {uid:?} is denied: {reason}")]
    AccessDenied {
        /// The data source.
        uid: String,
        /// Why, and what would help.
        reason: Denied,
    },
    /// The data proxy did not answer.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// There is no such data source, or the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plugin could not answer at all.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}
