//! The places for connections are the data source's: an instance and the one that takes its place share them.

use super::server::Server;
use super::{data_source, told};
use crate::common::{eventually, runtime_with};
use serde_json::{Value, json};
use std::time::Duration;
use wellhead_runtime::Limits;

fn deed(name: &str, count: usize) -> Value {
    json!({ "deed": name, "endpoint": "server", "count": count })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_instance_waits_for_what_the_old_one_has_and_gets_it_when_that_ends() {
    let limits = Limits { connections: 4, ..Limits::default() };
    let (runtime, server) = (runtime_with(&["net"], limits).await, Server::silent().await);
    let mut source = data_source(&server.address);
    assert_eq!(told(&runtime, &source, deed("hold", 4)).await, "held 4");
    // Other settings: the old instance is on its way out while the new one asks.
    source.version = 2;
    assert_eq!(told(&runtime, &source, deed("hold", 4)).await, "held 4");
    let words = told(&runtime, &source, deed("connect", 0)).await;
    assert!(words.starts_with("Limit(") && words.contains("all 4 connections"), "{words}");
    assert!(!words.contains("other instances"), "they are all its own: {words}");
    eventually("the old ones are closed", || server.open() == 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_old_one_gives_nothing_back_in_time_the_new_one_is_told_why() {
    let limits = Limits { connections: 2, call_deadline: Duration::from_secs(60), ..Limits::default() };
    let (runtime, server) = (runtime_with(&["net"], limits).await, Server::silent().await);
    let mut source = data_source(&server.address);
    assert_eq!(told(&runtime, &source, deed("hold", 1)).await, "held 1");
    let old = source.clone();
    let waiting = told(&runtime, &old, deed("wait-for-ever", 0));
    let asked = async {
        eventually("it is connected", || server.open() == 2).await;
        source.version = 2;
        told(&runtime, &source, deed("connect", 0)).await
    };
    let words = tokio::select! {
        words = waiting => panic!("it did not wait: {words}"),
        words = asked => words,
    };
    for said in ["all 2 connections", "2 of them by other instances", "raise the limit `connections`"] {
        assert!(words.contains(said), "{said}: {words}");
    }
    // The call is dropped by now, and the old instance on its way out.
    eventually("the old ones are closed", || server.open() == 0).await;
    assert_eq!(told(&runtime, &source, deed("hold", 2)).await, "held 2");
}
