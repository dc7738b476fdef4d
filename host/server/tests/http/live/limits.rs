//! What bounds live connections: their number, their channels, their clients' silence and slowness.

use super::{Client, LiveHost};
use futures::StreamExt;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;
use wellhead::LiveLimits;
use wellhead_server::ServerConfig;

const COUNT: &str = "1/ds/feed/count";

#[tokio::test]
async fn past_the_limit_a_connection_is_refused_before_it_is_open_and_one_that_goes_makes_room() {
    let config = ServerConfig { live_connections: 2, ..ServerConfig::default() };
    let host = LiveHost::start_with(config, LiveLimits::default()).await;
    let (first, _second) = (Client::connected(host.host.address).await, Client::connected(host.host.address).await);
    let Err((status, body)) = Client::open(host.host.address, &[]).await else { panic!("a third was let in") };
    assert_eq!(status, 503);
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("3 asked, 2 allowed"), "{message}");
    let stream = host.host.get("/api/live/subscribe/ds/feed/count").await;
    assert_eq!((stream.status.as_u16(), stream.header("retry-after")), (503, "10"));
    drop(first);
    for _ in 0..4_000 {
        if Client::open(host.host.address, &[]).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no room");
}

#[tokio::test]
async fn a_connection_has_so_many_channels() {
    let host = LiveHost::start().await;
    let mut client = Client::connected(host.host.address).await;
    for number in 0..128 {
        let reply = client.subscribe(&format!("1/stream/many/{number}")).await;
        assert!(reply["subscribe"].is_object(), "{number}: {reply}");
    }
    let (code, message) = client.refused(json!({"subscribe": {"channel": "1/stream/many/128"}})).await;
    assert_eq!(code, 106, "{message}");
    assert!(message.contains("129 asked, 128 allowed"), "{message}");
    client.ask(json!({"unsubscribe": {"channel": "1/stream/many/0"}})).await;
    assert!(client.subscribe("1/stream/many/128").await["subscribe"].is_object());
}

#[tokio::test]
async fn whoever_does_not_say_connect_in_time_is_shown_out() {
    let config = ServerConfig { handshake_timeout: Duration::from_millis(50), ..ServerConfig::default() };
    let host = LiveHost::start_with(config, LiveLimits::default()).await;
    let mut client = Client::open(host.host.address, &[]).await.unwrap();
    assert_eq!(client.closed().await, (3502, "stale".to_owned()));
}

#[tokio::test]
async fn whoever_answers_pings_stays_and_whoever_does_not_is_shown_out() {
    let config = ServerConfig { live_ping: Duration::from_millis(100), ..ServerConfig::default() };
    let host = LiveHost::start_with(config, LiveLimits::default()).await;
    let (mut awake, mut asleep) =
        (Client::connected(host.host.address).await, Client::connected(host.host.address).await);
    awake.subscribe(COUNT).await;
    asleep.answers_pings = false;
    // Beside each other: the one that is awake must be read to answer.
    tokio::select! {
        end = asleep.closed() => assert_eq!(end, (3012, "no pong".to_owned())),
        end = awake.closed() => panic!("{end:?}"),
    }
    awake.push().await;
    assert!(awake.ask(json!({"unsubscribe": {"channel": COUNT}})).await["unsubscribe"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stalls_is_cut_and_holds_up_nobody() {
    let config = ServerConfig { write_timeout: Duration::from_millis(300), ..ServerConfig::default() };
    let host = LiveHost::start_with(config, LiveLimits::default()).await;
    let (mut reading, mut stalled) =
        (Client::connected(host.host.address).await, Client::connected(host.host.address).await);
    stalled.subscribe("1/ds/feed/flood").await;
    reading.subscribe("1/ds/feed/flood").await;
    host.wait_for_subscribers("ds/feed/flood", 2).await;
    let cut = host.wait_for_subscribers("ds/feed/flood", 1);
    tokio::select! {
        () = cut => {}
        () = async { while reading.push().await["pub"].is_object() {} } => {}
    }
    assert!(reading.push().await["pub"].is_object(), "the one that reads goes on");
    // What was in flight is read, and then there is no farewell.
    let rest = async { while let Some(Ok(_)) = stalled.socket.next().await {} };
    timeout(crate::support::PATIENCE, rest).await.expect("the connection is at its end");
}
