//! What changes under a subscriber: code, settings, the server itself.

use crate::front::{Front, has_notice};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use wellhead::DataSource;
use wellhead_e2e::centrifuge::Centrifuge;

const CHANNEL: &str = "1/ds/testdata/random-walk";

async fn subscribed(front: &Front) -> Result<Centrifuge> {
    let mut client = Centrifuge::connect(front.port).await?;
    client.subscribe(CHANNEL, json!({"frequency": 50})).await?;
    client.publication().await?;
    Ok(client)
}

fn runs_started(front: &Front) -> Result<u64> {
    let mut metrics = String::new();
    front.wellhead.live().encode_metrics(&mut metrics);
    let value = metrics.lines().find_map(|line| line.strip_prefix("wellhead_live_runs_started_total "));
    Ok(value.with_context(|| format!("no such metric in:\n{metrics}"))?.parse()?)
}

/// Reads so many publications. Anything else is a subscriber who was let down.
async fn undisturbed(client: &mut Centrifuge, publications: usize) -> Result<()> {
    for _ in 0..publications {
        let event = client.next().await?;
        ensure!(event["event"] == "publication", "{event}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_stay_while_the_plugins_code_is_replaced() -> Result<()> {
    let front = Front::testdata().await?;
    let mut client = subscribed(&front).await?;
    for build in 1..=5 {
        front.reload("testdata", build).await?;
        // Those that were under way, and those of the new code.
        undisturbed(&mut client, 60).await?;
    }
    let served = front.wellhead.runtime().plugin_status("grafana-testdata-datasource").unwrap().current.unwrap();
    assert_eq!(served.id.number, 6);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_stay_while_the_data_sources_settings_change() -> Result<()> {
    let front = Front::testdata().await?;
    let mut client = subscribed(&front).await?;
    for url in ["http://one.example", "http://two.example"] {
        front.store.replace([DataSource::new("testdata", "TestData", "testdata").with_url(url)])?;
        undisturbed(&mut client, 60).await?;
    }
    client.until("a run for each of the settings", |_| runs_started(&front).is_ok_and(|runs| runs >= 3)).await?;
    assert_eq!(runs_started(&front)?, 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_source_that_is_deleted_takes_its_channels_along() -> Result<()> {
    let front = Front::testdata().await?;
    let mut client = subscribed(&front).await?;
    front.store.replace([])?;
    let told = client.event("unsubscribed").await?;
    ensure!(told["reason"].as_str().is_some_and(|reason| reason.contains("delete")), "{told}");
    assert_eq!(client.refused("1/ds/testdata/random-walk/again").await?.0, 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_comes_back_by_itself_when_the_server_does() -> Result<()> {
    let mut front = Front::testdata().await?;
    let mut client = subscribed(&front).await?;
    front.stop().await?;
    let told = client.event("connecting").await?;
    ensure!(told["code"].as_u64() == Some(3001), "a shutdown, said as such: {told}");
    front.listen().await?;
    client.event("connected").await?;
    client.event("subscribed").await?;
    let first = client.publication().await?;
    ensure!(first.get("schema").is_some(), "the schema is sent again: {first}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_is_tried_again_and_says_so() -> Result<()> {
    let front = Front::testdata().await?;
    let mut client = Centrifuge::connect(front.port).await?;
    client.subscribe("1/ds/testdata/flaky", json!({"frequency": 200, "failPercent": 20, "seed": 3})).await?;
    // Failures with a few frames between them are followed by longer and longer waits.
    for _ in 0..2 {
        client.until("a notice", |event| has_notice(&event["data"])).await?;
    }
    Ok(())
}
