//! Failures as Grafana's clients know them: `{message, messageId, statusCode, traceID}`, and `extra.detail` with what
//! helps a person.

use super::Trace;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use wellhead::{Operation, PublicError, QueryError, Redactor};

/// The body of every failure.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    /// Grafana's words, which clients compare.
    message: String,
    /// Grafana's id of the message, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    /// Under which the log has more.
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<Extra>,
}

/// What helps a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Extra {
    detail: String,
}

/// A failure on its way out. Its body is written last, by [`observe`](super::observe), which knows the trace id.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    public: PublicError,
    retry_after: Option<u64>,
}

impl ApiError {
    /// A failure of HTTP itself, for which Grafana has no id.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::from(PublicError { status: status.as_u16(), message_id: "", message: message.into(), detail: None })
    }

    /// What helps a person and is not part of the message that clients compare.
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.public.detail = Some(detail.into());
        self
    }

    /// When to come again, in seconds.
    pub(crate) fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A failure of the host in some operation.
    pub(crate) fn of(operation: Operation, error: impl Into<QueryError>) -> Self {
        Self::from(PublicError::of(operation, &error.into()))
    }

    /// A task that panicked or was cut off.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
            .with_detail("the server failed while it answered; its log has more under this trace id")
    }

    pub(crate) fn public(&self) -> &PublicError {
        &self.public
    }

    /// The whole response.
    pub(crate) fn render(&self, trace: &Trace, redactor: &Redactor) -> Response {
        let PublicError { status, message_id, message, detail } = &self.public;
        let coded = !message_id.is_empty();
        let body = ErrorBody {
            message: redactor.redact(message).into_owned(),
            message_id: coded.then_some(message_id),
            status_code: coded.then_some(*status),
            trace_id: trace.trace_id().to_owned(),
            extra: detail.as_ref().map(|detail| Extra { detail: redactor.redact(detail).into_owned() }),
        };
        let mut response = (self.status(), axum::Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.public.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<PublicError> for ApiError {
    fn from(public: PublicError) -> Self {
        Self { public, retry_after: None }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
