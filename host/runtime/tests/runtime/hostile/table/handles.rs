//! Handles without end: the host keeps books of each, so it counts them.

use crate::hostile::row::{Row, query, query_of};
use serde_json::json;

pub(crate) fn rows() -> Vec<Row> {
    let many = |kind: &'static str| query(kind).soon().expect("handles", "…");
    vec![
        many("futures"),
        many("streams"),
        many("waitable-sets"),
        many("pollables"),
        many("fields"),
        many("fields-0.3"),
        many("subtasks"),
        many("tasks"),
        query_of("fetches", json!({ "misdeed": "fetches", "url": "{own}/hang" })).soon().expect("handles", "…"),
        query_of("dropped-fetches", json!({ "misdeed": "dropped-fetches", "url": "{own}/hang" })).soon().expect("call deadline", "…"),
        many("dropped-subtasks"),
    ]
}
