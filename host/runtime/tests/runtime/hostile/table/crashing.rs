//! Ends that nobody asked for: the Store goes, its neighbours stay, the caller gets the guest's last words.

use crate::hostile::row::{Row, at_once, health, query, resource, settings};
use serde_json::json;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        query("panic").expect("Store", "plugin … failed: its instance crashed: …panicked at …: asked to panic by query A; …query-data…"),
        query("panic-secret").expect("Store", "plugin … failed: its instance crashed: …panicked at …: the password is [secret]; …"),
        query("panic-lines").expect("Store", "plugin … failed: its instance crashed: …panicked at …: one; …"),
        settings("panic-in-configure").expect("Store", "plugin … failed: it did not start for data source …: its instance crashed: …asked to panic in configure; …"),
        health("panic-in-health").expect("Store", "plugin … failed: its instance crashed: …asked to panic in check-health; …"),
        resource("panic-before-head").expect("Store", "plugin … failed: its instance crashed: …asked to panic before the head; …"),
        resource("panic-in-body").expect("Store", "200 with 1 headers, plugin … failed: its instance crashed: …asked to panic while streaming; …"),
        query("panic-in-pieces").expect("Store", "plugin … failed: its instance crashed: …asked to panic between pieces; …"),
        at_once("panic-beside-others", [json!({ "misdeed": "ignore-cancel" }), json!({ "misdeed": "panic" })])
            .expect("Store", "plugin … failed: its instance crashed: …asked to panic by query A; … | plugin … failed: its instance crashed: …asked to panic by query A; …"),
        query("trap").expect("Store", "plugin … failed: its instance crashed: wasm trap: wasm `unreachable` instruction executed; in …"),
        query("unreachable").expect("Store", "plugin … failed: its instance crashed: wasm trap: wasm `unreachable` instruction executed; in …"),
        query("exit").expect("Store", "plugin … failed: its instance crashed: Exited with i32 exit status 0…"),
        query("exit-1").expect("Store", "plugin … failed: its instance crashed: Exited with i32 exit status 1…"),
        query("recurse").expect("stack", "plugin … failed: its instance crashed: wasm trap: call stack exhausted; in …"),
        query("recurse-wide").expect("memory's edge", "plugin … failed: its instance crashed: …"),
        query("out-of-bounds").expect("memory's edge", "plugin … failed: its instance crashed: …out of bounds…"),
        query("wrong-call").expect("table's types", "plugin … failed: its instance crashed: …indirect call type mismatch…"),
        query("answer-then-panic").expect("Store", "plugin … failed: its instance crashed: …asked to panic after the answer; …"),
    ]
}
