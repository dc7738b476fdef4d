//! Upstreams that are down, break off, or answer garbage.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::Request;
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wellhead_egress::{EgressError, RequestBody};

use crate::support::{Server, Settings, client, get, host, reply, request, send};

/// Reads a request's head, says `answer`, and closes; with a reset where `reset` is set.
async fn answering(answer: &'static str, reset: bool) -> Server {
    Server::raw(move |mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        if reset {
            // Closing with unread bytes and no linger sends RST.
            stream.set_zero_linger().unwrap();
        }
    })
    .await
}

async fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
}

fn post(url: String) -> Request<RequestBody> {
    Request::post(url).body(RequestBody::full("x")).unwrap()
}

#[tokio::test]
async fn a_port_nobody_listens_on_is_refused() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    let error = get(&client(&url), &url).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{url}: connection refused; check that the server is up and listens on that port")
    );
    assert!(error.is_connect() && error.status_hint() == 502);
}

#[tokio::test]
async fn a_name_that_is_not_there_is_unresolved() {
    let client = Settings::of("http://nowhere.example").client(host().resolver(crate::support::Names::default()));
    let error = get(&client, "http://nowhere.example/").await.unwrap_err();
    assert!(matches!(error, EgressError::Unresolved { .. }) && error.is_connect(), "{error}");
}

#[tokio::test]
async fn a_server_that_comes_up_meanwhile_is_reached_by_the_retry() {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    let server = Server::raw(move |mut stream| {
        let first = seen.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            read_head(&mut stream).await;
            if !first {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            }
        }
    })
    .await;
    assert_eq!(get(&client(&server.url("")), server.url("/")).await.unwrap().1, "ok");
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_tried_thrice_for_a_get_and_once_for_a_post() {
    let server = answering("", false).await;
    let error = get(&client(&server.url("")), server.url("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Disconnected { .. }), "{error}");
    assert_eq!(server.connections(), 3);

    let server = answering("", false).await;
    send(&client(&server.url("")), post(server.url("/"))).await.unwrap_err();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_and_not_an_end() {
    for reset in [false, true] {
        let server = answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", reset).await;
        let response = match send(&client(&server.url("")), request(server.url("/"))).await {
            Ok(response) => response,
            // A reset may overtake the head.
            Err(error) => {
                assert!(reset && matches!(error, EgressError::Disconnected { .. }), "{error}");
                continue;
            }
        };
        let error = response.into_body().collect().await.unwrap_err();
        assert!(matches!(error, EgressError::Disconnected { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_chunked_body_without_its_last_chunk_is_an_error() {
    let server = answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", false).await;
    let error = get(&client(&server.url("")), server.url("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Disconnected { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_invalid_and_not_tried_again() {
    let server = answering("SSH-2.0-OpenSSH_9.2\r\n\r\n", false).await;
    let error = get(&client(&server.url("")), server.url("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::InvalidResponse { .. }), "{error}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_switch_of_protocols_nobody_asked_for_is_invalid() {
    let server =
        answering("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", false).await;
    let error = get(&client(&server.url("")), server.url("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::InvalidResponse { .. }), "{error}");
}

#[tokio::test]
async fn an_overloaded_server_is_asked_again_only_where_it_says_when() {
    let busy = |retry_after: Option<&'static str>| {
        let left = AtomicUsize::new(2);
        Server::http(move |_| {
            if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
                return reply(200, "ok");
            }
            let mut response = reply(503, "busy");
            if let Some(value) = retry_after {
                response.headers_mut().insert("retry-after", value.parse().unwrap());
            }
            response
        })
    };
    for (retry_after, status, asked) in [(Some("0"), 200, 3), (Some("3600"), 503, 1), (None, 503, 1)] {
        let server = busy(retry_after).await;
        let answer = get(&client(&server.url("")), server.url("/")).await.unwrap();
        assert_eq!((answer.0.as_u16(), server.seen().len()), (status, asked), "{retry_after:?}");
    }
    let server = busy(Some("0")).await;
    assert_eq!(send(&client(&server.url("")), post(server.url("/"))).await.unwrap().status(), 503);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn any_status_is_an_answer() {
    let server = Server::http(|seen| reply(seen.uri.path()[1..].parse().unwrap(), "body")).await;
    let client = client(&server.url(""));
    for status in [200, 204, 304, 400, 404, 500, 599] {
        assert_eq!(get(&client, server.url(&format!("/{status}"))).await.unwrap().0.as_u16(), status);
    }
}
