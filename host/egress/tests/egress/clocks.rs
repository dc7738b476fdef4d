//! The four clocks. No test measures a time: each waits for the error that only its clock can give.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::AsyncReadExt;
use wellhead_egress::{
    EgressError, EgressLimits, Endpoint, RequestOptions, Resolve, Resolving, ResponseBody, TimeoutKind,
};

use crate::support::{Body, Server, Settings, host, limits, reply, request};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(3600);

fn which(error: &EgressError) -> TimeoutKind {
    assert!(error.is_timeout() && error.status_hint() == 504, "{error}");
    match error {
        EgressError::Timeout { which, after, .. } => {
            assert_eq!(*after, SHORT, "{error}");
            *which
        }
        other => panic!("{other}"),
    }
}

/// A body of one piece, after which nothing comes, or one piece after another for ever.
fn endless(again: bool) -> Response<Body> {
    let piece = || Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x")));
    let first = stream::iter([piece()]);
    let body = if again {
        let trickle = stream::unfold((), move |()| async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((piece(), ()))
        });
        StreamBody::new(first.chain(trickle).boxed()).map_err(|never| match never {}).boxed_unsync()
    } else {
        StreamBody::new(first.chain(stream::pending()).boxed()).map_err(|never| match never {}).boxed_unsync()
    };
    Response::new(body)
}

/// The error a body ends with; no clock of ours is as patient as this one.
async fn broken_off(response: Response<ResponseBody>) -> EgressError {
    let body = tokio::time::timeout(Duration::from_secs(20), response.into_body().collect());
    body.await.expect("a clock runs out").unwrap_err()
}

struct Silent;

