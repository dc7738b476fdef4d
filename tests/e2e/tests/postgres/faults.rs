//! What goes wrong between plugin and server: nothing hangs, nothing leaks, the next query works.

use crate::{CONNECTIONS, RUNNING, host, settings};
use anyhow::{Context, Result};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use wellhead_e2e::host::{Host, wasm};
use wellhead_e2e::plugin_file::PluginFile;
use wellhead_e2e::proxy::{Fault, Proxy};
use wellhead_e2e::server::{PATIENCE, until};
use wellhead_e2e::sql::{ask, error, value};
use wellhead_test_servers::{PostgreSql, Signal};

/// Who holds the table `locked`.
const LOCKED: &str = "SELECT count(*) FROM pg_locks WHERE relation = 'locked'::regclass AND granted";

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_waits_for_is_cancelled_at_the_server() -> Result<()> {
    let server = PostgreSql::start()?;
    let host = host(&server, json!({})).await?;
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    for sql in ["SELECT pg_sleep(3600)", "SELECT n, pg_sleep(0.001) FROM generate_series(1, 10000000) AS n"] {
        tokio::select! {
            answer = ask(&host, sql) => anyhow::bail!("it ended: {answer:?}"),
            running = until(&server, RUNNING, "1") => running?,
        }
        until(&server, RUNNING, "0").await?;
    }
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_waits_for_a_lock_is_cancelled_too() -> Result<()> {
    const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE relation = 'locked'::regclass AND NOT granted";
    let server = Arc::new(PostgreSql::start()?);
    let host = host(&server, json!({})).await?;
    server.ask("CREATE TABLE locked (a int)")?;
    let holder = Arc::clone(&server);
    let holding = tokio::task::spawn_blocking(move || holder.ask("LOCK TABLE locked; SELECT pg_sleep(4)"));
    until(&*server, LOCKED, "1").await?;
    tokio::select! {
        answer = ask(&host, "SELECT * FROM locked") => anyhow::bail!("it ended: {answer:?}"),
        waiting = until(&*server, WAITING, "1") => waiting?,
    }
    until(&*server, WAITING, "0").await?;
    assert_eq!(server.ask(LOCKED)?, "1", "it went because it was cancelled, not because the lock did");
    holding.await??;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_the_middle_of_a_query_is_an_error_and_the_next_query_works() -> Result<()> {
    let mut server = PostgreSql::start()?;
    let host = host(&server, json!({})).await?;
    let long = "SELECT n, pg_sleep(0.001) FROM generate_series(1, 10000000) AS n";
    let (message, killed) = tokio::join!(error(&host, long), async {
        until(&server, RUNNING, "1").await?;
        tokio::task::block_in_place(|| server.kill())
    });
    killed?;
    let message = message?;
    assert!(message.contains("clos") || message.contains("lost") || message.contains("terminating"), "{message}");
    let down = error(&host, "SELECT 1").await?;
    assert!(down.contains("refused"), "{down}");
    tokio::task::block_in_place(|| server.restart())?;
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_that_a_restart_has_ended_are_not_given_out() -> Result<()> {
    let mut server = PostgreSql::start()?;
    let host = host(&server, json!({})).await?;
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    tokio::task::block_in_place(|| server.kill().and_then(|()| server.restart()))?;
    assert_eq!(value(&host, "SELECT 2").await?, 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_server_says_it_has_ended_is_given_to_no_other_query_though_its_end_is_not_seen()
-> Result<()> {
    const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wellhead'";
    let server = Arc::new(PostgreSql::start()?);
    let proxy = Proxy::start(server.port(), Fault::EndUnseen).await?;
    let settings = settings(proxy.address(), PostgreSql::USER, "", json!({}));
    let host = Host::start_with(&wasm("postgres")?, settings).await?;
    server.ask("CREATE TABLE locked (a int)")?;
    let holder = Arc::clone(&server);
    let holding = tokio::task::spawn_blocking(move || holder.ask("LOCK TABLE locked; SELECT pg_sleep(4)"));
    until(&*server, LOCKED, "1").await?;
    // It is told while the one is prepared, which waits for the lock, and while the other runs.
    for sql in ["SELECT * FROM locked", "SELECT pg_sleep(3600)"] {
        let (message, ended) = tokio::join!(error(&host, sql), async {
            until(&*server, RUNNING, "1").await?;
            server.ask(END)
        });
        ended?;
        let message = message?;
        assert!(message.contains("terminating connection"), "{message}");
        assert_eq!(value(&host, "SELECT 1").await?, 1);
    }
    holding.await??;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_in_the_middle_of_a_row_is_an_error() -> Result<()> {
    let server = PostgreSql::start()?;
    let proxy = Proxy::start(server.port(), Fault::CutAfter(500_000)).await?;
    let settings = settings(proxy.address(), PostgreSql::USER, "", json!({}));
    let host = Host::start_with(&wasm("postgres")?, settings).await?;
    let message = error(&host, "SELECT repeat('x', 300) AS t FROM generate_series(1, 100000)").await?;
    assert!(message.contains("clos") || message.contains("lost") || message.contains("end of file"), "{message}");
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_free_connection_says_so_and_is_asked_again() -> Result<()> {
    let server = PostgreSql::start_with(&["max_connections=5", "superuser_reserved_connections=3"], &[])?;
    server.ask("CREATE ROLE who LOGIN")?;
    let address = format!("127.0.0.1:{}", server.port());
    let host = Host::start_with(&wasm("postgres")?, settings(&address, "who", "", json!({}))).await?;
    let at_once = futures::future::join_all((0..8).map(|_| ask(&host, "SELECT pg_sleep(1)"))).await;
    let failed: Vec<_> = at_once.into_iter().filter_map(|answer| answer.ok()?.error).collect();
    assert!(!failed.is_empty());
    for error in failed {
        assert!(error.message.contains("(53300)"), "{error:?}");
        assert_eq!(error.status, 503, "{error:?}");
    }
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_answering_costs_a_call_its_deadline_and_no_more() -> Result<()> {
    let server = PostgreSql::start()?;
    let host = host(&server, json!({})).await?.with_patience(Duration::from_secs(2));
    assert_eq!(value(&host, "SELECT 1").await?, 1);
    // The process behind the idle connection, which the next query gets.
    let backend = value(&host, "SELECT pg_backend_pid()").await?.as_i64().context("a pid")?;
    signal(backend, Signal::STOP)?;
    let message = error(&host, "SELECT 2").await?;
    assert!(message.contains("deadline") || message.contains("within") || message.contains("time"), "{message}");
    signal(backend, Signal::CONT)?;
    assert_eq!(value(&host.with_patience(PATIENCE), "SELECT 3").await?, 3);
    Ok(())
}

fn signal(pid: i64, signal: Signal) -> Result<()> {
    let status =
        std::process::Command::new("kill").args([format!("-{}", signal.as_raw()), pid.to_string()]).status()?;
    anyhow::ensure!(status.success(), "kill: {status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_reloaded_in_the_middle_of_a_query_answers_it() -> Result<()> {
    let server = PostgreSql::start()?;
    let file = PluginFile::copy("postgres")?;
    let address = format!("127.0.0.1:{}", server.port());
    let host = Host::start_with(file.path(), settings(&address, PostgreSql::USER, "", json!({}))).await?;
    let (long, reloaded) = tokio::join!(value(&host, "SELECT 'old' FROM pg_sleep(2)"), async {
        until(&server, RUNNING, "1").await?;
        file.replace()?;
        host.runtime().load_file(file.path()).await?;
        value(&host, "SELECT 'new'").await
    });
    assert_eq!((long?, reloaded?), (json!("old"), json!("new")));
    // The old instance has taken its connections with it; the new one's stay.
    until(&server, CONNECTIONS, "1").await
}
