//! What a guest reaches through its imports: its data source's origin by `fetch`, its own log, metrics and cache.

use crate::common::{ask, metric, query, runtime, runtime_from, source};
use futures::future::join_all;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use wellhead_egress::{Egress, EgressLimits};
use wellhead_runtime::{Limits, PluginContext, Runtime};

/// A server that answers one request after the other with `body`.
fn server(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body.as_bytes());
        }
    });
    format!("http://{address}")
}

async fn told(runtime: &Runtime, own_url: &str, model: serde_json::Value) -> String {
    told_by("hostile", runtime, own_url, model).await
}

async fn told_by(plugin_id: &str, runtime: &Runtime, own_url: &str, model: serde_json::Value) -> String {
    let mut source = source(plugin_id, "imports", json!({}));
    source.url = own_url.into();
    let context = PluginContext::for_data_source(source);
    let answers = ask(runtime, context, [query("A", model)]).await.unwrap();
    answers[0].error.as_ref().unwrap().message.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_reaches_the_data_sources_own_origin_and_no_other() {
    let runtime = runtime(&["hostile"]).await;
    let (own, other) = (server("mine"), server("theirs"));
    let fetch = |url: &str| json!({ "misdeed": "fetch", "url": format!("{url}/x") });
    assert_eq!(told(&runtime, &own, fetch(&own)).await, "200 mine");
    let denied = told(&runtime, &own, fetch(&other)).await;
    assert!(denied.contains("Denied") && denied.contains("is not an origin of this data source"), "{denied}");
    let nonsense = told(&runtime, &own, json!({ "misdeed": "fetch", "url": "no url" })).await;
    assert!(nonsense.contains("invalid url"), "{nonsense}");
}

/// Nobody is answered before all are there: fewer at once would wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn as_many_requests_are_under_way_as_the_operator_allows_connections() {
    const AT_ONCE: usize = 100;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let asked = |stream: std::io::Result<TcpStream>| {
            let mut stream = stream.unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            stream
        };
        for mut stream in listener.incoming().take(AT_ONCE).map(asked).collect::<Vec<_>>() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").unwrap();
        }
    });
    let limits = EgressLimits { max_connections: AT_ONCE, ..EgressLimits::default() };
    let egress = Egress::builder().limits(limits).build().unwrap();
    let limits = Limits { replicas: 1, call_deadline: Duration::from_secs(20), ..Limits::default() };
    let runtime = runtime_from(Runtime::builder().egress(egress).limits(limits), &["hostile"]).await;
    let asked = (0..AT_ONCE).map(|_| told(&runtime, &own, json!({ "misdeed": "fetch", "url": own })));
    let told = join_all(asked).await;
    assert!(told.iter().all(|told| told == "200 ok"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extra_origin_needs_the_manifests_asking_and_the_operators_grant_and_stays_out_of_private_ranges() {
    let (own, other) = (server("mine"), server("theirs"));
    let origin = wellhead_egress::Origin::parse(&other).unwrap();
    let runtime = Runtime::builder()
        .grant_origin("asks-and-has", origin.clone())
        .grant_origin("has", origin)
        .guest_threads(1)
        .build()
        .unwrap();
    let wasm = std::fs::read(wellhead_test_support::guest("hostile")).unwrap();
    for (id, origins) in [("asks-and-has", json!([other])), ("has", json!([])), ("asks", json!([other]))] {
        let wellhead = json!({ "contract": "0.1.0", "capabilities": { "origins": origins } });
        let sidecar = json!({ "id": id, "name": id, "type": "datasource", "wellhead": wellhead }).to_string();
        runtime.load_bytes(id, &wasm, Some(sidecar.as_bytes())).await.unwrap();
    }
    let fetch = || json!({ "misdeed": "fetch", "url": format!("{other}/x") });
    for id in ["has", "asks"] {
        let denied = told_by(id, &runtime, &own, fetch()).await;
        assert!(denied.contains("is not an origin of this data source"), "{id}: {denied}");
    }
    let private = told_by("asks-and-has", &runtime, &own, fetch()).await;
    assert!(private.contains("its host is at 127.0.0.1, a loopback address"), "{private}");
}

#[tokio::test(flavor = "multi_thread")]
async fn log_metrics_and_cache_are_the_data_sources_own() {
    let runtime = runtime(&["hostile"]).await;
    let imports = || json!({ "misdeed": "imports" });
    assert_eq!(told(&runtime, "", imports()).await, "seen before: false, now: true");
    assert_eq!(told(&runtime, "", imports()).await, "seen before: true, now: true");
    let labels = r#"plugin="wellhead-hostile-datasource",org="1",datasource="imports""#;
    let calls = metric(&runtime, &format!("wellhead_guest_hostile_calls_total{{{labels}}}"));
    assert_eq!(calls, Some(2.0));
    assert_eq!(metric(&runtime, &format!("wellhead_guest_hostile_level{{{labels},kind=\"test\"}}")), Some(0.5));
    assert_eq!(metric(&runtime, &format!("wellhead_guest_hostile_wait_seconds_count{{{labels}}}")), Some(2.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_compile_cache_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let runtime = Runtime::builder().compile_cache(&cache).guest_threads(1).build().unwrap();
    drop(runtime);
    assert_eq!(std::fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
}
