//! Failures on demand.

use wellhead_sdk::ErrorSource;
use wellhead_sdk::prelude::*;

use super::csv;
use crate::query::{BlamedSource, Query};

/// An error that is whose fault the query says.
pub(super) fn with_source(query: &DataQuery<Query>) -> Error {
    let source = match query.model.error_source.unwrap_or_default() {
        BlamedSource::Plugin => ErrorSource::Plugin,
        BlamedSource::Downstream => ErrorSource::Downstream,
    };
    let message = query.model.string_input.as_deref().filter(|text| !text.is_empty()).unwrap_or("error");
    Error::new(500, source, message)
}

/// An error of status 500, unless there are values to show.
pub(super) fn conditional(query: &DataQuery<Query>) -> Result<QueryResult, Error> {
    match query.model.string_input.as_deref() {
        None | Some("") => Err(Error::plugin("this scenario fails when the String Input field is empty")),
        Some(_) => csv::metric_values(query),
    }
}

/// What stands beside the frames of a walk that failed half way.
pub(super) fn beside_frames() -> Error {
    Error::plugin("this is an error and it can include URLs http://grafana.com/")
}

/// Ends the instance.
#[expect(clippy::panic, reason = "what the scenario is for")]
pub(super) fn panic() -> ! {
    panic!("the scenario server_panic was asked for")
}
