//! Calls that outlive their callers: canceled first, then abandoned, then ended with their Store.

use crate::hostile::row::{Row, at_once, health, in_turn, query};
use serde_json::json;

pub(crate) fn rows() -> Vec<Row> {
    let nap = || json!({ "misdeed": "sleep-50" });
    vec![
        query("ignore-cancel").times_out(),
        query("drop-cancel").times_out(),
        query("answer-after-cancel").times_out(),
        query("fail-after-cancel").times_out(),
        query("panic-after-cancel").times_out(),
        query("silent-stream").times_out(),
        health("sleep-in-health").times_out(),
        in_turn("keep-cancel", (0..20).map(|_| json!({ "misdeed": "keep-cancel" })))
            .expect("resolved at the end", "A 200 | …A 200"),
        at_once("sleep-50", (0..50).map(|_| nap())).expect("none: it is well", "A 200 | …A 200"),
        at_once("too-many-calls", (0..300).map(|_| nap())).expect(
            "calls in flight",
            "A 200 | …limit \"calls in flight of one data source\" exceeded: 257 asked, 256 allowed…",
        ),
    ]
}
