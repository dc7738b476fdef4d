//! `POST /api/ds/query`: reads the request, asks the host, and writes the results as JSON or as Arrow.

pub(crate) mod arrow;
mod json;
mod timing;

pub use arrow::ARROW_STREAM;

use crate::auth::Client;
use crate::http::{ApiError, BadBody, Missing, Refused, WholeBody, accepts, body_of, check_json, read_body};
use crate::state::AppState;
use arrow::ArrowWriter;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures::StreamExt;
use timing::Timing;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use wellhead::{Caller, Operation, QueryRequest, Replies};
use wellhead_identity::Action;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// Parsing more than this takes long enough to delay others on an I/O thread.
const PARSE_INLINE_BYTES: usize = 256 << 10;

/// The body: `from`, `to` and `queries`.
#[derive(ToSchema)]
#[schema(example = json!({"from": "now-1h", "to": "now", "queries": [{"refId": "A", "datasource": {"uid": "prometheus"}}]}))]
#[expect(dead_code, reason = "describes what QueryRequest reads")]
pub(crate) struct QueryBody {
    /// Epoch milliseconds as text, or `now-1h`.
    from: String,
    to: String,
    /// Each with `refId`, `datasource` and the plugin's own keys.
    #[schema(value_type = Vec<Object>)]
    queries: Vec<serde_json::Value>,
}

/// Asks data sources. As Arrow where `Accept` says `application/vnd.apache.arrow.stream`.
#[utoipa::path(post, path = "/api/ds/query", tag = "query", operation_id = "queryData", request_body = QueryBody,
    responses(Refused, Missing, BadBody,
        (status = 200, description = "Results by refId.",
            content((Object = "application/json"), (Vec<u8> = "application/vnd.apache.arrow.stream"))),
        (status = 400, description = "The request is bad, or a refId failed: then all results, the good ones too.",
            body = Object)))]
pub(crate) async fn query(State(app): State<AppState>, client: Client, request: Request) -> Result<Response, ApiError> {
    client.may(Action::Query)?;
    let mut timing = Timing::start();
    let (parts, body) = request.into_parts();
    check_json(&parts.headers)?;
    let body = read_body(&app, body, app.config.body_bytes).await?;
    let request = parse(body, &parts.headers).await?;
    timing.lap("parse");
    let replies = ask(&app, &client.caller, request).await?;
    if accepts(&parts.headers, ARROW_STREAM) {
        timing.lap("plugins");
        Ok(arrow_response(replies, &timing))
    } else {
        json_response(&app, replies, timing).await
    }
}

async fn parse(body: WholeBody, headers: &HeaderMap) -> Result<QueryRequest, ApiError> {
    let per_query_range = headers.get("x-query-v2").is_some_and(|value| value == "true");
    let parse = move || QueryRequest::from_json(&body, per_query_range);
    let parsed = if headers_say_small(headers) {
        parse()
    } else {
        spawn_blocking(parse).await.map_err(|_| ApiError::internal())?
    };
    parsed.map_err(|error| ApiError::of(Operation::Query, error))
}

fn headers_say_small(headers: &HeaderMap) -> bool {
    let length = headers.get(axum::http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length <= PARSE_INLINE_BYTES)
}

async fn ask(app: &AppState, caller: &Caller, request: QueryRequest) -> Result<Replies, ApiError> {
    let answer = app.wellhead.service().query_data(caller, request).await;
    answer.map_err(|error| ApiError::of(Operation::Query, error))
}

async fn json_response(app: &AppState, replies: Replies, mut timing: Timing) -> Result<Response, ApiError> {
    let results = replies.collect(app.config.results).await;
    timing.lap("plugins");
    let max_bytes = app.config.json_bytes;
    let written = if json::is_small(&results) {
        json::write(&results, max_bytes)
    } else {
        spawn_blocking(move || json::write(&results, max_bytes)).await.map_err(|_| ApiError::internal())?
    };
    timing.lap("encode");
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    Ok(response(written.has_failed, content_type, &timing, Body::from(written.json)))
}

/// Status and headers go out when every data source has begun to answer: what fails later says so in the stream.
fn arrow_response(replies: Replies, timing: &Timing) -> Response {
    let has_failed = replies.has_failed();
    let mut writer = ArrowWriter::default();
    let chunks = replies.into_pieces().flat_map(move |piece| futures::stream::iter(writer.write(piece)));
    response(has_failed, HeaderValue::from_static(ARROW_STREAM), timing, body_of(chunks))
}

fn response(has_failed: bool, content_type: HeaderValue, timing: &Timing, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = if has_failed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    if let Ok(value) = HeaderValue::from_str(&timing.header()) {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    response
}
