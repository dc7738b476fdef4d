//! From a WebSocket endpoint through the sandbox to a page, and back.

use crate::front::{Front, has_notice};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use wellhead::{DataSource, LiveLimits};
use wellhead_e2e::centrifuge::Centrifuge;
use wellhead_test_servers::WebSocketServer;

async fn front(server: &WebSocketServer) -> Result<Front> {
    let url = format!("ws://127.0.0.1:{}", server.port());
    let source = DataSource::new("feed", "Feed", "websocket").with_url(url).with_json_data("publish", true);
    Front::start(&["websocket"], [source], LiveLimits::default()).await
}

fn has_rows(document: &Value) -> bool {
    document["data"]["values"][0].as_array().is_some_and(|column| !column.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_on_when_the_endpoint_was_killed_and_is_there_again() -> Result<()> {
    let mut server = WebSocketServer::start()?;
    let front = front(&server).await?;
    let mut client = Centrifuge::connect(front.port).await?;
    client.subscribe("1/ds/feed/ticks", json!({"path": "/ticks?ms=10"})).await?;
    ensure!(client.publication().await?.get("schema").is_some());
    server.kill()?;
    // Numbers begin anew with the endpoint.
    server.restart()?;
    let disturbed = |event: &Value| event["event"] != "publication";
    let told = client.until("a notice", |event| disturbed(event) || has_notice(&event["data"])).await?;
    ensure!(!disturbed(&told), "the subscriber stays: {told}");
    // The notice may come with rows.
    if !has_rows(&told["data"]) {
        let next = client.until("rows", |event| disturbed(event) || has_rows(&event["data"])).await?;
        ensure!(!disturbed(&next), "the subscriber stays: {next}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_publishes_goes_out_as_a_message() -> Result<()> {
    let server = WebSocketServer::start()?;
    let front = front(&server).await?;
    let mut client = Centrifuge::connect(front.port).await?;
    client.subscribe("1/ds/feed/echo", json!({"path": "/echo"})).await?;
    // As long as the plugin has yet to connect it refuses.
    for attempt in 0.. {
        ensure!(attempt < 1_000, "it never connects");
        client.command(&json!({"command": "publish", "channel": "1/ds/feed/echo", "data": {"n": 42}}))?;
        let answers = ["published", "publish-refused"];
        let event = client.until("an answer", |event| answers.iter().any(|answer| event["event"] == *answer)).await?;
        if event["event"] == "published" {
            break;
        }
        ensure!(event["code"] != 403, "{event}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.until("what was published", |event| event["data"].to_string().contains("42")).await?;
    Ok(())
}
