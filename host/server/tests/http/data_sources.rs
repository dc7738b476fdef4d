//! `GET /api/datasources…`.

use crate::support::{Host, request};
use axum::http::{Method, StatusCode};
use http_body_util::Full;
use serde_json::json;

fn pretty(json: &serde_json::Value) -> String {
    serde_json::to_string_pretty(json).unwrap()
}

#[tokio::test]
async fn an_item_has_every_key_and_no_secret() {
    let host = Host::start().await;
    let by_uid = host.get("/api/datasources/uid/one").await;
    assert!(!by_uid.text().contains("hunter2!"));
    insta::assert_snapshot!(pretty(&by_uid.json()));
    for path in ["/api/datasources/name/One", "/api/datasources/1"] {
        assert_eq!(host.get(path).await.json(), by_uid.json(), "{path}");
    }
    assert_eq!(host.get("/api/datasources/id/One").await.json(), json!({"id": 1}));
}

#[tokio::test]
async fn the_list_is_by_lower_cased_name_and_of_one_org() {
    let host = Host::start().await;
    insta::assert_snapshot!(pretty(&host.get("/api/datasources").await.json()));
    let other = request(Method::GET, "/api/datasources").header("x-grafana-org-id", "2").body(Full::default()).unwrap();
    let other = host.send(other).await.json();
    assert_eq!((other.as_array().unwrap().len(), &other[0]["uid"]), (1, &json!("other")));
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_no_id_400() {
    let host = Host::start().await;
    for path in ["uid/nope", "name/nope", "id/nope", "99", "uid/other"] {
        let answer = host.get(&format!("/api/datasources/{path}")).await;
        assert_eq!(
            (answer.status, &answer.json()["message"]),
            (StatusCode::NOT_FOUND, &json!("Data source not found")),
            "{path}"
        );
    }
    assert_eq!(host.get("/api/datasources/x").await.status, StatusCode::BAD_REQUEST);
    let invalid = host.get("/api/datasources/uid/%ff").await;
    assert_eq!((invalid.status, &invalid.json()["message"]), (StatusCode::BAD_REQUEST, &json!("Invalid path")));
}
