//! What is asked: queries over time ranges, each of a data source, from Grafana's JSON or from code.

mod depth;
mod instant;
mod parse;
mod ref_id;

use crate::QueryError;
use instant::Edge;
use jiff::Timestamp;
use parse::Origin;
use serde_json::Value;
use std::time::SystemTime;
use wellhead_runtime::{DataQuery, TimeRange};
use wellhead_store::DataSourceKey;

pub use ref_id::name_queries;

/// Queries in one request. More than a dashboard panel ever has; fewer than would hurt.
pub const MAX_QUERIES: usize = 500;

/// One query and the data source it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Whom it asks.
    pub data_source: DataSourceKey,
    /// What it asks.
    pub query: DataQuery,
}

/// Queries, of one data source or of several, to be answered together. Every ref-id is unique.
///
/// ```
/// use serde_json::json;
/// use wellhead_query::QueryRequest;
///
/// let request = QueryRequest::over("now-1h", "now")?
///     .query("prom", json!({"refId": "A", "expr": "up"}))?
///     .query("loki", json!({"refId": "B", "expr": "{job=\"api\"}"}))?;
/// assert_eq!(request.queries().len(), 2);
/// # Ok::<(), wellhead_query::QueryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryRequest {
    range: TimeRange,
    queries: Vec<Query>,
}

impl QueryRequest {
    /// A request without queries so far. `from` and `to` are epoch milliseconds, RFC 3339 or date math (`now-1h`).
    ///
    /// # Errors
    /// [`QueryError::InvalidTimeRange`].
    pub fn over(from: &str, to: &str) -> Result<Self, QueryError> {
        Ok(Self { range: time_range(from, to, Timestamp::now())?, queries: Vec::new() })
    }

    /// The range of queries that have none of their own.
    #[must_use]
    pub fn time_range(&self) -> TimeRange {
        self.range
    }

    /// Adds a query of the data source `uid`. `model` is the JSON object a client of the HTTP API would send:
    /// `refId` (default `A`), `intervalMs` (1000), `maxDataPoints` (100), `queryType`, and the plugin's own keys.
    ///
    /// # Errors
    /// [`QueryError`] where the model is no object, a key has a wrong type, or the ref-id is taken.
    pub fn query(mut self, uid: impl Into<String>, model: Value) -> Result<Self, QueryError> {
        let text = model.to_string();
        let origin = Origin::Code { data_source: DataSourceKey::uid(uid) };
        let query = parse::query(self.queries.len(), &text, &origin, self.range)?;
        self.push(query)?;
        Ok(self)
    }

    /// Reads the body of `POST /api/ds/query`. With `per_query_range` (`X-Query-V2`) a query may bear a `timeRange` of
    /// its own.
    ///
    /// # Errors
    /// [`QueryError`], which names the query at fault.
    pub fn from_json(body: &[u8], per_query_range: bool) -> Result<Self, QueryError> {
        Self::from_json_at(body, Timestamp::now(), per_query_range)
    }

    /// As [`from_json`](Self::from_json) would have read it at `now`: relative instants count from there.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_as_of(body: &[u8], now: SystemTime, per_query_range: bool) -> Result<Self, QueryError> {
        let now = Timestamp::try_from(now).map_err(|error| QueryError::InvalidTimeRange(error.to_string()))?;
        Self::from_json_at(body, now, per_query_range)
    }

    /// Relative instants count from `now`.
    fn from_json_at(body: &[u8], now: Timestamp, per_query_range: bool) -> Result<Self, QueryError> {
        let body = parse::body(body)?;
        let mut request = Self { range: time_range(&body.from, &body.to, now)?, queries: Vec::new() };
        let origin = Origin::Http { now, per_query_range };
        for (index, raw) in body.queries.iter().enumerate() {
            request.push(parse::query(index, raw.get(), &origin, request.range)?)?;
        }
        Ok(request)
    }

    /// The queries, in the order they were given.
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    pub(crate) fn into_queries(self) -> Vec<Query> {
        self.queries
    }

    fn push(&mut self, query: Query) -> Result<(), QueryError> {
        let ref_id = &query.query.ref_id;
        if self.queries.iter().any(|other| other.query.ref_id == *ref_id) {
            return Err(QueryError::DuplicateRefId { ref_id: ref_id.clone() });
        }
        let actual = self.queries.len() + 1;
        if actual > MAX_QUERIES {
            return Err(QueryError::TooManyQueries { actual, limit: MAX_QUERIES });
        }
        self.queries.push(query);
        Ok(())
    }
}

fn time_range(from: &str, to: &str, now: Timestamp) -> Result<TimeRange, QueryError> {
    let edge = |name, text, edge| {
        instant::parse(text, edge, now)
            .map_err(|reason| QueryError::InvalidTimeRange(format!("{name:?}: {text:?} {reason}")))
    };
    let range = TimeRange { from: edge("from", from, Edge::From)?, to: edge("to", to, Edge::To)? };
    if range.from > range.to {
        return Err(QueryError::InvalidTimeRange(format!("\"from\" {from:?} is after \"to\" {to:?}: swap them")));
    }
    Ok(range)
}

#[cfg(test)]
mod tests;
