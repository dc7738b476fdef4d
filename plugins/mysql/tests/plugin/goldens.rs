//! Grafana's own golden frames, where they are there (`WELLHEAD_FIXTURES`, else `../shared/fixtures`).

use crate::support::{Source, shown};
use serde_json::{Value, json};
use std::path::Path;
use wellhead_sdk::testing::block_on;
use wellhead_test_servers::MariaDb;
use wellhead_test_support::fixtures;

#[test]
fn grafanas_golden_frames_are_matched() {
    let Some(folder) = fixtures().map(|folder| folder.join("mysql")) else {
        eprintln!("passed over: no fixtures on this machine");
        return;
    };
    // As the server of Grafana's tests is set up.
    let server = MariaDb::start_with(&["sql-mode=ANSI_QUOTES"], &[]).unwrap();
    let source = Source::with(server, json!({}));
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
    // Of the frames there is the table form only.
    source.server.ask(&format!("DROP TABLE IF EXISTS tbl; {script}")).unwrap();
    let golden = std::fs::read_to_string(path.with_extension("golden.jsonc")).unwrap();
    let golden: String = golden.lines().filter(|line| !line.starts_with("//")).collect();
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
