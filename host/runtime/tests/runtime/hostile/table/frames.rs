//! Frames that lie, frames without end. A lie costs its query; what never ends costs the call at its deadline.

use crate::hostile::row::{Row, query, query_of};
use serde_json::json;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![
        query("garbage-frame").expect("Arrow IPC", "A 500: frame 0 of query \"A\" from plugin … is not valid: …"),
        query("cut-frame")
            .expect("Arrow IPC", "A 500: frame 0 of query \"A\" from plugin … is not valid: Arrow IPC is truncated: …"),
        query("long-frame").expect("16 MiB a frame", "A 500: frame 0 … max_bytes: …"),
        query("notices").expect("metadata bytes", "A 500: frame 0 … max_metadata_bytes: …"),
        query_of("tiny-frames", json!({ "misdeed": "tiny-frames", "count": 100_000 })).expect(
            "frames of a reply",
            "A 500, frames: 1000: frame 1000 … is not valid: a reply may hold 1000 frames, this one has more",
        ),
        query("empty-frames").expect("Arrow IPC", "A 500: frame 0 …"),
        query("empty-batches").times_out(),
        query("batches-of-nobody").times_out(),
        query("answers-without-end").times_out(),
        query("endless-pieces").times_out(),
        query("garbage-pieces").expect("Arrow IPC", "A 500: frame 1 of query \"A\" … is not valid: …"),
        query("unfinished-pieces").expect("every refId once", "A 500: plugin … did not answer query \"A\""),
        query("unfinished-frame").expect("every refId once", "A 500, frames: 1: plugin … did not answer query \"A\""),
        query("frame-number-twice")
            .expect("frame numbers", "A 500, frames: 1: frame 1 … is not valid: frame number 1 was used before"),
        query("batch-of-nobody").expect("passed over", "A 200"),
        query("begin-for-nobody").expect("passed over", "A 200"),
        query("begin-after-done").expect("passed over", "A 200"),
        query("schema-twice").expect("Arrow IPC", "A 500, frames: 1: frame 1 …"),
    ];
    for (name, expected) in LIES {
        rows.push(query_of(name, json!({ "misdeed": "lie", "case": &name[4..] })).expect("Arrow IPC", expected));
    }
    let in_pieces =
        |name: &'static str, case: &str| query_of(name, json!({ "misdeed": "lie-in-pieces", "case": case }));
    rows.extend([
        in_pieces("lie-rows-in-pieces", "rows").expect("rows of a batch", "A 500, frames: 1: frame 1 … max_rows: …"),
        in_pieces("lie-columns-in-pieces", "columns").expect("columns", "A 500: frame 1 … Too many tables"),
        in_pieces("lie-metadata-in-pieces", "metadata")
            .expect("metadata bytes", "A 500: frame 1 … max_metadata_bytes: …"),
    ]);
    rows
}

const LIES: [(&str, &str); 13] = [
    ("lie-rows", "A 500: frame 0 … max_rows: 2305843009213693951 asked, …"),
    ("lie-negative-rows", "A 500: frame 0 … announces -1 rows"),
    ("lie-offset", "A 500: frame 0 … a buffer of 16 bytes at 8 in a body of 16"),
    ("lie-offset-overflow", "A 500: frame 0 … a buffer of 16 bytes at 9223372036854775807 in a body of 16"),
    ("lie-negative-length", "A 500: frame 0 … a buffer of -16 bytes at 0 in a body of 16"),
    ("lie-body-length", "A 500: frame 0 … Arrow IPC is truncated: message body needs 1099511627776 bytes, …"),
    ("lie-null-rows", "A 500: frame 0 … max_rows: 1000000000 asked, …"),
    ("lie-text-offsets", "A 500: frame 0 … …"),
    ("lie-dictionary", "A 500: frame 0 … max_cast_bytes: …"),
    ("lie-nested", "A 500: frame 0 … …"),
    ("lie-columns", "A 500: frame 0 … Too many tables)"),
    ("lie-overlap", "A 500: frame 0 … overlap"),
    ("lie-metadata", "A 500: frame 0 … max_metadata_bytes: …"),
];
