//! What goes wrong between plugin and server: nothing hangs, nothing leaks, the next query works.

use crate::{RUNNING, host, settings, url};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::block_in_place;
use wellhead_e2e::host::{Host, wasm};
use wellhead_e2e::plugin_file::PluginFile;
use wellhead_e2e::proxy::{Fault, Proxy};
use wellhead_e2e::server::{PATIENCE, connections, until, within};
use wellhead_e2e::sql::{ask, error, stream, value};
use wellhead_test_servers::{ClickHouse, Signal};

/// Never a row. It sleeps a moment a block.
const SILENT: &str = "SELECT count() FROM system.numbers WHERE NOT ignore(sleep(0.1))";
/// Rows without end.
const ENDLESS: &str = "SELECT number, sleep(0.1) FROM system.numbers";
/// How soon the server must have let go of what nobody waits for: a second is promised, and a machine that is busy with
/// other tests gets more.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_waits_for_is_killed_at_the_server() -> Result<()> {
    let server = ClickHouse::start()?;
    let host = host(&url(&server)).await?;
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    for sql in [SILENT, ENDLESS] {
        tokio::select! {
            answer = ask(&host, sql) => anyhow::bail!("it ended: {answer:?}"),
            running = until(&server, RUNNING, "1") => running?,
        }
        within(SOON, &server, RUNNING, "0").await?;
    }
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_instance_is_killed_ends_at_the_servers_own_time_limit() -> Result<()> {
    let server = ClickHouse::start()?;
    let host = host(&url(&server)).await?.with_patience(Duration::from_secs(8));
    let (message, killed) = tokio::join!(error(&host, SILENT), async {
        until(&server, RUNNING, "1").await?;
        host.runtime().shutdown(Duration::ZERO).await;
        anyhow::Ok(())
    });
    killed?;
    assert!(!message?.is_empty());
    until(&server, RUNNING, "0").await?;
    let errors = std::fs::read_to_string(server.daemon().folder().path().join("errors.log"))?;
    assert!(errors.contains("Timeout exceeded"), "nobody was left to kill it: {errors}");
    assert_eq!(connections(server.port())?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_the_middle_of_a_query_is_an_error_and_the_next_query_works() -> Result<()> {
    let mut server = ClickHouse::start()?;
    let host = host(&url(&server)).await?;
    for sql in [SILENT, ENDLESS] {
        let (message, killed) = tokio::join!(error(&host, sql), async {
            until(&server, RUNNING, "1").await?;
            block_in_place(|| server.kill())
        });
        killed?;
        let message = message?;
        assert!(message.contains("ended before the answer was whole"), "{message}");
        let down = error(&host, "SELECT 1").await?;
        assert!(down.contains("refused"), "{down}");
        block_in_place(|| server.restart())?;
        assert_eq!(value(&host, "SELECT 1").await?, 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_a_restart_has_ended_are_not_given_out() -> Result<()> {
    let mut server = ClickHouse::start()?;
    let host = host(&url(&server)).await?;
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    block_in_place(|| server.kill().and_then(|()| server.restart()))?;
    assert_eq!(value(&host, "SELECT 2").await?, 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_in_the_middle_of_a_row_is_an_error() -> Result<()> {
    let server = ClickHouse::start()?;
    let proxy = Proxy::start(server.port(), Fault::CutAfter(500_000)).await?;
    let host = host(&format!("http://{}", proxy.address())).await?;
    let message = error(&host, "SELECT number, toString(number) FROM system.numbers LIMIT 1000000").await?;
    assert!(message.contains("ended before the answer was whole"), "{message}");
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    until(&server, RUNNING, "0").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_in_the_middle_of_the_rows_is_the_querys_error() -> Result<()> {
    let server = ClickHouse::start()?;
    let host = host(&url(&server)).await?;
    let sql = "SELECT throwIf(number = 500000), number FROM system.numbers LIMIT 1000000";
    let error = ask(&host, sql).await?.error.context("an error")?;
    assert!(error.message.contains("passed to 'throwIf' function"), "{error:?}");
    assert_eq!(error.status, 400, "{error:?}");
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_way_gives_the_whole_table_and_holds_up_nobody() -> Result<()> {
    const ROWS: usize = 100_000;
    let server = ClickHouse::start()?;
    let proxy = Proxy::start(server.port(), Fault::Slow(16 << 10, Duration::from_millis(2))).await?;
    let host = host(&format!("http://{}", proxy.address())).await?;
    let table = format!("SELECT number, toString(number) FROM system.numbers LIMIT {ROWS}");
    let (streamed, beside) = tokio::join!(stream(&host, &table), value(&host, "SELECT 1"));
    assert_eq!((streamed?.rows, beside?), (ROWS, json!(1)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_more_queries_says_so_and_is_asked_again() -> Result<()> {
    let server = ClickHouse::start_with("<max_concurrent_queries>4</max_concurrent_queries>")?;
    // Or they would wait for their turn there.
    let at_once = json!({"customSettings": [{"setting": "queue_max_wait_ms", "value": "0"}]});
    let host = Host::start_with(&wasm("clickhouse")?, settings(&url(&server), &at_once, &[])).await?;
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    let sql = "SELECT 1 FROM system.one WHERE sleep(1) = 0";
    let at_once = futures::future::join_all((0..12).map(|_| ask(&host, sql))).await;
    let failed: Vec<_> = at_once.into_iter().filter_map(|answer| answer.ok()?.error).collect();
    assert!((1..12).contains(&failed.len()), "{failed:?}");
    for error in failed {
        assert!(error.message.contains("Too many simultaneous queries"), "{error:?}");
        assert_eq!(error.status, 503, "{error:?}");
    }
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_answering_costs_a_call_its_deadline_and_no_more() -> Result<()> {
    let server = ClickHouse::start()?;
    let host = host(&url(&server)).await?.with_patience(Duration::from_secs(2));
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    server.daemon().signal(Signal::STOP)?;
    let message = error(&host, "SELECT 2").await?;
    assert!(message.contains("deadline") || message.contains("within") || message.contains("time"), "{message}");
    server.daemon().signal(Signal::CONT)?;
    assert_eq!(value(&host.with_patience(PATIENCE), "SELECT 3").await?, 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_reloaded_in_the_middle_of_a_query_answers_it() -> Result<()> {
    let server = ClickHouse::start()?;
    let file = PluginFile::copy("clickhouse")?;
    let host = Host::start_with(file.path(), settings(&url(&server), &Value::Null, &[])).await?;
    let (long, reloaded) = tokio::join!(value(&host, "SELECT 'old' FROM system.one WHERE sleep(2) = 0"), async {
        until(&server, RUNNING, "1").await?;
        file.replace()?;
        host.runtime().load_file(file.path()).await?;
        value(&host, "SELECT 'new'").await
    });
    assert_eq!((long?, reloaded?), (json!("old"), json!("new")));
    until(&server, RUNNING, "0").await
}
