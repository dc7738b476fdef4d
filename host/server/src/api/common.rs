//! Shapes that the routes of orgs, users and service accounts share.

use crate::http::ApiError;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wellhead_identity::Search;

/// What was done.
#[derive(Serialize, ToSchema)]
pub(super) struct Message {
    pub(super) message: &'static str,
}

/// What a member or service account is in its org.
#[derive(ToSchema)]
#[schema(as = Role)]
#[expect(dead_code, reason = "describes wellhead_identity::Role")]
pub(super) enum RoleName {
    Viewer,
    Editor,
    Admin,
}

/// Which part of a list is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchParams {
    /// What names contain, without regard to case.
    #[serde(default)]
    query: String,
    /// From 1; what is below is taken for 1.
    page: Option<i64>,
    /// How many a page, up to 5,000; 1,000 where it is missing or below 1.
    perpage: Option<i64>,
}

impl SearchParams {
    pub(super) fn search(self) -> Search {
        let positive = |number: Option<i64>| number.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        let Search { page, per_page, .. } = Search::default();
        Search {
            query: self.query,
            page: positive(self.page).unwrap_or(page),
            per_page: positive(self.perpage).unwrap_or(per_page),
        }
    }
}

/// What the query of the URL says, with errors in this API's own form.
pub(super) struct QueryOf<T>(pub(super) T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        let bad = |detail: String| ApiError::new(StatusCode::BAD_REQUEST, "bad request data").with_detail(detail);
        read.map(|Query(read)| Self(read)).map_err(|rejection| bad(rejection.body_text()))
    }
}

/// How long ago somebody was last seen, in Grafana's words.
pub(super) fn age(seen: Option<Timestamp>, now: Timestamp) -> String {
    let Some(seen) = seen else { return "Never".to_owned() };
    let minutes = now.duration_since(seen).as_mins();
    let (count, unit) = match minutes {
        ..1 => return "< 1 minute".to_owned(),
        1..60 => (minutes, "minute"),
        60..1_440 => (minutes / 60, "hour"),
        1_440..43_200 => (minutes / 1_440, "day"),
        43_200..525_600 => (minutes / 43_200, "month"),
        _ => (minutes / 525_600, "year"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_in_the_largest_whole_unit() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let ago = |seconds: i64| age(Some(Timestamp::from_second(1_800_000_000 - seconds).unwrap()), now);
        let shown = [0, 60, 3_599, 7_200, 86_400, 5_184_000, 63_072_000].map(ago);
        let expected = ["< 1 minute", "1 minute", "59 minutes", "2 hours", "1 day", "2 months", "2 years"];
        assert_eq!(shown, expected);
        assert_eq!(age(None, now), "Never");
    }

    #[test]
    fn a_page_below_1_is_the_first_and_a_size_below_1_the_default() {
        for page in [None, Some(0), Some(-3)] {
            let search = SearchParams { query: String::new(), page, perpage: page }.search();
            assert_eq!((search.page, search.per_page), (1, 1_000), "{page:?}");
        }
    }
}
