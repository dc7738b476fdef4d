//! `wellhead bench` as a process: its table, its JSON, a run beside an earlier one, a profile, and what it refuses.
#![cfg(test)]

mod common;

use common::{Ended, folder, plugin, run, text};
use serde_json::Value;
use std::fs;

const QUERY: &str = r#"{"scenarioId":"rows","rows":20000}"#;

/// A short run of testdata.
fn bench(more: &[&str]) -> Ended {
    bare(&[&["--duration", "0.2", "--concurrency", "1,4"], more].concat())
}

fn bare(args: &[&str]) -> Ended {
    let testdata = plugin("testdata");
    run(["bench", text(&testdata)].iter().chain(args))
}

#[test]
fn figures_are_printed_as_a_table() {
    let shown = bench(&[]).with_code(0);
    for said in [
        "grafana-testdata-datasource 0.1.0\n",
        "cold start  ",
        "warm start  ",
        " ms to the first answer: ",
        " to configure, ",
        "memory      ",
        "at once",
        "requests/s",
        "guest CPU",
    ] {
        assert!(shown.stdout.contains(said), "no {said:?} in {}", shown.stdout);
    }
    assert_eq!(shown.stderr, "");
}

#[test]
fn programs_get_every_figure_and_a_saved_run_is_the_measure_of_the_next() {
    let files = folder(&[]);
    let saved = files.path().join("before.json");
    let first: Value =
        serde_json::from_str(&bench(&["-o", "json", "--save", text(&saved), QUERY]).with_code(0).stdout).unwrap();
    assert_eq!(first["queries"][0]["rows"], 20_000);
    assert!(first.get("ratios").is_none());
    for start in ["coldStart", "warmStart"] {
        for step in ["compileSeconds", "configureSeconds", "answerSeconds", "totalSeconds"] {
            assert!(first[start][step].as_f64().unwrap() > 0.0, "{start}.{step}: {first}");
        }
    }
    assert!(first["memoryBytes"].is_u64());
    for (level, concurrency) in first["levels"].as_array().unwrap().iter().zip([1, 4]) {
        assert_eq!((level["concurrency"].as_u64(), level["failed"].as_u64()), (Some(concurrency), Some(0)));
        for figure in ["requests", "seconds", "requestsPerSecond", "p50Ms", "p99Ms", "maxMs", "guestCpuUs", "hostCpuUs"]
        {
            assert!(level[figure].as_f64().unwrap() > 0.0, "{figure}: {level}");
        }
    }
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&saved).unwrap()).unwrap(), first);

    let second = bench(&["-o", "json", "--compare", text(&saved), QUERY]).with_code(0);
    let second: Value = serde_json::from_str(&second.stdout).unwrap();
    let ratio = |now: &Value, before: &Value| now.as_f64().unwrap() / before.as_f64().unwrap();
    let rate = |run: &Value| run["levels"][1]["requestsPerSecond"].clone();
    let told = second["ratios"]["levels"][1]["requestsPerSecond"].as_f64().unwrap();
    assert!((told - ratio(&rate(&second), &rate(&first))).abs() < 1e-9, "{second}");
    assert!(second["ratios"]["coldStart"].is_f64());

    let of_another_format = files.path().join("of-another-format.json");
    fs::write(
        &of_another_format,
        serde_json::to_vec(&{
            let mut run = first;
            run["format"] = 2.into();
            run
        })
        .unwrap(),
    )
    .unwrap();
    bench(&["--compare", text(&of_another_format)])
        .with_code(1)
        .complains(&["is a run of format 2, this program reads 1"]);

    let table = bench(&["--compare", text(&saved)]).with_code(0);
    assert!(table.stdout.contains("×)"), "{}", table.stdout);
    table.complains(&["warning: the saved run asked other queries"]);
}

#[test]
fn a_profile_names_the_guests_functions() {
    let files = folder(&[]);
    let profile = files.path().join("profile.json");
    bench(&["--profile", text(&profile), QUERY]).with_code(0).complains(&["samples in ", "profiler.firefox.com"]);
    let json = fs::read_to_string(&profile).unwrap();
    let read: Value = serde_json::from_str(&json).unwrap();
    assert!(read["threads"][0]["samples"]["length"].as_u64().unwrap() > 0);
    assert!(json.contains("testdata::"), "no function of the plugin's");
}

#[test]
fn what_cannot_be_measured_is_said_before_it_is_tried() {
    let files = folder(&[("no-run.json", "{}"), ("text.wasm", "not wasm")]);
    let no_run = files.path().join("no-run.json");
    bench(&["--compare", text(&no_run)])
        .with_code(1)
        .complains(&["no-run.json is no run that `wellhead bench --save`"]);
    bench(&["--compare", "/none.json"]).with_code(1).complains(&["cannot read the saved run /none.json"]);
    bare(&["--duration", "0"]).with_code(2).complains(&["between 0.1 and 3600 seconds"]);
    bare(&["--concurrency", "0"]).with_code(2).complains(&["--concurrency"]);
    bench(&["{"]).with_code(1).complains(&["is not JSON"]);
    run(["bench", text(&files.path().join("text.wasm"))]).with_code(1).complains(&["not a readable WebAssembly file"]);
    run(["bench", text(&files.path().join("none.wasm"))]).with_code(1).complains(&["cannot read", "none.wasm"]);
    let failing = r#"{"scenarioId":"error_with_source","errorSource":"downstream"}"#;
    bench(&[failing]).with_code(1).complains(&["first answer is an error"]);
}
