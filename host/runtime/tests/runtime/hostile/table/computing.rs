//! Guests that compute for ever, in every export and behind every back.

use crate::hostile::row::{Row, health, in_turn, query, replace, resource, settings};
use serde_json::json;

pub(crate) fn rows() -> Vec<Row> {
    let configure =
        "plugin … failed: it did not start for data source …: its instance was ended: configure took more than 500ms";
    vec![
        query("spin").times_out(),
        health("spin-in-health").times_out(),
        resource("spin-before-head").times_out(),
        resource("spin-in-body")
            .soon()
            .expect("call deadline", "200 with 1 headers, plugin … did not answer within 500ms: …"),
        query("spin-between-pieces").times_out(),
        settings("spin-in-configure").expect("configure deadline", configure),
        settings("sleep-in-configure").expect("configure deadline", configure),
        replace("spin-in-shutdown").expect("shutdown deadline", "A 200 | A 200"),
        replace("sleep-in-shutdown").expect("shutdown deadline", "A 200 | A 200"),
        replace("panic-in-shutdown").expect("Store", "A 200 | A 200"),
        in_turn("spin-in-task", [json!({ "misdeed": "spin-in-task" }), json!({ "misdeed": "none" })])
            .soon()
            .expect("call deadline", "A 200 | plugin … did not answer within 500ms: …"),
        in_turn("busy-task", [json!({ "misdeed": "busy-task" }), json!({ "misdeed": "none" })])
            .soon()
            .expect("none: it yields", "A 200 | A 200"),
        query("spin-in-realloc").times_out(),
        in_turn("spin-in-lowering", [json!({ "misdeed": "arm-spin-in-realloc" }), json!({ "misdeed": "none" })])
            .soon()
            .expect("call deadline", "A 200 | plugin … did not answer within 500ms: …"),
        query("lie-in-realloc").expect("component model", "plugin … failed: its instance crashed: realloc return: …"),
        query("trap-in-realloc").expect("Store", "plugin … failed: its instance crashed: …unreachable…"),
        query("yield-loop").times_out(),
        query("clock-loop").times_out(),
        query("random-loop").times_out(),
        query("cache-loop").times_out(),
    ]
}
