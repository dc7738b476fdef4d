//! The plugin `prometheus` in the real host against a real Prometheus: what it gives is, value for value and series for
//! series, what the server answers directly.
#![expect(clippy::indexing_slicing, reason = "JSON that lacks a key reads as null")]

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use wellhead_e2e::host::Host;
use wellhead_e2e::openmetrics::{self, START};
use wellhead_e2e::prometheus::Prometheus;
use wellhead_e2e::remote_write::{self, Exemplar, Histogram, Point, TimeSeries};
use wellhead_e2e::series::{Series, of_answer, of_frames};

/// Where the test reads: two hours of data from `start`, asked for every half minute.
struct Window {
    start: i64,
    end: i64,
    step: i64,
}

/// The middle of the generated data, so that windows into the past and the future find some.
const MIDDLE: Window = Window { start: START + 1_800, end: START + 6_600, step: 30 };

/// What the server answers directly.
enum Direct {
    Series(Vec<Series>),
    Refused { status: u16, message: String },
}

async fn direct(server: &Prometheus, path: &str, parameters: &[(&str, &str)]) -> Result<Direct> {
    let answer = server.ask(path, parameters).await?;
    if answer.status == 200 {
        return Ok(Direct::Series(of_answer(&answer.body)?));
    }
    let refusal: Value = serde_json::from_slice(&answer.body)?;
    let text = |key: &str| refusal[key].as_str().unwrap_or_default().to_owned();
    Ok(Direct::Refused { status: answer.status, message: format!("{}: {}", text("errorType"), text("error")) })
}

/// Asks every query of both and compares. Names every query that differs, not the first alone.
async fn compare(
    server: &Prometheus,
    host: &Host,
    window: &Window,
    queries: &[String],
    instant: bool,
) -> Result<usize> {
    let model = |expr: &String| json!({ "expr": expr, "instant": instant, "range": !instant, "interval": format!("{}s", window.step) });
    let models: Vec<Value> = queries.iter().map(model).collect();
    let answers = host.ask(&models, window.start * 1_000, window.end * 1_000).await?;
    let (start, end, step) = (window.start.to_string(), window.end.to_string(), window.step.to_string());
    let (mut faults, mut values) = (Vec::new(), 0);
    for (expr, answer) in queries.iter().zip(answers) {
        let expected = match instant {
            true => direct(server, "/api/v1/query", &[("query", expr), ("time", &end)]).await,
            false => {
                let parameters = [("query", expr.as_str()), ("start", &start), ("end", &end), ("step", &step)];
                direct(server, "/api/v1/query_range", &parameters).await
            }
        };
        match (expected.with_context(|| expr.clone())?, &answer.error) {
            (Direct::Series(expected), None) => {
                let given = of_frames(&answer.frames).with_context(|| expr.clone())?;
                values += given.iter().map(|(_, samples)| samples.len()).sum::<usize>();
                if in_some_order(given.clone(), expr) != in_some_order(expected.clone(), expr) {
                    faults.push(format!("{expr}\n  server: {expected:?}\n  plugin: {given:?}"));
                }
            }
            (Direct::Refused { status, message }, Some(error)) => {
                if (error.status, error.message.as_str()) != (status, message.as_str()) {
                    faults.push(format!("{expr}\n  server: {status} {message}\n  plugin: {} {error}", error.status));
                }
            }
            (Direct::Series(_), Some(error)) => faults.push(format!("{expr}\n  only the plugin fails: {error}")),
            (Direct::Refused { message, .. }, None) => {
                faults.push(format!("{expr}\n  only the server fails: {message}"))
            }
        }
    }
    ensure!(faults.is_empty(), "{} of {} queries differ:\n{}", faults.len(), queries.len(), faults.join("\n"));
    Ok(values)
}

/// Prometheus gives the series of an instant in the order of a hash map, unless they are sorted by value.
fn in_some_order(mut series: Vec<Series>, expr: &str) -> Vec<Series> {
    if !expr.starts_with("sort") {
        series.sort();
    }
    series
}

