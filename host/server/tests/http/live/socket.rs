//! `/api/live/ws`, command by command.

use super::{Client, LiveHost};
use crate::support::PATIENCE;
use serde_json::json;
use std::sync::atomic::Ordering;
use tokio::time::timeout;
use wellhead::{Author, DataSourceKey, DeleteDataSource, LiveLimits};
use wellhead_server::ServerConfig;

const COUNT: &str = "1/ds/feed/count";
const QUIET: &str = "1/ds/feed/quiet";

#[tokio::test]
async fn a_subscriber_gets_a_schema_once_and_then_values() {
    let host = LiveHost::start().await;
    let mut client = Client::open(host.host.address, &[]).await.unwrap();
    let reply = client.ask(json!({"connect": {"name": "js"}})).await;
    let connect = &reply["connect"];
    assert_eq!((&connect["ping"], &connect["pong"]), (&json!(25), &json!(true)), "{reply}");
    assert_eq!(client.subscribe(COUNT).await["subscribe"], json!({}));
    let first = client.push().await;
    assert_eq!(first["channel"], COUNT);
    assert_eq!(first["pub"]["data"]["schema"]["name"], "count", "{first}");
    let second = client.push().await;
    assert!(second["pub"]["data"]["schema"].is_null(), "{second}");
    assert!(second["pub"]["data"]["data"]["values"][1][0].is_number(), "{second}");
    let refused = client.refused(json!({"subscribe": {"channel": COUNT}})).await;
    assert_eq!(refused, (105, "already subscribed".to_owned()));
}

