//! Adding, changing and deleting data sources: statuses and messages are Grafana's.

use crate::support::{Answer, Host, request};
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};

async fn send(host: &Host, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
    let request = request(method, path).header("content-type", "application/json");
    host.send(request.body(Full::new(body.into())).unwrap()).await
}

async fn post(host: &Host, body: Value) -> Answer {
    send(host, Method::POST, "/api/datasources", body.to_string()).await
}

async fn put(host: &Host, path: &str, body: Value) -> Answer {
    send(host, Method::PUT, &format!("/api/datasources/{path}"), body.to_string()).await
}

async fn delete(host: &Host, path: &str) -> Answer {
    send(host, Method::DELETE, &format!("/api/datasources/{path}"), "").await
}

fn said(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["message"].as_str().unwrap_or_default().to_owned())
}

async fn list(host: &Host) -> Value {
    host.get("/api/datasources").await.json()
}

#[tokio::test]
async fn what_was_added_is_there_with_its_secrets_as_names_only() {
    let host = Host::start().await;
    let added = post(
        &host,
        json!({
            "name": "New", "type": "scripted-alias", "url": "http://x:1", "access": "proxy", "basicAuth": true,
            "basicAuthUser": "me", "jsonData": {"k": [1]}, "secureJsonData": {"password": "hunter3!"}, "uid": "new",
        }),
    )
    .await;
    assert_eq!(said(&added), (200, "Datasource added".into()));
    assert!(!added.text().contains("hunter3!"));
    let added = added.json();
    assert_eq!(added["datasource"]["type"], "scripted", "the canonical id");
    assert_eq!(added["datasource"]["secureJsonFields"], json!({"password": true}));
    assert_eq!(host.get("/api/datasources/uid/new").await.json(), added["datasource"]);
    assert_eq!(added["id"], added["datasource"]["id"]);
}

#[tokio::test]
async fn a_missing_name_is_the_type_and_a_missing_uid_is_made_up() {
    let host = Host::start().await;
    for name in ["scripted", "scripted-1"] {
        let added = post(&host, json!({"type": "scripted"})).await.json();
        assert_eq!((&added["name"], &added["datasource"]["name"]), (&json!(name), &json!(name)));
        assert_eq!(added["datasource"]["uid"].as_str().unwrap().len(), 14);
    }
}

#[tokio::test]
async fn the_first_of_an_org_is_its_default_and_a_new_default_takes_over() {
    let host = Host::start().await;
    let in_org_three = |body: Value| {
        let request = request(Method::POST, "/api/datasources").header("content-type", "application/json");
        request.header("x-grafana-org-id", "3").body(Full::new(Bytes::from(body.to_string()))).unwrap()
    };
    let first = host.send(in_org_three(json!({"type": "scripted", "name": "a"}))).await.json();
    let second = host.send(in_org_three(json!({"type": "scripted", "name": "b"}))).await.json();
    assert_eq!((&first["datasource"]["isDefault"], &second["datasource"]["isDefault"]), (&json!(true), &json!(false)));
    host.send(in_org_three(json!({"type": "scripted", "name": "c", "isDefault": true}))).await;
    let list = request(Method::GET, "/api/datasources").header("x-grafana-org-id", "3").body(Full::default()).unwrap();
    let defaults: Vec<_> =
        host.send(list).await.json().as_array().unwrap().iter().map(|s| s["isDefault"].clone()).collect();
    assert_eq!(defaults, [json!(false), json!(false), json!(true)]);
}

#[tokio::test]
async fn a_name_or_uid_that_is_taken_is_409() {
    let host = Host::start().await;
    let same_name = post(&host, json!({"type": "scripted", "name": "alpha"})).await;
    assert_eq!(said(&same_name), (409, "data source with the same name already exists".into()));
    let same_uid = post(&host, json!({"type": "scripted", "name": "x", "uid": "two"})).await;
    assert_eq!(said(&same_uid), (409, "data source with the same uid already exists".into()));
    post(&host, json!({"type": "scripted", "name": "x", "uid": "x"})).await;
    let renamed = put(&host, "uid/x", json!({"type": "scripted", "name": "alpha"})).await;
    assert_eq!(said(&renamed), (409, "data source with the same name already exists".into()));
}

