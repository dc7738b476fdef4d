//! Requests to Prometheus and the judgement of its answers.
//! Promises that what is no answer of the Prometheus API becomes an error that names status and first bytes. Leaves
//! credentials, headers of the settings, connections and their limits to the host.

use std::cell::Cell;

use serde::Deserialize;
use wellhead_sdk::http::{Http, StatusCode};
use wellhead_sdk::{Error, ErrorSource, RequestContext};

use crate::answer::{self, Answer, AnswerError, ExemplarSeries, QueryData};
use crate::query::{Part, Query, in_seconds};
use crate::settings::{HttpMethod, Settings};

/// The most of an answer that is read. Columns take about half of it again, so that both fit an instance's memory.
const MAX_ANSWER: usize = 64 << 20;

/// How much of an answer that makes no sense is quoted, in bytes.
const QUOTE: usize = 200;

/// Parameters of a request.
pub type Parameters = Vec<(String, String)>;

/// A Prometheus server, or one that speaks its API.
#[derive(Debug)]
pub struct Upstream {
    http: Http,
    method: HttpMethod,
    custom: Parameters,
    /// `timeout` and `stats`, which only queries take.
    of_queries: Parameters,
    /// The server has refused a POST as a method: it is not asked that way again.
    post_refused: Cell<bool>,
}

/// A whole answer.
#[derive(Debug)]
pub struct RawAnswer {
    /// Its HTTP status.
    pub status: StatusCode,
    /// Its body.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// A good answer with this body.
    pub fn ok(body: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, body }
    }

    /// The server says yes.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }
}

impl Upstream {
    /// The server at the URL of `http`.
    pub fn new(http: Http, settings: &Settings) -> Self {
        let mut of_queries = Parameters::new();
        if let Some(timeout) = settings.query_timeout {
            let millis = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
            of_queries.push(("timeout".to_owned(), in_seconds(millis)));
        }
        if settings.query_stats {
            of_queries.push(("stats".to_owned(), "all".to_owned()));
        }
        Self {
            http: http.max_body(MAX_ANSWER),
            method: settings.http_method,
            custom: settings.custom_query_parameters.clone(),
            of_queries,
            post_refused: Cell::new(false),
        }
    }

    /// Values over a part of the query's range.
    pub async fn range(&self, ctx: &RequestContext, query: &Query, part: Part) -> Result<Answer<QueryData>, Error> {
        let mut parameters = vec![
            ("query".to_owned(), query.expr.clone()),
            ("start".to_owned(), in_seconds(part.start)),
            ("end".to_owned(), in_seconds(part.end)),
            ("step".to_owned(), in_seconds(query.step_millis())),
        ];
        parameters.extend_from_slice(&self.of_queries);
        self.query_data(ctx, "api/v1/query_range", parameters).await
    }

    /// Values at the query's instant.
    pub async fn instant(&self, ctx: &RequestContext, query: &Query) -> Result<Answer<QueryData>, Error> {
        let mut parameters =
            vec![("query".to_owned(), query.expr.clone()), ("time".to_owned(), in_seconds(query.time))];
        parameters.extend_from_slice(&self.of_queries);
        self.query_data(ctx, "api/v1/query", parameters).await
    }

    /// Exemplars over the query's range.
    pub async fn exemplars(&self, ctx: &RequestContext, query: &Query) -> Result<Answer<Vec<ExemplarSeries>>, Error> {
        let parameters = vec![
            ("query".to_owned(), query.expr.clone()),
            ("start".to_owned(), in_seconds(query.start)),
            ("end".to_owned(), in_seconds(query.end)),
        ];
        let path = "api/v1/query_exemplars";
        let answer = self.ask(ctx, path, &parameters).await?;
        answer::read_exemplars(&answer.body).map_err(|error| judge(path, &answer, error))
    }

    /// Any `data` of the API.
    pub async fn data<T: for<'a> Deserialize<'a>>(
        &self,
        ctx: &RequestContext,
        path: &str,
        parameters: &Parameters,
    ) -> Result<T, Error> {
        let answer = self.get(ctx, path, parameters).await?;
        answer::read(&answer.body).map(|read| read.data).map_err(|error| judge(path, &answer, error))
    }

    async fn query_data(
        &self,
        ctx: &RequestContext,
        path: &str,
        parameters: Parameters,
    ) -> Result<Answer<QueryData>, Error> {
        let answer = self.ask(ctx, path, &parameters).await?;
        answer::read_query(&answer.body).map_err(|error| judge(path, &answer, error))
    }

    /// Asks by the method of the settings. A server or proxy that refuses POST is asked by GET.
    pub async fn ask(&self, ctx: &RequestContext, path: &str, parameters: &Parameters) -> Result<RawAnswer, Error> {
        if self.method == HttpMethod::Post && !self.post_refused.get() {
            let request = self.http.post(ctx, path).queries(self.custom()).form(parameters.iter().map(pair));
            let response = request.send_any_status().await?;
            let status = response.status();
            if !matches!(status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED) {
                return Ok(RawAnswer { status, body: response.bytes().await? });
            }
            self.post_refused.set(true);
        }
        self.get(ctx, path, parameters).await
    }

    /// Asks by GET, whatever the settings say: some places know nothing else.
    pub async fn get(&self, ctx: &RequestContext, path: &str, parameters: &Parameters) -> Result<RawAnswer, Error> {
        let request = self.http.get(ctx, path).queries(parameters.iter().map(pair)).queries(self.custom());
        let response = request.send_any_status().await?;
        Ok(RawAnswer { status: response.status(), body: response.bytes().await? })
    }

    fn custom(&self) -> impl Iterator<Item = (&str, &str)> {
        self.custom.iter().map(pair)
    }
}

fn pair((key, value): &(String, String)) -> (&str, &str) {
    (key, value)
}

/// The error of an answer that is none, or that says no.
fn judge(path: &str, answer: &RawAnswer, error: AnswerError) -> Error {
    let status = answer.status;
    match error {
        AnswerError::Refused { ref kind, .. } => {
            // Prometheus says 503 for a query that took too long, as it does when it is overloaded.
            let code = if kind == "timeout" { 504 } else { status.as_u16() };
            match status.is_success() {
                true => Error::downstream(error),
                false => Error::upstream_status(code, error),
            }
        }
        AnswerError::TooManySeries { .. } => Error::new(413, ErrorSource::Downstream, error),
        AnswerError::Malformed(_) | AnswerError::UnknownStatus(_) | AnswerError::NoData if !status.is_success() => {
            let message = format!("{path}: the server answered {status}{}", quote(&answer.body));
            Error::upstream_status(status.as_u16(), message)
        }
        AnswerError::Malformed(_) | AnswerError::UnknownStatus(_) | AnswerError::NoData => {
            let message = format!("{path}: the server answered {status}, but {error}{}", quote(&answer.body));
            Error::downstream(message)
        }
    }
}

/// `: "…"`, the beginning of a body on one line; nothing for an empty one.
fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..QUOTE).unwrap_or(body));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let more = if body.len() > QUOTE { "…" } else { "" };
    if line.is_empty() { String::new() } else { format!(": {line:?}{more}") }
}
