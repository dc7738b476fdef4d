//! From a WebSocket endpoint through the sandbox to a page, and back.

use crate::front::Front;
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

fn has_notice(document: &Value) -> bool {
    document["schema"]["meta"]["notices"].as_array().is_some_and(|notices| !notices.is_empty())
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
    let mut told = false;
    loop {
        let event = client.next().await?;
        ensure!(event["event"] == "publication", "the subscriber stays: {event}");
        told |= has_notice(&event["data"]);
        if told && event["data"]["data"]["values"].as_array().is_some_and(|columns| !columns.is_empty()) {
            return Ok(());
        }
    }
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
        let mut event = client.next().await?;
        while event["event"] != "published" && event["event"] != "publish-refused" {
            event = client.next().await?;
        }
        if event["event"] == "published" {
            break;
        }
        ensure!(event["code"] != 403, "{event}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    loop {
        let document = client.publication().await?;
        if document.to_string().contains("42") {
            return Ok(());
        }
    }
}
