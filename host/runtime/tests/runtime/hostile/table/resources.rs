//! Resource calls that are no HTTP, or never over.

use crate::hostile::row::{Read, Row, resource, resource_read};

pub(crate) fn rows() -> Vec<Row> {
    let status = "plugin … failed: its resource response is not valid: status … is not a final HTTP status";
    let header = "plugin … failed: its resource response is not valid: header … is not legal HTTP";
    vec![
        resource("status").expect("final HTTP status", status),
        resource("status-0").expect("final HTTP status", status),
        resource("status-101").expect("final HTTP status", status),
        resource("status-9999").expect("final HTTP status", status),
        resource("header-name").expect("legal headers", header),
        resource("header-value").expect("legal headers", header),
        resource("header-hop").expect("none: left to the server", "200 with 1 headers, 2 bytes"),
        resource("header-length").expect("none: left to the server", "200 with 1 headers, 2 bytes"),
        resource("fail").expect("error text", "no such resource"),
        resource("fail-secret").expect("blanked", "not [secret]"),
        resource("sleep-before-head").times_out(),
        resource("silent-body")
            .soon()
            .expect("call deadline", "200 with 1 headers, plugin … did not answer within 500ms: …"),
        resource("broken-body").expect("error text", "200 with 1 headers, the other half is lost"),
        resource("broken-body-goes-on").expect("error text", "200 with 1 headers, the first half is lost"),
        resource("endless-body").expect(
            "the reader's own",
            "200 with 1 headers, limit \"resource body bytes\" exceeded: … asked, 1048576 allowed",
        ),
        resource_read("fast-body-unread", Read::Never).soon().expect("call deadline, back-pressure", "…"),
        resource("large-chunk").expect(
            "the reader's own",
            "200 with 1 headers, limit \"resource body bytes\" exceeded: 41943040 asked, 1048576 allowed",
        ),
        resource("many-chunks").expect("none: it is well", "200 with 1 headers, 1024000 bytes"),
        resource("empty-chunks")
            .soon()
            .expect("call deadline", "200 with 1 headers, plugin … did not answer within 500ms: …"),
        resource_read("never-reads", Read::WithEndlessRequest).expect("back-pressure", "200 with 1 headers, 2 bytes"),
        resource_read("drinks", Read::WithEndlessRequest).times_out(),
        resource_read("unread-request", Read::WithEndlessRequest)
            .expect("back-pressure", "200 with 1 headers, 2 bytes"),
    ]
}
