//! A JSON body of a bounded size, with errors in this API's own form.

use super::{ApiError, check_json, read_body};
use crate::state::AppState;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// More than any settings need; large enough for certificates.
const MAX_BYTES: usize = 4 << 20;

/// The body of a command.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        check_json(&parts.headers)?;
        let bad = |detail: String| ApiError::new(StatusCode::BAD_REQUEST, "bad request data").with_detail(detail);
        let body = read_body(app, body, MAX_BYTES.min(app.config.body_bytes)).await?;
        read_json(&body).map(Self).map_err(bad)
    }
}

/// Reads JSON; else says where it is wrong and what belongs there, and never what stands there: that may be a secret.
pub(crate) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| problem(&error))?;
    json.end().map_err(|error| error.to_string())?;
    Ok(read)
}

fn problem(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let (path, inner) = (error.path(), error.inner());
    let text = inner.to_string();
    let names_a_field = ["missing field `", "duplicate field `"].iter().any(|start| text.starts_with(start));
    if inner.classify() != Category::Data || names_a_field {
        return format!("{path}: {text}");
    }
    match text.rsplit_once(", expected ") {
        // What is expected is a type's own word, and ends with line and column.
        Some((_, expected)) => format!("{path}: expected {expected}"),
        None => format!("{path}: not what belongs there at line {} column {}", inner.line(), inner.column()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    struct Command {
        #[expect(dead_code, reason = "read by serde alone")]
        secrets: BTreeMap<String, String>,
        #[expect(dead_code, reason = "read by serde alone")]
        version: Option<u8>,
    }

    #[test]
    fn what_stands_in_a_body_is_never_quoted() {
        for (body, said) in [
            (r#"{"secrets": {"a": 12345678}}"#, "secrets.a: expected a string at line 1 column 26"),
            (r#"{"secrets": "hunter2, expected x"}"#, "secrets: expected a map at line 1 column 33"),
            (r#"{"secrets": {}, "version": 12345678}"#, "version: expected u8 at line 1 column 35"),
            (r#"{"version": 1}"#, ".: missing field `secrets` at line 1 column 14"),
            (r#"{"secrets": {"a": hunter2}}"#, "secrets.a: expected value at line 1 column 19"),
            (r#"{"secrets": {}} hunter2"#, "trailing characters at line 1 column 17"),
        ] {
            assert_eq!(read_json::<Command>(body.as_bytes()).unwrap_err(), said, "{body}");
        }
    }
}
