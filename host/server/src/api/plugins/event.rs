//! An event of a plugin's life as JSON: `kind`, a sentence for people, and the same in keys for machines.

use super::item::{milliseconds, rfc3339};
use super::onlooker::Onlooker;
use serde_json::{Map, Value, json};
use std::path::Path;
use wellhead::{GenerationId, PluginChange, PluginEvent};

/// The kind, and the whole event: `at`, `pluginId`, `kind`, `message`, and what else there is to say.
/// As `onlooker` may see it.
pub(super) fn describe(event: &PluginEvent, onlooker: Onlooker) -> (&'static str, Value) {
    let (kind, details) = details(&event.change, onlooker);
    let mut body = Map::new();
    body.insert("at".into(), json!(rfc3339(event.at)));
    body.insert("pluginId".into(), json!(event.plugin_id));
    body.insert("kind".into(), json!(kind));
    body.insert("message".into(), json!(onlooker.text(&event.to_string(), file(&event.change))));
    if let Value::Object(details) = details {
        body.extend(details);
    }
    (kind, Value::Object(body))
}

/// The file that an event speaks of.
fn file(change: &PluginChange) -> Option<&Path> {
    match change {
        PluginChange::Rejected { file, .. } => file.as_deref(),
        _ => None,
    }
}

fn details(change: &PluginChange, onlooker: Onlooker) -> (&'static str, Value) {
    use PluginChange as C;
    match change {
        C::Discovered { generation } => ("discovered", json!({"generation": id(generation)})),
        C::Compiling { generation } => ("compiling", json!({"generation": id(generation)})),
        C::Ready { generation, compile } => {
            ("ready", json!({"generation": id(generation), "compileMs": milliseconds(*compile)}))
        }
        C::Active { generation } => ("active", json!({"generation": id(generation)})),
        C::Swapped { org_id, uid, from, to, configure } => {
            let (from, configure) = (from.as_ref().map(id), milliseconds(*configure));
            ("swapped", json!({"orgId": org_id, "uid": uid, "from": from, "to": id(to), "configureMs": configure}))
        }
        C::HeldBack { org_id, uid, refused_by, reason } => {
            ("held-back", json!({"orgId": org_id, "uid": uid, "refusedBy": id(refused_by), "reason": reason}))
        }
        C::Draining { generation } => ("draining", json!({"generation": id(generation)})),
        C::Retired { generation, drain } => {
            ("retired", json!({"generation": id(generation), "drainMs": milliseconds(*drain)}))
        }
        C::Reloaded { from, to, compile, configure, drain } => {
            let [compile, configure, drain] = [*compile, *configure, *drain].map(milliseconds);
            let times = json!({
                "from": id(from),
                "to": id(to),
                "compileMs": compile,
                "configureMs": configure,
                "drainMs": drain,
            });
            ("reloaded", times)
        }
        C::Rejected { file, hash, reason } => {
            let reason = onlooker.text(reason, file.as_deref());
            let file = file.as_ref().map(|file| onlooker.file(file));
            ("rejected", json!({"file": file, "hash": hash.as_deref(), "reason": reason}))
        }
        C::Waiting { hash } => ("waiting", json!({"hash": **hash})),
        C::Crashed { org_id, uid, reason } => ("crashed", json!({"orgId": org_id, "uid": uid, "reason": reason})),
        C::Quarantined { org_id, uid, reason } => {
            ("quarantined", json!({"orgId": org_id, "uid": uid, "reason": reason}))
        }
        C::Released { org_id, uid } => ("released", json!({"orgId": org_id, "uid": uid})),
        C::Disabled => ("disabled", Value::Null),
        C::Enabled => ("enabled", Value::Null),
        C::Pinned { hash } => ("pinned", json!({"hash": **hash})),
        C::Unpinned => ("unpinned", Value::Null),
        C::Decommissioned { reason } => ("decommissioned", json!({"reason": reason})),
        C::Removed => ("removed", Value::Null),
        // Told by a runtime newer than this table: the sentence says what it is.
        _ => ("other", Value::Null),
    }
}

fn id(generation: &GenerationId) -> Value {
    json!({"generation": generation.number, "hash": *generation.hash, "version": generation.version})
}
