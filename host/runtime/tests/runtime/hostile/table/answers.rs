//! Answers that are none. Each fails the query it belongs to and no other.

use crate::hostile::row::{Row, first_of_two, health, query, query_of};
use serde_json::json;

pub(crate) fn rows() -> Vec<Row> {
    let unanswered = "A 500: plugin … did not answer query \"A\"; B 200";
    let status = |name: &'static str, status: u16| query_of(name, json!({ "misdeed": "status", "status": status }));
    let details =
        |name: &'static str, details: &str| query_of(name, json!({ "misdeed": "details", "details": details }));
    vec![
        first_of_two("no-answer").expect("every refId once", unanswered),
        first_of_two("answer-twice").expect("every refId once", "A 200; B 200"),
        first_of_two("wrong-ref-id").expect("every refId once", unanswered),
        first_of_two("long-ref-id").expect("every refId once", "A 200; B 200"),
        first_of_two("many-answers").expect("every refId once", unanswered),
        first_of_two("done-twice").expect("every refId once", "A 200; B 500: plugin … did not answer query \"B\""),
        status("status-0", 0).expect("final HTTP status", "A 200"),
        status("status-99", 99).expect("final HTTP status", "A 500"),
        status("status-9999", 9_999).expect("final HTTP status", "A 500"),
        status("status-204", 204).expect("final HTTP status", "A 204"),
        first_of_two("error").expect("error status", "A 500: no A today; B 200"),
        first_of_two("fail-call").expect("error status", "A 503: nothing works; B 503: nothing works"),
        query("error-empty").expect("error text", "A 500: the plugin gave no message"),
        query("error-long").expect("16 KiB a message", "A 500: xxx…x [16387 bytes]"),
        query("error-secret").expect("blanked", "A 401: [secret] is not [secret] {\"password\":\"[secret]\"}"),
        details("details-no-json", "no json").expect("JSON object", "A 500: see the details"),
        details("details-no-object", "[1]").expect("JSON object", "A 500: see the details"),
        query("details-long").expect("256 KiB of details", "A 500: see the details"),
        query("details-deep").expect("JSON object", "A 500: see the details"),
        health("fail-health").expect("error text", "health check of plugin … failed: no pulse"),
        health("long-health").expect("16 KiB a message", "Ok: xxx…x [16387 bytes]"),
        health("secret-health").expect("blanked", "Ok: using [secret]"),
        query("transfer").expect("memory", "plugin … failed: its instance crashed: …"),
        query_of("transfer-20", json!({ "misdeed": "transfer", "bytes": 20 << 20 }))
            .expect("16 MiB a frame", "A 500: frame 0 of query \"A\" from plugin … is not valid: frame exceeds the limit max_bytes: 20971520 asked, 16777216 allowed; …"),
    ]
}
