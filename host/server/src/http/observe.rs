//! Around every request: its trace, its error body, its log line and its metrics. A panic becomes a 500 with a body.

use super::{ApiError, ClientAddress, ClientScheme, Trace};
use crate::metrics::HttpMetrics;
use crate::state::AppState;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;
use tracing::field::display;

/// The client went away before its response began.
const CLIENT_CLOSED_REQUEST: u16 = 499;

pub(crate) async fn observe(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let trace = Trace::of(request.headers());
    request.extensions_mut().insert(trace.clone());
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let record = Record::new(&app.metrics, route, request.method().clone());
    let client = request.extensions().get::<ClientAddress>().map(|client| display(client.0));
    let scheme = request.extensions().get::<ClientScheme>().map(display);
    let span = tracing::info_span!(
        target: "wellhead::http",
        "request",
        trace_id = trace.trace_id(),
        method = %request.method(),
        path = request.uri().path(),
        client,
        scheme,
    );
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = match answered {
        Ok(response) => match response.extensions().get::<ApiError>() {
            Some(error) => {
                let public = error.public();
                let detail = public.detail.as_deref().unwrap_or(&public.message);
                let _entered = span.enter();
                if public.status >= 500 {
                    tracing::warn!(target: "wellhead::http", "{detail}");
                } else {
                    tracing::debug!(target: "wellhead::http", "{detail}");
                }
                error.render(&trace, app.wellhead.redactor())
            }
            None => response,
        },
        // The panic hook has printed message and place.
        Err(_) => {
            span.in_scope(|| tracing::error!(target: "wellhead::http", "a handler panicked"));
            ApiError::internal().render(&trace, app.wellhead.redactor())
        }
    };
    if let Some(value) = trace.response_header() {
        response.headers_mut().insert("traceresponse", value);
    }
    span.in_scope(|| record.answered(response.status()));
    response
}

/// Counts a request once, however it ends: dropped unanswered, the client went away.
struct Record {
    metrics: Arc<HttpMetrics>,
    route: String,
    method: Method,
    started: Instant,
    status: StatusCode,
}

impl Record {
    fn new(metrics: &Arc<HttpMetrics>, route: String, method: Method) -> Self {
        metrics.started();
        let status = StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::BAD_REQUEST);
        Self { metrics: Arc::clone(metrics), route, method, started: Instant::now(), status }
    }

    fn answered(mut self, status: StatusCode) {
        self.status = status;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        self.metrics.finished(&self.route, &self.method, self.status, took);
        let (route, status) = (self.route.as_str(), self.status.as_u16());
        // To the microsecond: a float of seconds has noise below that.
        let milliseconds = took.as_micros() as f64 / 1000.0;
        // Probes come every few seconds and say nothing.
        if matches!(route, "/livez" | "/readyz" | "/metrics" | "/api/health") {
            tracing::debug!(target: "wellhead::http", route, status, milliseconds, "answered");
        } else {
            tracing::info!(target: "wellhead::http", route, status, milliseconds, "answered");
        }
    }
}
