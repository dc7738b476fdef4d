//! `wellhead datasource`, with a server and straight on a data folder.
#![cfg(test)]

mod common;

use common::Ended;
use common::data::{Data, with_a_server_and_without};
use serde_json::json;

#[test]
fn a_data_source_is_added_changed_tested_and_deleted() {
    with_a_server_and_without(|data| {
        let add = ["datasource", "add", "--type", "testdata", "--name", "Mine", "-o", "json"];
        let mut add_secretly = data.command(&[&add[..], &["--secret", "key=env:A_SECRET"]].concat());
        let added = Ended::of(add_secretly.env("A_SECRET", "hunter2!").output().unwrap()).with_code(0);
        let added: serde_json::Value = serde_json::from_str(&added.stdout).unwrap();
        assert_eq!(added["secureJsonFields"], json!({"key": true}));
        let updated = data.json(&["datasource", "update", "Mine", "--set", "jsonData.a=5"]);
        assert_eq!((&updated["version"], &updated["jsonData"]["a"]), (&json!(2), &json!(5)));
        assert_eq!(updated["secureJsonFields"], added["secureJsonFields"], "what is not named stays");
        assert_eq!(data.json(&["datasource", "get", added["uid"].as_str().unwrap()]), updated);
        assert!(data.said(&["datasource", "test", "Mine"]).starts_with("OK: "));
        assert!(data.refused(&add).contains("same name"));
        assert!(data.said(&["datasource", "delete", "Mine"]).starts_with("deleted "));
        assert!(data.refused(&["datasource", "get", "Mine"]).contains("wellhead datasource list"));
    });
}

#[test]
fn data_sources_are_those_of_the_org_that_is_named() {
    with_a_server_and_without(|data| {
        data.said(&["org", "add", "Other"]);
        data.said(&["datasource", "add", "--type", "testdata", "--name", "Theirs", "--org", "2"]);
        assert_eq!(data.listed(&["datasource", "list", "--org", "2"], "name"), ["Theirs"]);
        assert!(!data.listed(&["datasource", "list"], "name").contains(&"Theirs".to_owned()));
        assert!(data.refused(&["datasource", "list", "--org", "3"]).contains("org 3"));
    });
}

#[test]
fn a_query_asks_in_the_org_that_is_named() {
    let data = Data::new();
    let _server = data.serve();
    data.said(&["org", "add", "Other"]);
    data.said(&["datasource", "add", "--type", "testdata", "--name", "Theirs", "--uid", "theirs", "--org", "2"]);
    let folder = common::text(data.path());
    let query = ["query", "--data", folder, "--datasource", "theirs", r#"{"scenarioId":"random_walk"}"#];
    common::run(query.into_iter().chain(["--org", "2"])).with_code(0);
    common::run(query).with_code(1);
}
