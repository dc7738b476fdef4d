//! More messages than anybody looks at.

use crate::support::{Source, notices, request, values};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wellhead_sdk::testing::{block_on, collect_stream};
use wellhead_sdk::{Error, RequestContext, StreamSender, Streaming, task};

const BURST: usize = 50_000;

#[test]
fn a_burst_of_messages_comes_whole_and_in_order() {
    let source = Source::start();
    let begun = Instant::now();
    let query = json!({"path": format!("/burst?count={BURST}"), "filter": {"path": "value", "equals": 0.5}});
    let (all, mut first) = (json!({"path": query["path"]}), query);
    first["time"] = json!("none");
    let collected = block_on(source.run("any", all, usize::MAX));
    let took = begun.elapsed();
    eprintln!(
        "{BURST} messages in {} frames, {:.0} a second",
        collected.frames.len(),
        BURST as f64 / took.as_secs_f64()
    );
    assert!(collected.end.unwrap().unwrap_err().message().contains("all sent"));
    assert_eq!(values(&collected.frames, "n"), (0..BURST).map(Value::from).collect::<Vec<_>>());
    assert_eq!(notices(&collected.frames), Vec::<String>::new());
    // Of which others want one.
    assert_eq!(values(&block_on(source.run("any", first, usize::MAX)).frames, "n"), [0]);
}

#[test]
fn a_reader_who_is_too_slow_loses_the_oldest_rows_and_is_told_how_many() {
    let source = Source::start();
    let frames = block_on(async {
        let context = RequestContext::default();
        let slow = async |sender: StreamSender| {
            let request = request("any", json!({"path": "/burst?count=600000", "frameInterval": "60s"}));
            let running = source.plugin.run_stream(&context, request, sender);
            // Until all is sent, which fails the run, it has its first frame and no more.
            task::timeout(Duration::from_secs(120), running).await.unwrap_or_else(|_| Err(Error::plugin("too slow")))
        };
        collect_stream(slow, usize::MAX).await.frames
    });
    let told = notices(&frames).join("\n");
    assert!(told.contains("rows were dropped, the oldest first"), "{told}");
    let counts: Vec<u64> = values(&frames, "n").iter().filter_map(Value::as_u64).collect();
    assert!(counts.is_sorted() && counts.len() < 600_000 && counts.last() == Some(&599_999), "{}", counts.len());
}
