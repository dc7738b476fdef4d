//! Which form a client sends and which it wants.

use super::ApiError;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};

/// Whether the body says it is JSON. A page in a browser cannot send that to another origin without asking first.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// Refuses a body that does not say it is JSON.
pub(crate) fn check_json(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_json(headers) {
        return Ok(());
    }
    let detail = "the body's Content-Type is not application/json: send it as that";
    Err(ApiError::new(StatusCode::BAD_REQUEST, "bad request data").with_detail(detail))
}

/// Whether the client names `media_type` and prefers nothing that is JSON to it.
pub(crate) fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let mut wanted = 0.0_f32;
    let mut json = 0.0_f32;
    for line in headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()) {
        for range in line.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
            if name.eq_ignore_ascii_case(media_type) {
                wanted = quality;
            } else if name.eq_ignore_ascii_case("application/json") {
                json = quality;
            }
        }
    }
    wanted > 0.0 && wanted >= json
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARROW: &str = "application/vnd.apache.arrow.stream";

    #[test]
    fn arrow_is_sent_to_those_who_name_it_and_do_not_prefer_json() {
        for (accept, expected) in [
            ("", false),
            ("*/*", false),
            ("application/json", false),
            (ARROW, true),
            ("text/html, Application/vnd.apache.arrow.stream;q=0.5, */*;q=0.1", true),
            ("application/vnd.apache.arrow.stream;q=0.5, application/json", false),
            ("application/vnd.apache.arrow.stream, application/json;q=0.5", true),
            ("application/vnd.apache.arrow.stream;q=0", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(accepts(&headers, ARROW), expected, "{accept}");
        }
    }

    #[test]
    fn json_is_json_with_any_parameters_and_nothing_else_is() {
        for (content_type, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]);
            assert_eq!(is_json(&headers), expected, "{content_type}");
        }
    }
}