impl Resolve for Silent {
    fn resolve(&self, _: &str) -> Resolving {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_name_server_that_keeps_silent_runs_into_the_connect_timeout() {
    let client = Settings::of("http://db.example").client(host().resolver(Silent));
    let options = RequestOptions { connect_timeout: Some(SHORT), ..RequestOptions::default() };
    let error = client.send(request("http://db.example/"), &options).await.unwrap_err();
    assert_eq!(which(&error), TimeoutKind::Connect);
    assert!(error.is_connect());
    assert_eq!(error.to_string(), "http://db.example: no connection after 50ms (connect_timeout)");
}

#[tokio::test]
async fn a_server_that_takes_a_connection_and_says_nothing_in_tls_runs_into_the_connect_timeout() {
    let server = Server::raw(|mut stream| async move {
        let mut sink = Vec::new();
        stream.read_to_end(&mut sink).await.unwrap();
    })
    .await;
    let url = format!("https://{}", server.address);
    let options = RequestOptions { connect_timeout: Some(SHORT), ..RequestOptions::default() };
    let error = Settings::of(&*url).client(host()).send(request(&url), &options).await.unwrap_err();
    assert_eq!(which(&error), TimeoutKind::Connect);
}

#[tokio::test]
async fn headers_that_do_not_come_run_into_the_first_byte_timeout() {
    let server = Server::raw(|mut stream| async move {
        let mut sink = Vec::new();
        stream.read_to_end(&mut sink).await.unwrap();
    })
    .await;
    let options = RequestOptions { first_byte_timeout: Some(SHORT), ..RequestOptions::default() };
    let client = Settings::of(server.url("")).client(host());
    let error = client.send(request(server.url("/")), &options).await.unwrap_err();
    assert_eq!(which(&error), TimeoutKind::FirstByte);
    assert_eq!(server.connections(), 1, "a request that may have been acted on is not sent again");
}

#[tokio::test]
async fn a_body_that_stalls_runs_into_the_between_bytes_timeout() {
    let server = Server::http(|_| endless(false)).await;
    let options = RequestOptions { between_bytes_timeout: Some(SHORT), ..RequestOptions::default() };
    let client = Settings::of(server.url("")).client(host());
    let response = client.send(request(server.url("/")), &options).await.unwrap();
    assert_eq!(which(&broken_off(response).await), TimeoutKind::BetweenBytes);
}

#[tokio::test]
async fn a_body_that_trickles_for_ever_runs_into_the_total_timeout() {
    let server = Server::http(|_| endless(true)).await;
    let limits = EgressLimits { total_timeout: Some(SHORT), ..limits() };
    let client = Settings::of(server.url("")).client(host().limits(limits));
    let response = client.send(request(server.url("/")), &RequestOptions::default()).await.unwrap();
    assert_eq!(which(&broken_off(response).await), TimeoutKind::Total);
}

#[tokio::test]
async fn the_total_timeout_counts_before_the_response_too() {
    let limits = EgressLimits { total_timeout: Some(SHORT), ..limits() };
    let client = Settings::of("http://db.example").client(host().limits(limits).resolver(Silent));
    let error = client.send(request("http://db.example/"), &RequestOptions::default()).await.unwrap_err();
    assert_eq!(which(&error), TimeoutKind::Total);
}

#[tokio::test]
async fn a_caller_may_ask_for_less_time_and_not_for_more() {
    let server = Server::http(|_| endless(false)).await;
    let limits = EgressLimits { between_bytes_timeout: SHORT, ..limits() };
    let client = Settings::of(server.url("")).client(host().limits(limits));
    let options = RequestOptions { between_bytes_timeout: Some(LONG), ..RequestOptions::default() };
    let response = client.send(request(server.url("/")), &options).await.unwrap();
    assert_eq!(which(&broken_off(response).await), TimeoutKind::BetweenBytes);
}

#[tokio::test]
async fn a_caller_that_reads_slowly_is_not_timed_out() {
    let server = Server::http(|_| reply(200, vec![0; 1024 * 1024])).await;
    let options = RequestOptions { between_bytes_timeout: Some(SHORT), ..RequestOptions::default() };
    let client = Settings::of(server.url("")).client(host());
    let mut body = client.send(request(server.url("/")), &options).await.unwrap().into_body();
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        read += frame.unwrap().into_data().unwrap().len();
        if read < 256 * 1024 {
            tokio::time::sleep(SHORT * 2).await;
        }
    }
    assert_eq!(read, 1024 * 1024);
}

#[tokio::test]
async fn pieces_that_keep_coming_are_not_timed_out_however_long_the_whole_takes() {
    let gap = SHORT * 10;
    let server = Server::http(move |_| {
        let pieces = stream::unfold(0, move |piece| async move {
            tokio::time::sleep(gap / 20).await;
            (piece < 30).then(|| (Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x"))), piece + 1))
        });
        Response::new(StreamBody::new(pieces.boxed()).map_err(|never| match never {}).boxed_unsync())
    })
    .await;
    let options = RequestOptions { between_bytes_timeout: Some(gap), ..RequestOptions::default() };
    let client = Settings::of(server.url("")).client(host());
    let response = client.send(request(server.url("/")), &options).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 30);
}

/// As some write "none": instants so far away cannot be reckoned with, and whoever asks would meet that.
#[tokio::test]
async fn the_longest_spans_there_are_harm_nobody() {
    let longest = Duration::MAX;
    let limits = EgressLimits {
        connect_timeout: longest,
        first_byte_timeout: longest,
        between_bytes_timeout: longest,
        total_timeout: Some(longest),
        idle_timeout: longest,
        max_retry_wait: longest,
        repin_after: longest,
        ..EgressLimits::default()
    };
    let server = Server::http(|_| reply(200, "ok")).await;
    let mut policy = Settings::of(server.url("")).policy();
    policy.endpoints = vec![Endpoint::of_setting("server", "url", &server.address.to_string(), None)];
    let client = host().limits(limits).build().unwrap().client(policy).unwrap();
    client.connect("server").await.unwrap();
    for _ in 0..2 {
        let response = client.send(request(server.url("/")), &RequestOptions::default()).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "ok");
    }
}
