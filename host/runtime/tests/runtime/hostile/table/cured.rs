//! Misdeeds that once hurt the host itself: each is here so that it does not again.

use crate::hostile::row::{Read, Row, query, query_of, resource, resource_read};
use serde_json::json;

pub(crate) fn rows() -> Vec<Row> {
    let fetches = |name: &'static str| query_of(name, json!({ "misdeed": name, "url": "{own}/hang" }));
    vec![
        query("status-and-error").expect("an error is an error", "A 500: well and not well"),
        resource("many-headers")
            .expect("headers", "plugin … failed: its resource response is not valid: it has 100000 headers of …"),
        query_of("connect-method", json!({ "misdeed": "fetch", "url": "{own}/", "method": "CONNECT" }))
            .expect("method", "A 418: FetchError::Other(\"…the method CONNECT is not for plugins…"),
        resource("long-header").expect(
            "headers",
            "plugin … failed: its resource response is not valid: it has 1 headers of 10485… bytes, …",
        ),
        query("panic-long").expect("Store, log line", "plugin … failed: its instance crashed: …"),
        query("tiny-pieces").times_out(),
        query("frame-without-end").times_out(),
        query("frames-left-open").times_out(),
        resource_read("fast-body", Read::Slowly)
            .soon()
            .expect("call deadline, back-pressure", "200 with 1 headers, plugin … did not answer within 500ms: …"),
        fetches("fetches")
            .expect("requests under way", "plugin … failed: its instance crashed: cannot allocate another handle: …"),
        fetches("dropped-fetches").times_out(),
        query_of("fetch-many-headers", json!({ "misdeed": "fetch", "url": "{own}/x", "more_headers": 100_000 }))
            .soon()
            .expect("headers", "A 418: FetchError::Limit(\"limit \\\"headers of a request\\\" exceeded: …"),
    ]
}
