//! The WebSocket plugin in the real host, before a real server: TLS, which only the host has, and whether a guest keeps up.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use wellhead::SecretValues;
use wellhead_e2e::certificates::Authority;
use wellhead_e2e::host::{Host, wasm};
use wellhead_frame::Frame;
use wellhead_runtime::{DataSourceSettings, RunEnd, StreamRequest};
use wellhead_test_servers::WebSocketServer;

const PATIENCE: Duration = Duration::from_secs(60);
const BURST: usize = 200_000;

async fn host(url: String, json_data: Value, secrets: &[(&str, &str)]) -> Result<Host> {
    let json_data: Map<String, Value> = json_data.as_object().cloned().unwrap_or_default();
    let secrets = SecretValues::from_iter(secrets.iter().copied());
    Host::start_with(
        &wasm("websocket")?,
        DataSourceSettings { url, json_data, secrets, ..DataSourceSettings::default() },
    )
    .await
}

/// The frames of a run up to its end, or up to `rows` rows, and how it ended.
async fn run(host: &Host, query: Value, rows: usize) -> Result<(Vec<Frame>, Option<RunEnd>)> {
    let request = StreamRequest { path: "any".to_owned(), data: query.to_string() };
    let mut run = host.runtime().client().run_stream(host.context(), request).await?;
    let mut frames: Vec<Frame> = Vec::new();
    while frames.iter().map(Frame::num_rows).sum::<usize>() < rows {
        match tokio::time::timeout(PATIENCE, run.next()).await.context("no frame")? {
            Ok(frame) => frames.push(frame),
            Err(end) => return Ok((frames, Some(end))),
        }
    }
    Ok((frames, None))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_keeps_up_with_fifty_thousand_messages_a_second() -> Result<()> {
    let server = WebSocketServer::start()?;
    let host = host(format!("ws://127.0.0.1:{}", server.port()), json!({}), &[]).await?;
    run(&host, json!({"path": "/burst?count=1"}), 1).await?;
    let begun = Instant::now();
    let (frames, end) = run(&host, json!({"path": format!("/burst?count={BURST}")}), usize::MAX).await?;
    let (rows, seconds) = (frames.iter().map(Frame::num_rows).sum::<usize>(), begun.elapsed().as_secs_f64());
    println!("{rows} rows in {} frames, {:.0} messages a second", frames.len(), rows as f64 / seconds);
    assert_eq!(rows, BURST);
    assert!(frames.iter().all(|frame| frame.meta().is_none()), "nothing was dropped, and there is nothing to tell");
    let end = end.context("it goes on")?.to_string();
    assert!(end.contains("code 4000 (its own): all sent"), "{end}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_and_verified_unless_the_settings_say_otherwise() -> Result<()> {
    let (authority, stranger) = (Authority::new("ours")?, Authority::new("stranger")?);
    let certificate = authority.server("127.0.0.1")?;
    let server = WebSocketServer::start_with_tls(&certificate.pem, &certificate.key)?;
    let url = format!("wss://127.0.0.1:{}", server.port());
    let trusting = |pem| (json!({"tlsAuthWithCACert": true}), [("tlsCACert", pem)]);

    for (json_data, secrets) in [trusting(authority.pem()), (json!({"tlsSkipVerify": true}), [("none", "")])] {
        let host = host(url.clone(), json_data, &secrets).await?;
        let (frames, _) = run(&host, json!({"path": "/ticks"}), 3).await?;
        assert!(frames.iter().all(|frame| frame.field_named("value").is_some()));
        let health = host.runtime().client().check_health(host.context()).await?;
        assert!(health.message.contains("wss://127.0.0.1"), "{health:?}");
    }
    let (json_data, secrets) = trusting(stranger.pem());
    let host = host(url, json_data, &secrets).await?;
    let (frames, end) = run(&host, json!({"path": "/ticks"}), 1).await?;
    let Some(RunEnd::Failed(error)) = end else { bail!("{frames:?}") };
    assert!(error.to_string().contains("CA is not trusted here"), "{error}");
    Ok(())
}
