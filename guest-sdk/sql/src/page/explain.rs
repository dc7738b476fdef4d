//! The plan of a query as a resource: what is asked for, in every SQL plugin's words. How the plan is read and answered is
//! the plugin's.

use serde::Deserialize;
use wellhead_sdk::{Error, ResourceRequest};

use super::explain;
use crate::Dialect;

/// The longest body, in bytes.
const LONGEST: usize = 1 << 20;

/// The body of a POST to `explain`: `{"rawSql": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainRequest {
    /// The query.
    pub raw_sql: String,
}

impl ExplainRequest {
    /// Reads it.
    ///
    /// # Errors
    /// A body that is too long or no such document.
    pub async fn read(request: ResourceRequest) -> Result<Self, Error> {
        request.json(LONGEST).await
    }

    /// The query that asks for the plan, as [`explain`] has it.
    ///
    /// # Errors
    /// None or several statements.
    pub fn sql(&self, dialect: Dialect) -> Result<String, Error> {
        let none = || Error::bad_request("rawSql: one statement can be explained, not none and not several");
        explain(dialect, &self.raw_sql).ok_or_else(none)
    }
}
