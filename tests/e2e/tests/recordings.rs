//! Cases recorded from real servers and replayed when those are gone: HTTP from a Prometheus, byte connections from a
//! PostgreSQL.

use anyhow::Result;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use wellhead_conformance::{Suite, Update, Verdict};
use wellhead_e2e::host::wasm;
use wellhead_e2e::prometheus::Prometheus;
use wellhead_test_servers::PostgreSql;

const SAMPLES: &str = "# TYPE up gauge\nup{job=\"a\"} 1 1700000000\nup{job=\"b\"} 0 1700000000\n# EOF\n";

fn case(folder: &Path, query: &Value, settings: &Value) -> Result<()> {
    let case = folder.join("one");
    fs::create_dir_all(&case)?;
    fs::write(case.join("query.json"), query.to_string())?;
    fs::write(case.join("settings.json"), settings.to_string())?;
    Ok(())
}

async fn run(plugin: &str, folder: &Path, update: Update) -> Result<Verdict> {
    let suite = Suite::new(wasm(plugin)?).cases(folder).only("case/one").update(update);
    Ok(suite.run(|_| ()).await?.results.remove(0).verdict)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_of_a_real_prometheus_replays_when_it_is_gone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Prometheus::start(SAMPLES)?;
    let query = json!({ "from": "1699999000000", "to": "1700000100000", "queries": [
        { "refId": "range", "expr": "up", "range": true },
        { "refId": "instant", "expr": "sum(up)", "instant": true },
        { "refId": "wrong", "expr": "up{" },
    ]});
    case(folder.path(), &query, &json!({ "url": server.url() }))?;
    assert_eq!(run("prometheus", folder.path(), Update::Recording).await?, Verdict::Passed);
    drop(server);
    assert_eq!(run("prometheus", folder.path(), Update::Compare).await?, Verdict::Passed);
    let expected: Value = serde_json::from_slice(&fs::read(folder.path().join("one/expected.json"))?)?;
    assert_eq!(expected["range"]["frames"].as_array().map(Vec::len), Some(2), "{expected}");
    assert_eq!(expected["wrong"]["status"], 400, "{expected}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_of_a_real_postgresql_replays_when_it_is_gone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = PostgreSql::start()?;
    let query = json!([
        { "rawSql": "SELECT n AS number, 'row ' || n AS text, now() AS at FROM generate_series(1, 3) n", "format": "table" },
    ]);
    let settings = json!({
        "url": format!("127.0.0.1:{}", server.port()), "user": PostgreSql::USER,
        "jsonData": { "sslmode": "disable", "database": "postgres" },
    });
    case(folder.path(), &query, &settings)?;
    assert_eq!(run("postgres", folder.path(), Update::Recording).await?, Verdict::Passed);
    drop(server);
    assert_eq!(run("postgres", folder.path(), Update::Compare).await?, Verdict::Passed);
    let expected: Value = serde_json::from_slice(&fs::read(folder.path().join("one/expected.json"))?)?;
    assert_eq!(expected["A"]["frames"][0]["data"]["values"][1], json!(["row 1", "row 2", "row 3"]), "{expected}");

    let other = json!([{ "rawSql": "SELECT 4 AS number", "format": "table" }]);
    case(folder.path(), &other, &settings)?;
    let Verdict::Failed(why) = run("postgres", folder.path(), Update::Compare).await? else {
        anyhow::bail!("another statement replays as if it were the one that was recorded");
    };
    assert!(why.contains("net/0001.json") && why.contains("SELECT 4 AS number"), "{why}");
    Ok(())
}
