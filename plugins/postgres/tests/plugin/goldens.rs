//! Grafana's own golden frames, where they are there (`WELLHEAD_FIXTURES`, else `../shared/fixtures`).

use crate::support::{Source, shown};
use serde_json::{Value, json};
use std::path::Path;
use wellhead_sdk::testing::block_on;
use wellhead_test_support::fixtures;

#[test]
fn grafanas_golden_frames_are_matched() {
    let Some(folder) = fixtures().map(|folder| folder.join("postgres")) else {
        eprintln!("passed over: no fixtures on this machine");
        return;
    };
    let source = Source::start();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            golden(&source, &path);
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
}

fn golden(source: &Source, path: &Path) {
    let script = std::fs::read_to_string(path).unwrap();
    let query = script.lines().next().unwrap().trim_start_matches("--").trim();
    // Of the frames there is the table form only. The plugin has a connection of its own.
    source.server.ask(&format!("DROP TABLE IF EXISTS tbl; {}", script.replace("TEMPORARY", ""))).unwrap();
    let golden = std::fs::read_to_string(path.with_extension("golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let expected = golden["frames"].as_array().unwrap();

    let answered = block_on(async {
        let result = source.ask(json!({"rawSql": query, "format": "table"})).await?;
        result.collect().await
    });
    let answered = answered.unwrap();
    assert_eq!(answered.len(), expected.len(), "{}", path.display());
    for (frame, expected) in answered.iter().zip(expected) {
        let frame = shown(frame);
        for part in ["fields", "meta"] {
            assert_eq!(frame["schema"][part], expected["schema"][part], "{}: {part}", path.display());
        }
        assert_eq!(frame["data"], expected["data"], "{}", path.display());
    }
}