async fn host(server: &Prometheus, json_data: Value) -> Result<Host> {
    let json_data: Map<String, Value> = serde_json::from_value(json_data)?;
    Host::start("prometheus", server.url(), json_data).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_gives_what_the_server_answers_directly() -> Result<()> {
    let server = Prometheus::start(&openmetrics::text())?;
    let lines = include_str!("promql.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let queries: Vec<String> = lines.map(|line| line.trim_start_matches('!').to_owned()).collect();
    assert!(queries.len() >= 80, "{}", queries.len());
    for settings in
        [json!({}), json!({ "httpMethod": "GET" }), json!({ "splitDuration": "17m", "splitConcurrency": 3 })]
    {
        let host = host(&server, settings.clone()).await?;
        let over_a_range =
            compare(&server, &host, &MIDDLE, &queries, false).await.with_context(|| settings.to_string())?;
        let at_an_instant =
            compare(&server, &host, &MIDDLE, &queries, true).await.with_context(|| settings.to_string())?;
        // A comparison of nothing with nothing would prove nothing.
        assert!(over_a_range > 50_000 && at_an_instant > 200, "{over_a_range} {at_an_instant}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_must_fail_do_and_all_others_do_not() -> Result<()> {
    let server = Prometheus::start(&openmetrics::text())?;
    let host = host(&server, json!({})).await?;
    let lines: Vec<&str> =
        include_str!("promql.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let models: Vec<Value> =
        lines.iter().map(|line| json!({ "expr": line.trim_start_matches('!'), "instant": true })).collect();
    let answers = host.ask(&models, MIDDLE.start * 1_000, MIDDLE.end * 1_000).await?;
    for (line, answer) in lines.iter().zip(answers) {
        assert_eq!(line.starts_with('!'), answer.error.is_some(), "{line}: {:?}", answer.error);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn native_histograms_and_exemplars_come_as_the_server_has_them() -> Result<()> {
    let server = Prometheus::start(&openmetrics::text())?;
    // The head of the database takes nothing older than its blocks, and no other time is as far from them as now.
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis())?;
    let start = now - now % 60_000 - 600_000;
    remote_write::write(server.port(), &histograms_and_exemplars(start)).await?;
    let host = host(&server, json!({})).await?;
    let window = Window { start: start / 1_000, end: start / 1_000 + 300, step: 15 };
    let queries: Vec<String> = [
        "shop_sizes",
        "sum(shop_sizes)",
        "histogram_quantile(0.5, shop_sizes)",
        "histogram_count(shop_sizes)",
        "shop_sizes{shop=\"east\"} or shop_visits_total",
    ]
    .map(str::to_owned)
    .to_vec();
    for instant in [false, true] {
        let values = compare(&server, &host, &window, &queries, instant).await?;
        assert!(values > 10, "{values}");
    }
    exemplars(&server, &host, &window).await
}

fn histograms_and_exemplars(start: i64) -> Vec<TimeSeries> {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let times = || (0..20).map(|n| (n, start + n * 15_000));
    let sizes = |shop: &str, more: u64| TimeSeries {
        labels: vec![label("__name__", "shop_sizes"), label("shop", shop)],
        histograms: times()
            .map(|(n, at)| Histogram {
                at,
                schema: 1,
                zero_count: n as u64,
                positive: (-2, vec![n as u64 + more, 2 * n as u64, n as u64 / 3]),
                negative: (1, vec![n as u64 + 1]),
                sum: n as f64 * 1.5,
            })
            .collect(),
        ..TimeSeries::default()
    };
    let visits = TimeSeries {
        labels: vec![label("__name__", "shop_visits_total"), label("shop", "east")],
        points: times().map(|(n, at)| Point { at, value: n as f64 }).collect(),
        exemplars: times()
            .map(|(n, at)| Exemplar {
                labels: vec![label("trace_id", &format!("trace-{n}"))],
                point: Point { at: at + 1, value: (n * 7 % 5) as f64 },
            })
            .collect(),
        ..TimeSeries::default()
    };
    vec![sizes("east", 1), sizes("north", 5), visits]
}

/// Every exemplar shown is one the server has, with its labels; and each step that has one shows one.
async fn exemplars(server: &Prometheus, host: &Host, window: &Window) -> Result<()> {
    let (start, end) = (window.start.to_string(), window.end.to_string());
    let expr = "shop_visits_total";
    let answer = server.ask("/api/v1/query_exemplars", &[("query", expr), ("start", &start), ("end", &end)]).await?;
    let direct: Value = serde_json::from_slice(&answer.body)?;
    let direct = direct["data"][0]["exemplars"].as_array().context("the server has exemplars")?.clone();
    let model = json!({ "expr": expr, "exemplar": true, "interval": "15s" });
    let answers = host.ask(&[model], window.start * 1_000, window.end * 1_000).await?;
    let frames = &answers.first().context("an answer")?.frames;
    let frame = frames.iter().find(|frame| frame.name() == "exemplar").context("an exemplar frame")?;
    let names: Vec<&str> = frame.fields().map(|field| field.name()).collect();
    assert_eq!(names, ["Time", "Value", "__name__", "shop", "trace_id"]);
    let json: Value = serde_json::from_slice(&frame.to_json(&wellhead_frame::JsonOptions::default())?)?;
    let columns = &json["data"]["values"];
    assert_eq!(frame.num_rows(), direct.len(), "one a step, and all of them within their step");
    for (row, exemplar) in direct.iter().enumerate() {
        let seconds = exemplar["timestamp"].as_f64().context("a timestamp")?;
        assert_eq!(columns[0][row].as_f64(), Some((seconds * 1e3).round()));
        assert_eq!(columns[1][row].as_f64(), exemplar["value"].as_str().and_then(|value| value.parse().ok()));
        assert_eq!((&columns[3][row], &columns[4][row]), (&json!("east"), &exemplar["labels"]["trace_id"]));
    }
    Ok(())
}

/// The queries of the PromQL compliance suite over a stand-in for its demo service, where the fixtures are there.
#[tokio::test(flavor = "multi_thread")]
async fn the_compliance_suites_queries_give_what_the_server_answers_directly() -> Result<()> {
    let fixtures = std::env::var_os("WELLHEAD_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from)
        .join("promql");
    if !fixtures.is_dir() {
        return Ok(());
    }
    let generated = Command::new("python3").arg(fixtures.join("gen_demo_openmetrics.py")).output()?;
    ensure!(generated.status.success(), "{}", String::from_utf8_lossy(&generated.stderr));
    let server = Prometheus::start(&String::from_utf8(generated.stdout)?)?;
    let queries: Value = serde_json::from_slice(&std::fs::read(fixtures.join("queries.json"))?)?;
    let queries: Vec<String> = queries
        .as_array()
        .context("queries")?
        .iter()
        .filter_map(|query| query["query"].as_str())
        .map(str::to_owned)
        .collect();
    assert_eq!(queries.len(), 49);
    let host = host(&server, json!({})).await?;
    // The generator's data: two hours from 2024-01-01.
    let window = Window { start: 1_704_067_200 + 3_600, end: 1_704_067_200 + 5_400, step: 10 };
    let over_a_range = compare(&server, &host, &window, &queries, false).await?;
    let at_an_instant = compare(&server, &host, &window, &queries, true).await?;
    assert!(over_a_range > 10_000 && at_an_instant > 100, "{over_a_range} {at_an_instant}");
    Ok(())
}
