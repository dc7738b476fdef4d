//! What the host counts of connections.

use super::server::Server;
use super::{data_source, told};
use crate::common::{eventually, metric, runtime};
use serde_json::{Value, json};
use wellhead_runtime::Runtime;

/// A series of the data source that these tests have.
fn counted(runtime: &Runtime, name: &str, outcome: &str) -> Option<f64> {
    let outcome = if outcome.is_empty() { String::new() } else { format!(",outcome=\"{outcome}\"") };
    metric(runtime, &format!("{name}{{plugin=\"wellhead-net-datasource\",org=\"1\",uid=\"net\"{outcome}}}"))
}

fn deed(name: &str, count: usize) -> Value {
    json!({ "deed": name, "endpoint": "server", "text": "0123456789", "count": count })
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_and_their_bytes_are_counted_by_data_source() {
    let (runtime, server) = (runtime(&["net"]).await, Server::echo().await);
    let source = data_source(&server.address);
    assert_eq!(told(&runtime, &source, deed("echo", 100)).await, "1000 bytes came back");
    assert_eq!(counted(&runtime, "wellhead_plugin_connection_written_bytes_total", ""), Some(1_000.0));
    assert_eq!(counted(&runtime, "wellhead_plugin_connection_read_bytes_total", ""), Some(1_000.0));
    eventually("it is closed", || counted(&runtime, "wellhead_plugin_connections", "") == Some(0.0)).await;

    let words = told(&runtime, &source, deed("hold", 40)).await;
    assert!(words.starts_with("held 32, then Limit("), "{words}");
    assert_eq!(counted(&runtime, "wellhead_plugin_connections", ""), Some(32.0));
    told(&runtime, &source, deed("let-go", 0)).await;
    eventually("they are closed", || counted(&runtime, "wellhead_plugin_connections", "") == Some(0.0)).await;

    told(&runtime, &source, json!({ "deed": "connect", "endpoint": "elsewhere:1" })).await;
    for (outcome, count) in [("ok", 33.0), ("limit", 1.0), ("denied", 1.0)] {
        assert_eq!(counted(&runtime, "wellhead_plugin_connects_total", outcome), Some(count), "{outcome}");
    }
    runtime.forget_data_source(1, "net");
    assert_eq!(counted(&runtime, "wellhead_plugin_connections", ""), None);
}
