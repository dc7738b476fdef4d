//! Asks the server all that a query needs, side by side, and puts the answers together.
//! Promises an order: values at the instant, values over the range, exemplars. What one of them lacks does not take the
//! others away.

use wellhead_sdk::frame::Frame;
use wellhead_sdk::{Error, ErrorSource, QueryResult, RequestContext, task, tracing};

use crate::answer::{Answer, AnswerError, MAX_SERIES, QueryData, SeriesKind, join};
use crate::frames::{error_frame, exemplar_frame, query_frames};
use crate::query::{Query, parts};
use crate::settings::Settings;
use crate::upstream::Upstream;

/// What came of a query: frames, and a failure where a part of it could not be had.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In the order promised above. A part that failed has a frame that says what was asked.
    pub frames: Vec<Frame>,
    /// The failure, or both of them as one.
    pub error: Option<Error>,
}

impl From<Outcome> for QueryResult {
    fn from(outcome: Outcome) -> Self {
        let result = Self::from(outcome.frames);
        match outcome.error {
            None => result,
            Some(error) => result.with_error(error),
        }
    }
}

/// The answer to a query.
pub async fn run(
    upstream: &Upstream,
    settings: &Settings,
    ctx: &RequestContext,
    query: &Query,
) -> Result<Outcome, Error> {
    let instant = async { if query.instant { Some(upstream.instant(ctx, query).await) } else { None } };
    let range = async { if query.range { Some(range(upstream, settings, ctx, query).await) } else { None } };
    let exemplars = async { if query.exemplar { exemplars(upstream, ctx, query).await } else { Ok(None) } };
    let (instant, range, exemplars) = task::join3(instant, range, exemplars).await;
    let mut outcome = Outcome::default();
    for answer in [instant, range].into_iter().flatten() {
        match answer {
            Ok(answer) => outcome.frames.extend(query_frames(query, answer)?),
            Err(failure) => {
                outcome.frames.push(error_frame(query)?);
                outcome.error = Some(match outcome.error {
                    None => failure,
                    Some(first) => and(first, &failure),
                });
            }
        }
    }
    outcome.frames.extend(exemplars?);
    Ok(outcome)
}

/// Two failures as one, with the status of the first.
fn and(first: Error, second: &Error) -> Error {
    if first.message() == second.message() {
        return first;
    }
    let message = format!("{first}; {second}");
    Error::new(first.status(), first.error_source(), message)
}

/// Values over the whole range, asked for in parts where the settings say so.
async fn range(
    upstream: &Upstream,
    settings: &Settings,
    ctx: &RequestContext,
    query: &Query,
) -> Result<Answer<QueryData>, Error> {
    let parts = parts(query, settings.split_duration);
    if let [whole] = parts.as_slice() {
        return upstream.range(ctx, query, *whole).await;
    }
    let asked = parts.into_iter().map(|part| upstream.range(ctx, query, part));
    let answers = task::try_join_all(settings.split_concurrency, asked).await?;
    let mut joined = Answer { data: Vec::new(), warnings: Vec::new(), infos: Vec::new() };
    for answer in answers {
        add_new(&mut joined.warnings, answer.warnings);
        add_new(&mut joined.infos, answer.infos);
        match answer.data {
            QueryData::Series { series, .. } => joined.data.push(series),
            other => {
                return Err(Error::downstream(format_args!("a range was answered with a single value: {other:?}")));
            }
        }
    }
    let series = join(joined.data);
    if series.len() > MAX_SERIES {
        let error = AnswerError::TooManySeries { actual: series.len() };
        return Err(Error::new(413, ErrorSource::Downstream, error));
    }
    // The parts' statistics add up to nothing that the whole would have had.
    let data = QueryData::Series { kind: SeriesKind::Matrix, series, stats: None };
    Ok(Answer { data, warnings: joined.warnings, infos: joined.infos })
}

/// Every part of a split query warns of the same.
fn add_new(notes: &mut Vec<String>, more: Vec<String>) {
    for note in more {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}

/// Exemplars are beside the point of a panel: where they cannot be had, the log says why and the values are shown.
async fn exemplars(upstream: &Upstream, ctx: &RequestContext, query: &Query) -> Result<Option<Frame>, Error> {
    match upstream.exemplars(ctx, query).await {
        Ok(answer) => Ok(exemplar_frame(query, &answer.data)?),
        Err(error) => {
            tracing::warn!(expr = query.expr.as_str(), "exemplars cannot be had: {error}");
            Ok(None)
        }
    }
}
