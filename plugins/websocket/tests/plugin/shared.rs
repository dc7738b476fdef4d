//! Channels that share a connection.

use crate::support::{Source, values};
use futures::future::join;
use serde_json::{Value, json};
use wellhead_sdk::DataSource;
use wellhead_sdk::testing::block_on;

fn topic(name: &str) -> Value {
    json!({
        "path": "/topics",
        "onConnect": {"op": "subscribe", "topic": name},
        "onDisconnect": {"op": "unsubscribe", "topic": name},
        "filter": {"path": "topic", "equals": name},
        "fields": [{"name": "topic"}, {"name": "n"}]
    })
}

#[test]
fn channels_of_one_path_share_a_connection_and_each_gets_its_own_messages() {
    let source = Source::start();
    block_on(async {
        // b goes on when a has left, and is the one that closes.
        let (a, b) = join(source.frames(topic("a"), 3), source.frames(topic("b"), 20)).await;
        assert!(values(&a, "topic").iter().all(|topic| topic == "a"), "{a:?}");
        assert!(values(&b, "topic").iter().all(|topic| topic == "b"), "{b:?}");
        source.until(|seen| seen["closed"] == json!([1000])).await;
    });
    let seen = source.seen();
    assert_eq!((&seen["connections"], &seen["open"]), (&json!(1), &json!(0)));
    let said: Vec<Value> = seen["said"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| serde_json::from_str(text.as_str().unwrap()).unwrap())
        .collect();
    let said: Vec<_> = said.iter().map(|said| format!("{} {}", said["op"], said["topic"]).replace('"', "")).collect();
    assert_eq!(said, ["subscribe a", "subscribe b", "unsubscribe a", "unsubscribe b"]);
}

#[test]
fn what_another_channel_still_needs_is_not_ended() {
    let source = Source::start();
    block_on(async {
        let again = source.frames(topic("a"), 30);
        let (first, second) = join(source.frames(topic("a"), 2), again).await;
        assert!(first.len() == 2 && second.len() == 30);
        source.until(|seen| seen["open"] == 0).await;
    });
    let said = source.seen()["said"].to_string();
    assert_eq!((said.matches("\\\"subscribe").count(), said.matches("unsubscribe").count()), (2, 1), "{said}");
}

#[test]
fn another_path_or_a_wish_of_its_own_is_another_connection() {
    let source = Source::start();
    let mut alone = topic("a");
    alone["shareConnection"] = json!(false);
    let mut other = topic("a");
    other["path"] = json!("/topics?x");
    block_on(async {
        let both = join(source.frames(alone.clone(), 2), source.frames(alone, 2));
        join(both, join(source.frames(topic("a"), 2), source.frames(other, 2))).await;
    });
    assert_eq!(source.seen()["connections"], 4);
}

#[test]
fn an_instance_that_ends_closes_what_is_open() {
    let source = Source::start();
    block_on(async {
        source.frames(topic("a"), 1).await;
        source.plugin.shutdown().await;
        assert_eq!(source.seen()["closed"], json!([1000]));
    });
}