#[tokio::test]
async fn commands_may_come_in_one_message_before_connect_is_answered() {
    let host = LiveHost::start().await;
    let mut client = Client::open(host.host.address, &[]).await.unwrap();
    let commands = [
        json!({"connect": {}, "id": 101}),
        json!({"subscribe": {"channel": COUNT}, "id": 102}),
        json!({"rpc": {"method": "grafana.query"}, "id": 103}),
    ];
    client.say(commands.map(|command| command.to_string()).join("\n")).await;
    let reply = client.ask(json!({"history": {"channel": COUNT}})).await;
    assert_eq!(reply["error"]["code"], 108, "{reply}");
    let mut ids = Vec::new();
    while ids.len() < 3 {
        let message = client.message().await;
        if let Some(id) = message["id"].as_u64() {
            assert!(id != 103 || message["error"] == json!({"code": 104, "message": "method not found"}), "{message}");
            ids.push(id);
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, [101, 102, 103]);
}

#[tokio::test]
async fn two_channels_share_a_connection_and_one_can_be_left() {
    let host = LiveHost::start().await;
    let mut client = Client::connected(host.host.address).await;
    client.subscribe(COUNT).await;
    client.subscribe("1/stream/builds/main").await;
    host.wellhead.publish("stream/builds/main", super::feed::row("build", 7)).unwrap();
    let build = client.push_of("1/stream/builds/main").await;
    assert_eq!(build["pub"]["data"]["data"]["values"][1], json!([7]), "{build}");
    client.push_of(COUNT).await;
    assert_eq!(client.ask(json!({"unsubscribe": {"channel": COUNT}})).await["unsubscribe"], json!({}));
    host.wait_for_channels(1).await;
    host.wellhead.publish("stream/builds/main", super::feed::row("build", 8)).unwrap();
    let build = client.push_of("1/stream/builds/main").await;
    assert_eq!(build["pub"]["data"]["data"]["values"][1], json!([8]), "{build}");
    assert_eq!(client.subscribe(COUNT).await["subscribe"], json!({}), "it may come back");
}

#[tokio::test]
async fn what_is_published_reaches_subscribers_in_order_as_the_plugin_would_have_it() {
    let host = LiveHost::start().await;
    let (mut reader, mut writer) =
        (Client::connected(host.host.address).await, Client::connected(host.host.address).await);
    reader.subscribe(QUIET).await;
    for number in 0..50 {
        writer
            .say(json!({"id": 1000 + number, "publish": {"channel": QUIET, "data": {"n": number}}}).to_string())
            .await;
    }
    for number in 0..50 {
        assert_eq!(reader.push().await["pub"]["data"], json!({"n": number}));
    }
    reader.subscribe("1/ds/feed/instead").await;
    let published = writer.ask(json!({"publish": {"channel": "1/ds/feed/instead", "data": 1}})).await;
    assert_eq!(published["publish"], json!({}));
    assert_eq!(reader.push_of("1/ds/feed/instead").await["pub"]["data"], json!({"instead": true}));
    let refused = writer.refused(json!({"publish": {"channel": COUNT, "data": 1}})).await;
    assert_eq!(refused.0, 403, "{refused:?}");
}

#[tokio::test]
async fn a_refusal_has_the_http_status_as_its_code_and_says_why() {
    let host = LiveHost::start().await;
    let mut client = Client::connected(host.host.address).await;
    let long = format!("1/ds/feed/{}", "x".repeat(161));
    for (channel, code, said) in [
        ("1/ds/feed/missing", 404, "there is no channel 1/ds/feed/missing"),
        ("1/ds/feed/forbidden", 403, "denied"),
        ("1/ds/nobody/count", 404, "nobody"),
        ("2/ds/feed-2/count", 403, "org 2, and you are in org 1"),
        ("1/ds/still/count", 501, "no streams"),
        ("1/plugin/feed/count", 400, "ds for a data source"),
        ("count", 400, "org/scope/namespace/path"),
        (long.as_str(), 400, "161 characters, 160 are allowed"),
    ] {
        let (actual, message) = client.refused(json!({"subscribe": {"channel": channel}})).await;
        assert_eq!(actual, code, "{channel}: {message}");
        assert!(message.contains(said), "{channel}: {message}");
    }
    assert!(client.subscribe(COUNT).await["subscribe"].is_object(), "the connection is none the worse");
}

#[tokio::test]
async fn a_client_may_leave_a_channel_that_it_has_not_joined_yet() {
    let host = LiveHost::start().await;
    let mut client = Client::connected(host.host.address).await;
    let commands = [
        json!({"subscribe": {"channel": QUIET}, "id": 11}),
        json!({"unsubscribe": {"channel": QUIET}, "id": 12}),
        json!({"subscribe": {"channel": QUIET}, "id": 13}),
    ];
    client.say(commands.map(|command| command.to_string()).join("\n")).await;
    for (id, key) in [(11, "subscribe"), (12, "unsubscribe"), (13, "subscribe")] {
        let message = client.message().await;
        assert_eq!((&message["id"], &message[key]), (&json!(id), &json!({})), "{message}");
    }
    client.ask(json!({"publish": {"channel": QUIET, "data": 5}})).await;
    assert_eq!(client.push().await["pub"]["data"], json!(5));
}

#[tokio::test]
async fn the_plugins_own_first_frame_comes_with_the_reply_and_data_goes_to_the_plugin() {
    let host = LiveHost::start().await;
    let mut client = Client::connected(host.host.address).await;
    let reply = client.subscribe("1/ds/feed/initial").await;
    assert_eq!(reply["subscribe"]["data"]["schema"]["name"], "initial", "{reply}");
    client.ask(json!({"subscribe": {"channel": "1/ds/feed/data", "data": {"rate": 5}}})).await;
    let push = client.push().await;
    assert_eq!(push["pub"]["data"]["data"]["values"], json!([["{\"rate\":5}"]]), "{push}");
}

#[tokio::test]
async fn a_subscription_that_ends_is_told_and_the_connection_goes_on() {
    let host = LiveHost::start().await;
    let mut client = Client::connected(host.host.address).await;
    client.subscribe(QUIET).await;
    let delete = DeleteDataSource { org_id: 1, key: DataSourceKey::uid("feed"), author: Author::Client };
    host.wellhead.data_sources().delete(delete).await.unwrap();
    let push = client.push().await;
    let end = json!({"code": 2404, "reason": "the data source was deleted"});
    assert_eq!((&push["channel"], &push["unsubscribe"]), (&json!(QUIET), &end));
    assert_eq!(client.refused(json!({"subscribe": {"channel": QUIET}})).await.0, 404);
}

#[tokio::test]
async fn a_client_that_goes_leaves_its_channels() {
    let limits = LiveLimits { linger: std::time::Duration::ZERO, ..LiveLimits::default() };
    let host = LiveHost::start_with(ServerConfig::default(), limits).await;
    let mut client = Client::connected(host.host.address).await;
    client.subscribe(COUNT).await;
    client.push().await;
    assert_eq!(host.runs.load(Ordering::SeqCst), 1);
    drop(client);
    host.wait_for_channels(0).await;
}

#[tokio::test]
async fn a_server_that_drains_says_farewell_and_waits_for_it() {
    let mut host = LiveHost::start().await;
    let mut client = Client::connected(host.host.address).await;
    client.subscribe(COUNT).await;
    host.host.shut_down();
    assert_eq!(client.closed().await, (3001, "shutdown".to_owned()));
    timeout(PATIENCE, &mut host.host.served).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn a_malformed_message_ends_the_connection() {
    let host = LiveHost::start().await;
    for message in ["", "nonsense", "[]", "{\"id\":1}", "{\"rpc\":{}}", "{}", "{\"id\":1,\"connect\":{}}"] {
        let mut client = Client::connected(host.host.address).await;
        client.say(message).await;
        assert_eq!(client.closed().await, (3501, "bad request".to_owned()), "{message:?}");
    }
    let mut early = Client::open(host.host.address, &[]).await.unwrap();
    early.say(json!({"id": 1, "subscribe": {"channel": COUNT}}).to_string()).await;
    assert_eq!(early.closed().await, (3501, "bad request".to_owned()));
    let mut sending = Client::connected(host.host.address).await;
    sending.say("{\"send\":{\"data\":1}}").await;
    assert_eq!(sending.closed().await, (3508, "not available".to_owned()));
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_read() {
    let host = LiveHost::start().await;
    let mut client = Client::connected(host.host.address).await;
    client.say("x".repeat((64 << 10) + 1)).await;
    assert_eq!(client.closed().await, (1009, "message size limit exceeded".to_owned()));
}
