//! What goes wrong between plugin and server: nothing hangs, nothing leaks, the next query works.

use crate::{CONNECTIONS, PASSWORD, RUNNING, USER, address, host, server, settings};
use anyhow::Result;
use serde_json::json;
use std::time::Duration;
use tokio::task::block_in_place;
use wellhead_e2e::host::Host;
use wellhead_e2e::plugin_file::PluginFile;
use wellhead_e2e::proxy::{Fault, Proxy};
use wellhead_e2e::server::{PATIENCE, until, within};
use wellhead_e2e::sql::{ask, error, stream, value};
use wellhead_test_servers::Signal;

/// A minute without a row.
const SILENT: &str = "SELECT SLEEP(60)";
/// Hours with rows.
const ENDLESS: &str = "SELECT seq, SLEEP(0.001) FROM seq_1_to_10000000";
/// How soon the server must have let go of what nobody waits for: a second is promised, and a machine that is busy with
/// other tests gets more. By themselves the statements take longer.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_waits_for_is_killed_at_the_server() -> Result<()> {
    let server = server(&[])?;
    let host = host(&address(&server), json!({})).await?;
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    for sql in [SILENT, ENDLESS] {
        tokio::select! {
            answer = ask(&host, sql) => anyhow::bail!("it ended: {answer:?}"),
            running = until(&server, RUNNING, "1") => running?,
        }
        within(SOON, &server, RUNNING, "0").await?;
    }
    // Neither the connections it ran on nor those it was killed by are left.
    until(&server, CONNECTIONS, "0").await?;
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_instance_is_killed_ends_at_the_servers_own_time_out() -> Result<()> {
    /// Unlike a sleeping one, it does not see that its client has hung up.
    const DEAF: &str = "SELECT BENCHMARK(100000000000, 1)";
    const TIMED_OUT: &str = "SELECT VARIABLE_VALUE FROM information_schema.global_status
                             WHERE VARIABLE_NAME = 'Max_statement_time_exceeded'";
    let server = server(&[])?;
    let host = host(&address(&server), json!({})).await?.with_patience(Duration::from_secs(5));
    let (message, killed) = tokio::join!(error(&host, DEAF), async {
        until(&server, RUNNING, "1").await?;
        host.runtime().shutdown(Duration::ZERO).await;
        anyhow::Ok(())
    });
    killed?;
    assert!(!message?.is_empty());
    until(&server, CONNECTIONS, "0").await?;
    assert_eq!(server.ask(TIMED_OUT)?, "1", "nobody was left to kill it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_the_middle_of_a_query_is_an_error_and_the_next_query_works() -> Result<()> {
    let mut server = server(&[])?;
    let host = host(&address(&server), json!({})).await?;
    for sql in [SILENT, ENDLESS] {
        let (message, killed) = tokio::join!(error(&host, sql), async {
            until(&server, RUNNING, "1").await?;
            block_in_place(|| server.kill())
        });
        killed?;
        let message = message?;
        assert!(message.contains("closed the connection") || message.contains("lost"), "{message}");
        let down = error(&host, "SELECT 1").await?;
        assert!(down.contains("refused"), "{down}");
        block_in_place(|| server.restart())?;
        assert_eq!(value(&host, "SELECT 1").await?, 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_a_restart_has_ended_are_not_given_out() -> Result<()> {
    let mut server = server(&[])?;
    let host = host(&address(&server), json!({})).await?;
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    block_in_place(|| server.kill().and_then(|()| server.restart()))?;
    assert_eq!(value(&host, "SELECT 2").await?, 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_in_the_middle_of_a_row_is_an_error() -> Result<()> {
    let server = server(&[])?;
    let proxy = Proxy::start(server.port(), Fault::CutAfter(500_000)).await?;
    let host = host(proxy.address(), json!({})).await?;
    let message = error(&host, "SELECT REPEAT('x', 300) AS t FROM seq_1_to_100000").await?;
    assert!(message.contains("closed the connection") || message.contains("lost"), "{message}");
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    until(&server, RUNNING, "0").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_way_gives_the_whole_table_and_holds_up_nobody() -> Result<()> {
    const ROWS: usize = 20_000;
    let server = server(&[])?;
    let proxy = Proxy::start(server.port(), Fault::Slow(16 << 10, Duration::from_millis(2))).await?;
    let host = host(proxy.address(), json!({})).await?;
    let table = format!("SELECT REPEAT('x', 100) AS t FROM seq_1_to_{ROWS}");
    let (streamed, beside) = tokio::join!(stream(&host, &table), value(&host, "SELECT 1"));
    assert_eq!((streamed?.rows, beside?), (ROWS, json!(1)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_free_connection_says_so_and_is_asked_again() -> Result<()> {
    // The fewest it can be told.
    let server = server(&["max-connections=10"])?;
    let host = host(&address(&server), json!({"maxOpenConns": 20})).await?;
    let at_once = futures::future::join_all((0..20).map(|_| ask(&host, "SELECT SLEEP(1)"))).await;
    let failed: Vec<_> = at_once.into_iter().filter_map(|answer| answer.ok()?.error).collect();
    assert!((1..20).contains(&failed.len()), "{failed:?}");
    for error in failed {
        assert!(error.message.contains("(1040"), "{error:?}");
        assert_eq!(error.status, 503, "{error:?}");
    }
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_answering_costs_a_call_its_deadline_and_no_more() -> Result<()> {
    let server = server(&[])?;
    let host = host(&address(&server), json!({})).await?.with_patience(Duration::from_secs(2));
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    server.daemon().signal(Signal::STOP)?;
    let message = error(&host, "SELECT 2").await?;
    assert!(message.contains("deadline") || message.contains("within") || message.contains("time"), "{message}");
    server.daemon().signal(Signal::CONT)?;
    let host = host.with_patience(PATIENCE);
    assert_eq!(value(&host, "SELECT 3").await?, 3);
    // What the first one held is let go.
    until(&server, CONNECTIONS, "1").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_reloaded_in_the_middle_of_a_query_answers_it() -> Result<()> {
    let server = server(&[])?;
    let file = PluginFile::copy("mysql")?;
    let host = Host::start_with(file.path(), settings(&address(&server), USER, PASSWORD, json!({}))).await?;
    let (long, reloaded) = tokio::join!(value(&host, "SELECT IF(SLEEP(2) = 0, 'old', 'cut')"), async {
        until(&server, RUNNING, "1").await?;
        file.replace()?;
        host.runtime().load_file(file.path()).await?;
        value(&host, "SELECT 'new'").await
    });
    assert_eq!((long?, reloaded?), (json!("old"), json!("new")));
    // The old instance has taken its connections with it; the new one's stay.
    until(&server, CONNECTIONS, "1").await
}
