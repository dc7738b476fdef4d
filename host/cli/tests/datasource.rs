//! `wellhead datasource`, `token`, `backup`, `restore` and `secrets`: on a data folder, with a server and without.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected ends there")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn plugins() -> String {
    format!("{}/../../target/plugins", env!("CARGO_MANIFEST_DIR"))
}

fn wellhead(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wellhead"));
    command.args(args).arg("--data").arg(data).arg("--plugins").arg(plugins()).env("A_SECRET", "hunter2!");
    command.env_remove("WELLHEAD_TOKEN").output().unwrap()
}

fn said(data: &Path, args: &[&str]) -> String {
    let output = wellhead(data, args);
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{args:?}: {out}{error}");
    out.into_owned()
}

fn json(data: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&said(data, &[args, &["-o", "json"]].concat())).unwrap()
}

fn refused(data: &Path, args: &[&str]) -> String {
    let output = wellhead(data, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_data_source_is_added_changed_tested_and_deleted_with_no_server() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let added =
        json(data, &["datasource", "add", "--type", "testdata", "--name", "Mine", "--secret", "key=env:A_SECRET"]);
    assert_eq!(added["secureJsonFields"], serde_json::json!({"key": true}));
    let updated = json(data, &["datasource", "update", "Mine", "--set", "jsonData.a=5"]);
    assert_eq!((&updated["version"], &updated["jsonData"]["a"]), (&2.into(), &5.into()));
    assert_eq!(updated["secureJsonFields"], added["secureJsonFields"], "what is not named stays");
    assert_eq!(json(data, &["datasource", "get", added["uid"].as_str().unwrap()]), updated);
    assert!(said(data, &["datasource", "test", "Mine"]).starts_with("OK: "));
    assert!(refused(data, &["datasource", "add", "--type", "testdata", "--name", "Mine"]).contains("same name"));
    assert!(said(data, &["datasource", "delete", "Mine"]).starts_with("deleted "));
    assert!(refused(data, &["datasource", "get", "Mine"]).contains("wellhead datasource list"));
}

#[test]
fn a_backup_brings_back_what_was_deleted_and_overwrites_nothing() {
    let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (data, backup) = (data.path(), elsewhere.path().join("backup.redb"));
    let backup = backup.to_str().unwrap();
    said(data, &["datasource", "add", "--type", "testdata", "--name", "Kept", "--secret", "key=env:A_SECRET"]);
    said(data, &["backup", backup]);
    assert!(refused(data, &["backup", backup]).contains("backup.redb"));
    said(data, &["datasource", "delete", "Kept"]);
    said(data, &["restore", backup]);
    assert_eq!(json(data, &["datasource", "get", "Kept"])["secureJsonFields"], serde_json::json!({"key": true}));
    assert!(said(data, &["secrets", "rotate"]).contains("is wrapped by master key"));
    assert!(said(data, &["datasource", "test", "Kept"]).starts_with("OK: "), "its secret opens after a rotation");
}

#[test]
fn a_token_is_shown_once_and_listed_until_it_is_revoked() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    assert!(said(data, &["token", "create", "grafana"]).starts_with("glsa_"));
    let listed = json(data, &["token", "list"]);
    assert_eq!((&listed[0]["name"], &listed[0]["role"]), (&"grafana".into(), &"Viewer".into()));
    assert!(refused(data, &["token", "create", "grafana", "--role", "admin"]).contains("--role viewer"));
    said(data, &["token", "revoke", &listed[0]["id"].to_string()]);
    assert_eq!(json(data, &["token", "list"]), serde_json::json!([]));
}
