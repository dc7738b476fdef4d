//! Handles without end: the host keeps books of each, so it counts them.

use crate::hostile::row::{Row, query};

pub(crate) fn rows() -> Vec<Row> {
    let many = |kind: &'static str| {
        query(kind).expect(
            "handles",
            "plugin … failed: its instance crashed: cannot allocate another handle: store handle limit exceeded; in …",
        )
    };
    vec![
        many("futures"),
        many("streams"),
        many("waitable-sets"),
        // Each takes a handle and a place in the host's own table: either runs out first.
        query("pollables").expect("handles", "plugin … failed: its instance crashed: …; in hostile::commit…"),
        many("fields"),
        many("fields-0.3"),
        many("subtasks"),
        query("tasks").expect(
            "memory",
            "plugin … failed: its instance crashed: …it had asked for … bytes of memory, more than its limit…",
        ),
        query("dropped-subtasks").times_out(),
    ]
}