#[tokio::test]
async fn an_update_raises_the_version_keeps_secrets_that_are_not_sent_and_refuses_a_stale_one() {
    let host = Host::start().await;
    let secrets = json!({"a": "1", "b": "2"});
    let added =
        post(&host, json!({"type": "scripted", "name": "x", "uid": "x", "secureJsonData": secrets})).await.json();
    let mut item = added["datasource"].clone();
    item["url"] = json!("http://changed:1");
    item["secureJsonData"] = json!({"b": "", "c": "3"});
    let updated = put(&host, "uid/x", item.clone()).await;
    assert_eq!(said(&updated), (200, "Datasource updated".into()));
    let shown = &updated.json()["datasource"];
    assert_eq!((&shown["version"], &shown["url"]), (&json!(2), &json!("http://changed:1")));
    assert_eq!(shown["secureJsonFields"], json!({"a": true, "c": true}));
    let stale = put(&host, "uid/x", item.clone()).await;
    let message = "Datasource has already been updated by someone else. Please reload and try again";
    assert_eq!(said(&stale), (409, message.into()));
    for unconditional in [json!(0), Value::Null] {
        item["version"] = unconditional;
        assert_eq!(put(&host, &format!("{}", added["id"]), item.clone()).await.status, StatusCode::OK);
    }
    assert_eq!(said(&put(&host, "uid/nope", item).await), (404, "Data source not found".into()));
}

#[tokio::test]
async fn a_read_only_data_source_is_neither_changed_nor_deleted() {
    let host = Host::start().await;
    let before = list(&host).await;
    let update = put(&host, "uid/one", json!({"type": "scripted", "name": "One"})).await;
    assert_eq!(said(&update), (403, "Cannot update read-only data source".into()));
    for path in ["uid/one", "name/One", "1"] {
        assert_eq!(said(&delete(&host, path).await), (403, "Cannot delete read-only data source".into()), "{path}");
    }
    assert_eq!(list(&host).await, before);
}

#[tokio::test]
async fn a_data_source_is_deleted_by_uid_by_name_and_by_id() {
    let host = Host::start().await;
    for path in ["uid/x", "name/X", "{id}"] {
        let added = post(&host, json!({"type": "scripted", "name": "X", "uid": "x"})).await.json();
        let path = path.replace("{id}", &added["id"].to_string());
        let deleted = delete(&host, &path).await;
        assert_eq!(deleted.json(), json!({"message": "Data source deleted", "id": added["id"]}), "{path}");
        assert_eq!(said(&delete(&host, &path).await), (404, "Data source not found".into()), "{path}");
    }
}

#[tokio::test]
async fn bad_input_of_every_kind_is_400_and_nothing_is_stored() {
    let host = Host::start().await;
    let before = list(&host).await;
    let with = |key: &str, value: Value| {
        let mut body = json!({"type": "scripted", "name": "bad"});
        body[key] = value;
        body.to_string()
    };
    let long = "x".repeat(1 << 20);
    let deep = format!("{{\"type\":\"scripted\",\"jsonData\":{{\"a\":{}{}}}}}", "[".repeat(5_000), "]".repeat(5_000));
    for body in [
        String::new(),
        "{".into(),
        "[]".into(),
        "null x".into(),
        deep,
        with("name", json!(long)),
        with("name", json!("a\0b")),
        with("name", json!(7)),
        with("type", json!("")),
        with("type", json!("no-such-plugin")),
        with("uid", json!("../../etc/passwd")),
        with("uid", json!("..")),
        with("uid", json!("😀")),
        with("uid", json!("x".repeat(41))),
        with("url", json!("http://[::1")),
        with("url", json!(format!("http://{long}"))),
        with("access", json!("sideways")),
        with("jsonData", json!([])),
        with("jsonData", json!({"k": long})),
        with("secureJsonData", json!({"k": 7})),
        with("secureJsonData", json!({"": "x"})),
        with("isDefault", json!("yes")),
    ] {
        let start: String = body.chars().take(60).collect();
        let answer = send(&host, Method::POST, "/api/datasources", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{start}: {}", answer.text());
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
        assert!(answer.body.len() < 1_000, "{start}: the answer repeats what was sent");
    }
    let negative = put(&host, "uid/two", json!({"type": "scripted", "name": "alpha", "version": -1})).await;
    assert_eq!(negative.status, StatusCode::BAD_REQUEST);
    let too_long = send(&host, Method::POST, "/api/datasources", " ".repeat(5 << 20)).await;
    assert_eq!(too_long.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(list(&host).await, before);
}

#[tokio::test]
async fn a_name_of_emoji_is_as_good_as_any() {
    let host = Host::start().await;
    let added = post(&host, json!({"type": "scripted", "name": "😀 é \u{202e}"})).await;
    assert_eq!(added.status, StatusCode::OK);
    let by_name = host.get("/api/datasources/name/%F0%9F%98%80%20%C3%A9%20%E2%80%AE").await;
    assert_eq!(by_name.json(), added.json()["datasource"]);
}

#[tokio::test]
async fn the_openapi_document_tells_of_every_data_source_route() {
    let host = Host::start().await;
    let document = host.get("/api/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let methods = |path: &str| {
        document["paths"][path].as_object().map(|item| item.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(methods("/api/datasources"), ["get", "post"]);
    assert_eq!(methods("/api/datasources/uid/{uid}"), ["get", "put", "delete"]);
    assert_eq!(methods("/api/ds/query"), ["post"]);
}
