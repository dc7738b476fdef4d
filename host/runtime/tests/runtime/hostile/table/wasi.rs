//! What a process would have and a guest has not; and what blocks the whole Store.

use crate::hostile::row::{Row, query, query_of};
use serde_json::json;

pub(crate) fn rows() -> Vec<Row> {
    let socket = |name: &'static str, address: &str| query_of(name, json!({ "misdeed": name, "address": address }));
    let socket3 = |name: &'static str| query_of(name, json!({ "misdeed": name, "port": 80 }));
    vec![
        query("environment").expect("empty", "A 418: 0 variables, 0 arguments, folder: …"),
        query("files").expect("no folders", "A 418: [Err(…), Err(…), Err(…), Err(…)], 0 folders"),
        query("stdin").expect("empty", "A 418: Ok(0)"),
        query("block").times_out(),
        query("poll").times_out(),
        query("poll-nothing").expect("component model", "plugin … failed: its instance crashed: empty poll list; …"),
        query_of("block-on-http", json!({ "misdeed": "block-on-http", "url": "{own}/" })).times_out(),
        query_of("random-at-once", json!({ "misdeed": "random-at-once", "bytes": 1_i64 << 40 })).expect(
            "64 MiB at once",
            "plugin … failed: its instance crashed: requested len 1099511627776 exceeds limit 67108864; …",
        ),
        query_of("random-at-once-0.3", json!({ "misdeed": "random-at-once-0.3", "bytes": 1_i64 << 40 })).expect(
            "64 MiB at once",
            "plugin … failed: its instance crashed: …it had asked for … bytes of memory, more than its limit; …",
        ),
        query_of("random-beyond-memory", json!({ "misdeed": "random-at-once", "bytes": 64 << 20 })).expect(
            "memory",
            "plugin … failed: its instance crashed: …it had asked for … bytes of memory, more than its limit; …",
        ),
        socket("tcp-connect", "127.0.0.1:{own_port}").expect("no sockets", "A 418: permission denied"),
        socket("tcp-listen", "0.0.0.0:0").expect("no sockets", "A 418: permission denied"),
        socket("udp-bind", "127.0.0.1:0").expect("no sockets", "A 418: permission denied"),
        socket("look-up", "localhost:80").expect("no names", "A 418: uncategorized error"),
        socket3("tcp-connect-0.3").expect("no sockets", "A 418: create: ErrorCode::AccessDenied"),
        socket3("tcp-listen-0.3").expect("no sockets", "A 418: create: ErrorCode::AccessDenied"),
        socket3("udp-send-0.3").expect("no sockets", "A 418: create: ErrorCode::AccessDenied"),
        socket3("look-up-0.3").expect("no names", "A 418: Err(ErrorCode::PermanentResolverFailure)"),
    ]
}
