//! Guests that use connections as nobody should: each is told so, or loses its own, and nothing is left over.

use super::server::Server;
use super::{data_source, told};
use crate::common::{eventually, runtime, runtime_with};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wellhead_runtime::Limits;

fn deed(name: &str) -> Value {
    json!({ "deed": name, "endpoint": "server" })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_asked_now_is_refused_in_words() {
    let (runtime, server) = (runtime(&["net"]).await, Server::silent().await);
    let source = data_source(&server.address);
    for (name, said) in [
        ("two-reads", "a read, or an upgrade to TLS, is under way"),
        ("tls-under-read", "needs a connection on which no read and no write is under way"),
        ("read-nothing", "a read of no bytes"),
        ("write-too-much", "limit \"bytes of a write\" exceeded: 1048577 asked, 1048576 allowed"),
        ("write-after-finish", "this side of the connection is closed"),
    ] {
        let words = told(&runtime, &source, deed(name)).await;
        assert!(words.contains(said.trim_matches('"')) || words.replace('\\', "").contains(said), "{name}: {words}");
    }
    eventually("what they opened is closed", || server.open() == 0).await;
    let deaf = Server::new(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let mut source = data_source(&deaf.await.address);
    source.version = 2;
    let words = told(&runtime, &source, deed("two-writes")).await;
    assert!(words.contains("a write, or an upgrade to TLS, is under way"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_hands_out_no_more_than_a_piece() {
    let (runtime, server) = (runtime(&["net"]).await, Server::pouring(4 << 20).await);
    let words = told(&runtime, &data_source(&server.address), deed("read-everything")).await;
    let bytes: usize = words.strip_suffix(" bytes").unwrap().parse().unwrap();
    assert!((1..=1 << 20).contains(&bytes), "{bytes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_limited_and_those_given_back_can_be_had_again() {
    let (runtime, server) = (runtime(&["net"]).await, Server::silent().await);
    let source = data_source(&server.address);
    let connects = json!({ "deed": "connects", "endpoint": "server", "count": 40 });
    for _ in 0..2 {
        assert_eq!(told(&runtime, &source, connects.clone()).await, "32 open, 8 refused");
        eventually("they are closed", || server.open() == 0).await;
    }
    let hold = json!({ "deed": "hold", "endpoint": "server", "count": 40 });
    let words = told(&runtime, &source, hold).await;
    assert!(
        words.starts_with("held 32, then Limit(")
            && words.contains("all 32 connections that this data source may have"),
        "{words}"
    );
    assert_eq!(told(&runtime, &source, deed("let-go")).await, "let go of 32");
    eventually("they are closed", || server.open() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_forgets_ends_with_its_instance() {
    let (runtime, server) = (runtime(&["net"]).await, Server::pouring(1 << 30).await);
    let mut source = data_source(&server.address);
    for (version, name, said) in [(1, "forgotten", "forgot 32"), (2, "never-read", "read nothing of 32")] {
        source.version = version;
        assert_eq!(told(&runtime, &source, deed(name)).await, said);
        assert!(told(&runtime, &source, deed("connect")).await.starts_with("Limit("));
    }
    // Other settings, another instance: the old one takes its connections with it.
    source.version = 3;
    assert_eq!(told(&runtime, &source, deed("connect")).await, "connected");
    eventually("all are closed", || server.open() == 0).await;
    assert_eq!(told(&runtime, &source, deed("forgotten")).await, "forgot 32");
    drop(runtime);
    eventually("all are closed", || server.open() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_costs_the_call_and_not_the_instance() {
    let limits = Limits { call_deadline: Duration::from_secs(1), ..Limits::default() };
    let (runtime, server) = (runtime_with(&["net"], limits).await, Server::silent().await);
    let source = data_source(&server.address);
    // Compiling the guest may take longer than a call may.
    for _ in 0..60 {
        if told(&runtime, &source, deed("connect")).await == "connected" {
            break;
        }
    }
    let words = told(&runtime, &source, deed("wait-for-ever")).await;
    assert!(words.contains("did not answer within 1s"), "{words}");
    eventually("its connection is closed", || server.open() == 0).await;
    assert_eq!(told(&runtime, &source, deed("connect")).await, "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_a_reset_is_read_and_then_the_reset_is_told() {
    let resetting = Server::new(|mut stream| async move {
        let _ = stream.write_all(&[b'x'; 100]).await;
        // Closing with something unread is what makes it a reset.
        let _ = stream.read_u8().await;
    });
    let (runtime, server) = (runtime(&["net"]).await, resetting.await);
    let deed = json!({ "deed": "read-to-error", "endpoint": "server", "text": "unread" });
    let words = told(&runtime, &data_source(&server.address), deed).await;
    assert!(
        words.starts_with("100 bytes, then NetError::Closed(") && words.contains("the connection was lost: "),
        "{words}"
    );
    assert!(words.contains(", then Err(NetError::Closed("), "{words}");
}
