//! One plugin in Grafana's shape, and under `wellhead` where it is in its life.

use super::onlooker::Onlooker;
use crate::api::data_sources::logo;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, SystemTime};
use wellhead::{GenerationStatus, PluginOrigin, PluginRecord, PluginState, PluginStatus, Wellhead};

/// As `onlooker` may see it.
pub(super) fn item(wellhead: &Wellhead, plugin: &PluginRecord, onlooker: Onlooker) -> Value {
    let manifest = &plugin.manifest;
    let status = wellhead.runtime().plugin_status(&manifest.id);
    let enabled = status.as_ref().is_none_or(|status| status.state != PluginState::Disabled);
    let life = match status {
        Some(status) => life(&status, wellhead.follows_plugins(), file(plugin), onlooker),
        None => without_code(wellhead, plugin, onlooker),
    };
    json!({
        "id": manifest.id,
        "name": manifest.name,
        "type": manifest.plugin_type.as_str(),
        "enabled": enabled,
        "pinned": false,
        "info": manifest.info,
        "aliasIDs": manifest.alias_ids,
        "logo": logo(plugin),
        "hasBackend": plugin.has_backend,
        "contentHash": plugin.hash,
        "category": manifest.other.get("category"),
        "state": manifest.other.get("state"),
        "wellhead": life,
    })
}

/// The file a plugin was loaded from, where it was.
pub(super) fn file(plugin: &PluginRecord) -> Option<&Path> {
    match &plugin.origin {
        PluginOrigin::File(path) => Some(path),
        _ => None,
    }
}

/// Where a plugin is in its life; `None` for one that has no code.
pub(super) fn state(wellhead: &Wellhead, plugin: &PluginRecord) -> Option<PluginState> {
    match wellhead.runtime().plugin_status(&plugin.manifest.id) {
        Some(status) => Some(status.state),
        None => state_without_file(wellhead, plugin),
    }
}

fn life(status: &PluginStatus, follows_files: bool, file: Option<&Path>, onlooker: Onlooker) -> Value {
    let current = status.current.as_ref();
    let quarantined = status
        .quarantined
        .iter()
        .filter(|source| onlooker.sees_org(source.org_id))
        .map(|source| json!({"orgId": source.org_id, "uid": source.uid, "reason": source.reason}));
    let rejection = status.last_rejection.as_ref().map(|rejection| {
        let reason = onlooker.text(&rejection.reason, file);
        json!({"at": rfc3339(rejection.at), "hash": rejection.hash.as_deref(), "reason": reason})
    });
    json!({
        "state": status.state.as_str(),
        "generation": current.map(|current| current.id.number),
        "hash": current.map(|current| &*current.id.hash),
        "version": current.map(|current| &current.id.version),
        "loadedAt": current.map(|current| rfc3339(current.loaded_at)),
        "compileMs": current.and_then(|current| current.compile).map(milliseconds),
        "instances": current.map_or(0, |current| current.instances),
        "previous": status.previous.as_ref().map(generation),
        "candidate": status.candidate.as_ref().map(generation),
        "pinned": status.pinned.as_deref(),
        "autoReload": status.auto_reload && follows_files,
        "waiting": status.waiting.as_deref(),
        "lastRejection": rejection,
        "quarantined": quarantined.collect::<Vec<_>>(),
        "file": file.map(|file| onlooker.file(file)),
    })
}

/// A plugin that is compiled into the host, has no back end, or is not there any more.
fn without_code(wellhead: &Wellhead, plugin: &PluginRecord, onlooker: Onlooker) -> Value {
    let state = state_without_file(wellhead, plugin);
    json!({
        "state": state.map(PluginState::as_str),
        "generation": null,
        "hash": plugin.hash,
        "version": plugin.manifest.info.version,
        "loadedAt": null,
        "compileMs": null,
        "instances": 0,
        "previous": null,
        "candidate": null,
        "pinned": null,
        "autoReload": false,
        "waiting": null,
        "lastRejection": null,
        "quarantined": [],
        "file": file(plugin).map(|file| onlooker.file(file)),
    })
}

fn state_without_file(wellhead: &Wellhead, plugin: &PluginRecord) -> Option<PluginState> {
    match wellhead.runtime().registry().get(&plugin.manifest.id) {
        Some(running) if !running.is_decommissioned() => Some(PluginState::Active),
        None if !plugin.has_backend => None,
        _ => Some(PluginState::Retired),
    }
}

fn generation(generation: &GenerationStatus) -> Value {
    json!({
        "generation": generation.id.number,
        "hash": *generation.id.hash,
        "version": generation.id.version,
        "state": generation.state.as_str(),
        "loadedAt": rfc3339(generation.loaded_at),
        "instances": generation.instances,
    })
}

/// To the millisecond; `null` for an instant no calendar has.
pub(super) fn rfc3339(at: SystemTime) -> Option<String> {
    Timestamp::try_from(at).ok().map(|at| format!("{at:.3}"))
}

/// To the microsecond: a float of seconds has noise below that.
pub(super) fn milliseconds(span: Duration) -> f64 {
    span.as_micros() as f64 / 1000.0
}
