//! Connections: kept, shared, counted.

use std::time::Duration;

use futures::future::join_all;
use http::Version;
use serde_json::json;
use wellhead_egress::{EgressError, EgressLimits, RequestOptions};

use crate::support::{Ca, Server, Settings, client, get, host, limits, reply, request, tls_server, until};

#[tokio::test]
async fn two_hundred_requests_one_after_another_use_one_connection() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let client = client(&server.url(""));
    for _ in 0..200 {
        assert_eq!(get(&client, server.url("/x")).await.unwrap().1, "ok");
    }
    assert_eq!(server.connections(), 1);
    assert_eq!(server.seen().len(), 200);
}

#[tokio::test]
async fn two_hundred_requests_at_once_stay_within_the_cap() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let limits = EgressLimits { max_connections: 4, ..limits() };
    let client = Settings::of(server.url("")).client(host().limits(limits));
    let answers = join_all((0..200).map(|_| get(&client, server.url("/x")))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|(status, _)| *status == 200)), "{answers:?}");
    assert!(server.most_open() <= 4, "{} connections at once", server.most_open());
}

#[tokio::test]
async fn over_the_cap_the_error_names_the_cap() {
    let server = Server::raw(|stream| async move {
        let _held = stream;
        std::future::pending().await
    })
    .await;
    let limits = EgressLimits { max_connections: 1, ..limits() };
    let client = Settings::of(server.url("")).client(host().limits(limits));
    let first = tokio::spawn(client.send(request(server.url("/")), &RequestOptions::default()));
    until("the first connection", || server.connections() == 1).await;
    let hurried = RequestOptions { connect_timeout: Some(Duration::from_millis(50)), ..RequestOptions::default() };
    let error = client.send(request(server.url("/")), &hurried).await.unwrap_err();
    assert!(
        matches!(error, EgressError::LimitExceeded { name: "max_connections", limit: 1, actual: 2, .. }),
        "{error}"
    );
    first.abort();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_given_up_makes_room_for_another() {
    let server = Server::raw(|stream| async move {
        let _held = stream;
        std::future::pending().await
    })
    .await;
    let good = Server::http(|_| reply(200, "ok")).await;
    let limits = EgressLimits { max_connections: 1, ..limits() };
    let mut settings = Settings::of(server.url(""));
    settings.operators = vec![good.url("")];
    let client = settings.client(host().limits(limits));
    let hurried = RequestOptions { first_byte_timeout: Some(Duration::from_millis(20)), ..RequestOptions::default() };
    client.send(request(server.url("/")), &hurried).await.unwrap_err();
    assert_eq!(get(&client, good.url("/")).await.unwrap().1, "ok");
}

#[tokio::test]
async fn an_idle_connection_of_one_origin_does_not_starve_another() {
    let (one, two) = (Server::http(|_| reply(200, "1")).await, Server::http(|_| reply(200, "2")).await);
    let limits = EgressLimits { max_connections: 2, ..limits() };
    let mut settings = Settings::of(one.url(""));
    settings.operators = vec![two.url("")];
    let client = settings.client(host().limits(limits));
    for _ in 0..3 {
        join_all((0..8).map(|_| get(&client, one.url("/")))).await;
        assert_eq!(get(&client, two.url("/")).await.unwrap().1, "2");
    }
}

#[tokio::test]
async fn dropping_the_client_closes_its_connections() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let client = client(&server.url(""));
    get(&client.clone(), server.url("/")).await.unwrap();
    assert_eq!(server.open(), 1);
    drop(client);
    until("the connection to close", || server.open() == 0).await;
}

#[tokio::test]
async fn http2_is_spoken_where_the_server_can_and_many_requests_share_a_connection() {
    let ca = Ca::new("ca");
    let server = Server::https(ca.server("127.0.0.1"), |_| reply(200, "ok")).await;
    let settings =
        Settings::of(server.url("")).json(json!({ "tlsAuthWithCACert": true })).secret("tlsCACert", &*ca.pem);
    let client = settings.client(host());
    get(&client, server.url("/")).await.unwrap();
    let answers = join_all((0..200).map(|_| get(&client, server.url("/x")))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|(status, _)| *status == 200)), "{answers:?}");
    assert_eq!(server.connections(), 1);
    assert!(server.seen().iter().all(|seen| seen.version == Version::HTTP_2));
}

#[tokio::test]
async fn http1_is_spoken_where_the_server_knows_no_other() {
    let ca = Ca::new("ca");
    for protocols in [&["http/1.1"][..], &[]] {
        let config = tls_server(ca.certificate("127.0.0.1"), None, protocols);
        let server = Server::https(config, |_| reply(200, "ok")).await;
        let settings =
            Settings::of(server.url("")).json(json!({ "tlsAuthWithCACert": true })).secret("tlsCACert", &*ca.pem);
        assert_eq!(get(&settings.client(host()), server.url("/")).await.unwrap().1, "ok");
        assert_eq!(server.last().version, Version::HTTP_11);
    }
}

#[tokio::test]
async fn a_thousand_clients_make_no_connection_before_their_first_request() {
    let egress = host().build().unwrap();
    let server = Server::http(|_| reply(200, "ok")).await;
    let clients: Vec<_> = (0..1000).map(|_| egress.client(Settings::of(server.url("")).policy()).unwrap()).collect();
    assert_eq!(server.connections(), 0);
    assert_eq!(get(&clients[999], server.url("/")).await.unwrap().1, "ok");
    assert_eq!(server.connections(), 1);
}
