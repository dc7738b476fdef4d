//! One file a scenario, or a family of them; here each is called by its id.

mod all_types;
mod csv;
mod errors;
mod logs;
mod pulse;
mod random_walk;
mod rows;
mod tables;

use wellhead_sdk::prelude::*;
use wellhead_sdk::task;

use crate::query::{Query, Scenario};
use crate::{duration, series, streams};

/// Where a live panel without a channel listens.
const DEFAULT_CHANNEL: &str = "random-2s-stream";

/// Makes up what a query asks for; `uid` is the data source's.
pub(crate) async fn answer(ctx: &RequestContext, uid: &str, query: DataQuery<Query>) -> Result<QueryResult, Error> {
    match query.model.scenario_id {
        Scenario::AllFieldTypes => Ok(all_types::frame(&query)?.into()),
        Scenario::CsvContent => csv::content(&query),
        Scenario::CsvMetricValues => csv::metric_values(&query),
        Scenario::DatapointsOutsideRange => Ok(outside_range(&query)?.into()),
        Scenario::Empty => Ok(QueryResult::empty()),
        Scenario::ErrorWithSource => Err(errors::with_source(&query)),
        Scenario::Live => Ok(streams::pointer(uid, query.model.channel.as_deref().unwrap_or(DEFAULT_CHANNEL))?.into()),
        Scenario::Logs => Ok(logs::frame(&query)?.into()),
        Scenario::NoDataPoints => Ok(no_data_points(&query)?.into()),
        Scenario::PredictablePulse => Ok(pulse::frame(&query)?.into()),
        Scenario::QueryMeta => Ok(tables::query_meta(ctx)?.into()),
        Scenario::RandomWalk => random_walk::frames(&query),
        Scenario::RandomWalkTable => Ok(tables::random_walk(&query)?.into()),
        Scenario::RandomWalkWithError => Ok(random_walk::frames(&query)?.with_error(errors::beside_frames())),
        Scenario::Rows => rows::result(&query),
        Scenario::ServerError500 => errors::conditional(&query),
        Scenario::ServerPanic => errors::panic(),
        Scenario::SlowQuery => {
            task::sleep(duration::parse(query.model.string_input.as_deref().unwrap_or("5s"))?).await;
            random_walk::frames(&query)
        }
        Scenario::TableStatic => Ok(tables::static_rows(&query)?.into()),
    }
}

/// A series whose only point lies an hour before what was asked.
fn outside_range(query: &DataQuery<Query>) -> Result<Frame, Error> {
    let early = query.time_range.from.nanos().saturating_sub(3_600_000_000_000);
    let frame = Frame::builder(series::name(query, 0))
        .column(Field::new("Time"), vec![Timestamp::from_nanos(early)])
        .column(Field::new("Value"), vec![10.0]);
    Ok(frame.build()?)
}

/// A series with its fields and no rows.
fn no_data_points(query: &DataQuery<Query>) -> Result<Frame, Error> {
    let frame = Frame::builder(series::name(query, 0))
        .column(Field::new("Time"), Vec::<Timestamp>::new())
        .column(Field::new("Value"), Vec::<Option<f64>>::new());
    Ok(frame.build()?)
}
