//! Who may listen and publish, where the server asks who is there.

use super::{Client, LiveHost};
use crate::support::PASSWORD;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::time::Duration;
use wellhead::LiveLimits;
use wellhead_identity::{MAIN_ORG, NewServiceAccount, NewToken, Role};

const COUNT: &str = "1/ds/feed/count";

fn basic(login: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{login}:{password}")))
}

#[tokio::test]
async fn a_request_with_credentials_is_let_in_or_refused_before_the_connection_is_open() {
    let host = LiveHost::signed(LiveLimits::default()).await;
    let address = host.host.address;
    let Err((status, body)) = Client::open(address, &[("authorization", &basic("vi", "wrong"))]).await else {
        panic!("a wrong password was let in")
    };
    assert_eq!((status, &body["message"]), (401, &json!("Invalid username or password")));
    let mut client = Client::open(address, &[("authorization", &basic("vi", PASSWORD))]).await.unwrap();
    assert!(client.ask(json!({"connect": {}})).await["connect"].is_object());
    assert!(client.subscribe(COUNT).await["subscribe"].is_object());
    let refused = client.refused(json!({"subscribe": {"channel": "2/ds/feed-2/count"}})).await;
    assert_eq!(refused.0, 403, "{refused:?}");
}

#[tokio::test]
async fn credentials_may_come_with_connect_where_no_header_can_be_sent() {
    let host = LiveHost::signed(LiveLimits::default()).await;
    let address = host.host.address;
    for token in ["", "nobody's", &basic("vi", "wrong")] {
        let mut client = Client::open(address, &[]).await.unwrap();
        let refused = client.refused(json!({"connect": {"token": token}})).await;
        assert_eq!(refused.0, 101, "{token}: {refused:?}");
        assert_eq!(client.closed().await, (3500, "invalid token".to_owned()));
    }
    let mut client = Client::open(address, &[]).await.unwrap();
    assert!(client.ask(json!({"connect": {"token": basic("vi", PASSWORD)}})).await["connect"].is_object());
    assert!(client.subscribe(COUNT).await["subscribe"].is_object());
}

#[tokio::test]
async fn only_editors_publish_to_streams_that_no_plugin_feeds() {
    let host = LiveHost::signed(LiveLimits::default()).await;
    let publish = || json!({"publish": {"channel": "1/stream/builds/main", "data": {"ok": true}}});
    let mut viewer = Client::open(host.host.address, &[("authorization", &basic("vi", PASSWORD))]).await.unwrap();
    viewer.ask(json!({"connect": {}})).await;
    assert_eq!(viewer.refused(publish()).await.0, 403);
    viewer.subscribe("1/stream/builds/main").await;
    let mut editor = Client::open(host.host.address, &[("authorization", &basic("ed", PASSWORD))]).await.unwrap();
    editor.ask(json!({"connect": {}})).await;
    assert_eq!(editor.ask(publish()).await["publish"], json!({}));
    assert_eq!(viewer.push().await["pub"]["data"], json!({"ok": true}));
}

#[tokio::test]
async fn a_token_that_is_revoked_ends_its_connection_when_it_is_asked_for_again() {
    let limits = LiveLimits { recheck: Duration::from_millis(100), ..LiveLimits::default() };
    let host = LiveHost::signed(limits).await;
    let identities = host.identities.as_ref().unwrap();
    let account = NewServiceAccount { org_id: MAIN_ORG, name: "screen".into(), role: Role::Viewer, is_disabled: false };
    let account = identities.create_service_account(account).await.unwrap();
    let (token, secret) = identities
        .create_token(MAIN_ORG, account.id, NewToken { name: "screen".into(), seconds_to_live: None })
        .await
        .unwrap();
    let mut client = Client::open(host.host.address, &[]).await.unwrap();
    assert!(client.ask(json!({"connect": {"token": secret.expose()}})).await["connect"].is_object());
    client.subscribe(COUNT).await;
    client.push().await;
    identities.delete_token(MAIN_ORG, account.id, token.id).await.unwrap();
    assert_eq!(client.closed().await, (3500, "invalid token".to_owned()));
}

#[tokio::test]
async fn a_foreign_page_is_refused_whatever_its_browser_sends_along() {
    for host in [LiveHost::start().await, LiveHost::signed(LiveLimits::default()).await] {
        let credentials = basic("vi", PASSWORD);
        let headers = [("origin", "https://evil.example"), ("authorization", credentials.as_str())];
        let Err((status, body)) = Client::open(host.host.address, &headers).await else { panic!("it was let in") };
        assert_eq!(status, 403);
        assert!(body["message"].as_str().unwrap().contains("evil.example"), "{body}");
        let own = format!("http://{}", host.host.address);
        assert!(Client::open(host.host.address, &[("origin", &own)]).await.is_ok(), "a page of its own");
    }
}
