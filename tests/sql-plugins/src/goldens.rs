//! Grafana's own golden frames, where they are there (`WELLHEAD_FIXTURES`, else `../shared/fixtures`).

use crate::{Source, Subject, shown};
use serde_json::{Value, json};
use std::path::Path;
use wellhead_sdk::testing::block_on;

/// Compares the answers to a folder's scripts with the frames beside them: in the first line of a script is the query, in
/// a comment; `prepare` runs the script.
pub fn goldens<S: Subject>(folder: &str, source: &Source<S>, prepare: impl Fn(&S::Server, &str)) {
    let Some(folder) = wellhead_test_support::fixtures().map(|fixtures| fixtures.join(folder)) else {
        eprintln!("passed over: no fixtures on this machine");
        return;
    };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            golden(source, &path, &prepare);
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
}

fn golden<S: Subject>(source: &Source<S>, path: &Path, prepare: impl Fn(&S::Server, &str)) {
    let script = std::fs::read_to_string(path).unwrap();
    let query = script.lines().next().unwrap().trim_start_matches("--").trim();
    prepare(&source.server, &script);
    let answered = block_on(async {
        // Of the frames there is the table form only.
        let result = source.ask(json!({"rawSql": query, "format": "table"})).await?;
        result.collect().await
    });
    let answered = answered.unwrap();
    let golden = frames_beside(path);
    let expected = golden["frames"].as_array().unwrap();
    assert_eq!(answered.len(), expected.len(), "{}", path.display());
    for (frame, expected) in answered.iter().zip(expected) {
        let frame = shown(frame);
        for part in ["fields", "meta"] {
            assert_eq!(frame["schema"][part], expected["schema"][part], "{}: {part}", path.display());
        }
        assert_eq!(frame["data"], expected["data"], "{}", path.display());
    }
}

/// As JSON, or as JSON with lines of comment.
fn frames_beside(path: &Path) -> Value {
    let read = |extension| std::fs::read_to_string(path.with_extension(extension));
    let text = read("golden.json").or_else(|_| read("golden.jsonc")).unwrap();
    let text: String = text.lines().filter(|line| !line.starts_with("//")).collect();
    serde_json::from_str(&text).unwrap()
}
