//! Clients that go, data sources that wait, and servers that end.

use crate::support::{Host, over_the_last_hour, query_request, send};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use wellhead_server::ServerConfig;

fn query(ref_id: &str, uid: &str, action: &str) -> Value {
    json!({"refId": ref_id, "datasource": {"uid": uid}, "do": action})
}

fn waiting() -> axum::http::Request<http_body_util::Full<bytes::Bytes>> {
    query_request(over_the_last_hour(&json!([query("A", "one", "wait")])))
}

#[tokio::test]
async fn a_client_that_goes_cancels_its_query() {
    let host = Host::start().await;
    let client = tokio::spawn(send(host.address, waiting()));
    host.gate.wait_for(1).await;
    client.abort();
    host.gate.wait_for(0).await;
    host.wait_for_metric("route=\"/api/ds/query\",method=\"POST\",status=\"499\"} 1").await;
}

#[tokio::test]
async fn queries_of_several_data_sources_wait_side_by_side_and_one_may_fail() {
    let host = Host::start().await;
    let asked = json!([query("A", "one", "wait"), query("B", "two", "wait"), query("C", "orphan", "rows")]);
    let client = tokio::spawn(send(host.address, query_request(over_the_last_hour(&asked))));
    host.gate.wait_for(2).await;
    host.gate.open.add_permits(2);
    let answer = client.await.unwrap().unwrap();
    let statuses: Vec<_> = ["A", "B", "C"].map(|ref_id| answer.json()["results"][ref_id]["status"].clone()).to_vec();
    assert_eq!((answer.status, statuses), (StatusCode::BAD_REQUEST, vec![json!(200), json!(200), json!(500)]));
}

#[tokio::test]
async fn a_shutdown_lets_requests_in_flight_finish_and_takes_no_new_ones() {
    let mut host = Host::start().await;
    let clients: Vec<_> = (0..20).map(|_| tokio::spawn(send(host.address, waiting()))).collect();
    host.gate.wait_for(20).await;
    host.shut_down();
    while TcpStream::connect(host.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!host.served.is_finished());
    host.gate.open.add_permits(20);
    for client in clients {
        assert_eq!(client.await.unwrap().unwrap().status, StatusCode::OK);
    }
    (&mut host.served).await.unwrap();
}

#[tokio::test]
async fn readyz_says_503_for_a_while_before_anything_is_refused() {
    let config = ServerConfig { unready_before_drain: Duration::from_secs(600), ..ServerConfig::default() };
    let mut host = Host::start_with(config).await;
    host.shut_down();
    for _ in 0..2_000 {
        if host.get("/readyz").await.status == StatusCode::SERVICE_UNAVAILABLE {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(host.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(host.get("/livez").await.status, StatusCode::OK);
    assert_eq!(host.query(json!([query("A", "one", "rows")])).await.status, StatusCode::OK);
    host.served.abort();
}

#[tokio::test]
async fn what_does_not_finish_within_the_drain_deadline_is_cut() {
    let mut host = Host::start_with(ServerConfig { drain: Duration::from_millis(50), ..ServerConfig::default() }).await;
    let client = tokio::spawn(send(host.address, waiting()));
    host.gate.wait_for(1).await;
    host.shut_down();
    (&mut host.served).await.unwrap();
    assert!(client.await.unwrap().is_err());
    host.gate.wait_for(0).await;
}
