//! Subscribing, publishing, and what is refused.

use crate::front::Front;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use wellhead_e2e::centrifuge::Centrifuge;

fn has_schema(document: &Value) -> bool {
    document.get("schema").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_come_with_their_schema_once_and_as_values_after_it() -> Result<()> {
    let front = Front::testdata().await?;
    let mut client = Centrifuge::connect(front.port).await?;
    client.subscribe("1/ds/testdata/random-walk", json!({"frequency": 100})).await?;
    let first = client.publication().await?;
    ensure!(has_schema(&first), "{first}");
    let names: Vec<_> = first["schema"]["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    for _ in 0..5 {
        let next = client.publication().await?;
        ensure!(!has_schema(&next), "{next}");
        assert_eq!(next["data"]["values"].as_array().unwrap().len(), names.len());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_feeds_all_who_subscribe_and_those_who_leave_hear_no_more() -> Result<()> {
    let front = Front::testdata().await?;
    let mut one = Centrifuge::connect(front.port).await?;
    let mut other = Centrifuge::connect(front.port).await?;
    for client in [&mut one, &mut other] {
        client.subscribe("1/ds/testdata/random-walk", json!({"frequency": 20})).await?;
        client.publication().await?;
    }
    let channels = front.wellhead.live().channels(1);
    assert_eq!(channels.len(), 1);
    assert_eq!(channels[0].subscribers, 2);
    one.command(&json!({"command": "unsubscribe", "channel": "1/ds/testdata/random-walk"}))?;
    one.event("unsubscribed").await?;
    other.publication().await?;
    one.command(&json!({"command": "rpc", "method": "nothing", "data": {}}))?;
    // The answer comes, and no publication before it.
    let seen = one.until("the answer", |event| event["event"] != "publication").await?;
    assert_eq!((seen["event"].as_str(), seen["code"].as_u64()), (Some("rpc-refused"), Some(104)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_that_are_not_there_or_not_for_this_client_are_refused_with_grafanas_codes() -> Result<()> {
    let front = Front::testdata().await?;
    let mut client = Centrifuge::connect(front.port).await?;
    let long = format!("1/ds/testdata/{}", "x".repeat(200));
    for (channel, code) in [
        ("1/ds/nowhere/random-walk", 404),
        ("1/ds/testdata/no-such-stream", 404),
        ("2/ds/testdata/random-walk", 403),
        ("1/ds/testdata", 400),
        ("1/elsewhere/testdata/a", 400),
        (long.as_str(), 400),
    ] {
        let (seen, said) = client.refused(channel).await?;
        assert_eq!(seen, code, "{channel}: {said}");
    }
    // The connection is as good as before.
    client.subscribe("1/ds/testdata/random-walk", json!({"frequency": 100})).await?;
    client.publication().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_publishes_the_others_hear_where_the_plugin_allows_it() -> Result<()> {
    let front = Front::testdata().await?;
    let mut one = Centrifuge::connect(front.port).await?;
    let mut other = Centrifuge::connect(front.port).await?;
    let publish = |channel: &str| json!({"command": "publish", "channel": channel, "data": {"said": "hello"}});
    other.subscribe("1/ds/testdata/chat/a", Value::Null).await?;
    one.command(&publish("1/ds/testdata/chat/a"))?;
    one.event("published").await?;
    assert_eq!(other.publication().await?, json!({"said": "hello"}));
    one.command(&publish("1/ds/testdata/random-walk"))?;
    assert_eq!(one.event("publish-refused").await?["code"], 403);
    one.command(&publish("1/ds/nowhere/chat"))?;
    assert_eq!(one.event("publish-refused").await?["code"], 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_pushes_frames_to_its_pages_with_no_plugin() -> Result<()> {
    let front = Front::start(&[], [], wellhead::LiveLimits::default()).await?;
    let mut client = Centrifuge::connect(front.port).await?;
    let frame = |value: f64| {
        let frame = wellhead_frame::Frame::builder("builds").column(wellhead_frame::Field::new("value"), vec![value]);
        frame.build().unwrap()
    };
    front.wellhead.publish("stream/builds/main", frame(1.0))?;
    client.subscribe("1/stream/builds/main", Value::Null).await?;
    let before = client.publication().await?;
    assert_eq!(
        (has_schema(&before), &before["data"]["values"]),
        (true, &json!([[1]])),
        "the last one is there already"
    );
    front.wellhead.publish("stream/builds/main", frame(2.5))?;
    let next = client.publication().await?;
    assert_eq!((has_schema(&next), &next["data"]["values"]), (false, &json!([[2.5]])));
    Ok(())
}
