//! Linear memory until it is refused, and what each way of asking makes of the refusal.

use crate::hostile::row::{Row, in_turn, query};
use serde_json::json;

pub(crate) fn rows() -> Vec<Row> {
    let hoard = || json!({ "misdeed": "hoard" });
    vec![
        query("allocate").expect("memory", "plugin … failed: its instance crashed: …it had asked for … bytes of memory, more than its limit…"),
        query("allocate-at-once").expect("memory", "plugin … failed: its instance crashed: …it had asked for … bytes of memory, more than its limit…"),
        query("try-reserve").expect("memory", "A 418: refused after … MiB"),
        query("grow").expect("memory", "A 418: refused after … MiB"),
        query("grow-huge").expect("memory", "A 418: refused each time: true"),
        in_turn("hoard", (0..8).map(|_| hoard())).expect(
            "memory, over calls",
            "A 418: keeps 8 MiB | …plugin … failed: its instance crashed: …it had asked for … bytes of memory, more than its limit…",
        ),
    ]
}
