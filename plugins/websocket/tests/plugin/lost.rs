//! Connections that are lost, in every way that there is.

use crate::support::{Source, notices, values};
use futures::future::{Either, join, join_all, select};
use serde_json::{Value, json};
use std::pin::pin;
use std::time::Duration;
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{DataSource, ErrorSource, task};

#[test]
fn a_server_that_is_killed_and_started_again_is_found_again_and_the_gap_told() {
    let mut source = Source::with(json!({"reconnectMax": "200ms"}));
    let plugin = &source.plugin;
    let server = &mut source.server;
    let frames = block_on(async {
        let context = wellhead_sdk::RequestContext::default();
        let request = crate::support::request("any", json!({"path": "/ticks?ms=5", "fields": [{"name": "n"}]}));
        let reading = wellhead_sdk::testing::collect_stream(
            |sender| wellhead_sdk::Streaming::run_stream(plugin, &context, request, sender),
            200,
        );
        let killing = async {
            task::sleep(Duration::from_millis(300)).await;
            server.kill().unwrap();
            task::sleep(Duration::from_millis(1_500)).await;
            server.restart().unwrap();
        };
        join(reading, killing).await.0.into_frames().unwrap()
    });
    let told = notices(&frames).join("\n");
    assert!(told.contains("what came in between is missing"), "{told}");
    assert!(told.contains("connecting again in"), "{told}");
    let begins = values(&frames, "n").iter().filter(|n| **n == 0).count();
    assert_eq!(begins, 2, "rows before the kill and after it, in one run");
}

#[test]
fn an_endpoint_that_hangs_up_is_called_again() {
    for code in [0, 1000, 1001, 1011, 1012] {
        let source = Source::with(json!({"reconnectMax": "100ms"}));
        let frames = block_on(source.frames(json!({"path": format!("/close?code={code}&reason=bye")}), 3));
        assert_eq!(values(&frames, "last")[..2], [1, 1], "{code}");
        let told = notices(&frames).join("\n");
        let expected = if code == 0 { "hung up without a word".to_owned() } else { format!("with code {code} (") };
        assert!(told.contains(&expected), "{told}");
        assert!(source.seen()["connections"].as_u64() >= Some(2));
    }
}

#[test]
fn a_code_that_says_no_fails_the_run_after_its_last_rows() {
    let source = Source::start();
    block_on(async {
        for code in [1008, 4001] {
            let query = json!({"path": format!("/close?code={code}&reason=bad%20token")});
            let collected = source.run("any", query, usize::MAX).await;
            assert_eq!(values(&collected.frames, "last"), [1]);
            let error = collected.end.unwrap().unwrap_err();
            assert_eq!(error.error_source(), ErrorSource::Downstream);
            let text = error.message();
            assert!(text.contains(&format!("code {code} (")) && text.ends_with(": bad token"), "{text}");
        }
    });
}

#[test]
fn an_endpoint_that_falls_silent_is_left_and_one_that_answers_pings_is_not() {
    let source = Source::with(json!({"pingInterval": "50ms", "idleTimeout": "300ms", "reconnectMax": "100ms"}));
    block_on(async {
        let frames = source.frames(json!({"path": "/quiet"}), 1);
        let waited = task::timeout(Duration::from_secs(1), frames).await;
        assert!(waited.is_err() && source.seen()["connections"] == 1, "{}", source.seen());
        let mute = source.frames(json!({"path": "/mute"}), 1);
        let left = source.until(|seen| seen["connections"].as_u64() >= Some(3));
        let frames = join(mute, left).await.0;
        assert!(notices(&frames).join("\n").contains("not even an answer to a ping"), "{:?}", notices(&frames));
    });
}

#[test]
fn a_message_that_is_too_long_is_told_with_the_setting_to_raise() {
    let source = Source::with(json!({"maxMessageBytes": 1000, "reconnectMax": "5s"}));
    block_on(async {
        let frames = source.frames(json!({"path": "/large?bytes=1000"}), 1).await;
        assert_eq!(values(&frames, "text")[0].as_str().map(str::len), Some(989));
        let told = notices(&source.frames(json!({"path": "/large?bytes=1001"}), 1).await);
        assert!(told[0].contains("raise jsonData.maxMessageBytes"), "{told:?}");
        source.until(|seen| seen["closed"].as_array().is_some_and(|codes| codes.contains(&Value::from(1009)))).await;
    });
}

#[test]
fn an_endpoint_that_does_not_hear_that_it_is_over_is_left_all_the_same() {
    let source = Source::start();
    block_on(async {
        source.frames(json!({"path": "/deaf"}), 2).await;
        task::timeout(Duration::from_secs(30), source.plugin.shutdown()).await.unwrap();
        source.until(|seen| seen["open"] == 0).await;
    });
}

#[test]
fn an_endpoint_that_sends_and_reads_nothing_is_not_written_to_without_end_and_left() {
    let source = Source::with(json!({"publish": true, "idleTimeout": "900ms", "pingInterval": "300ms"}));
    block_on(async {
        let running = source.frames(json!({"path": "/choked"}), usize::MAX);
        let publishing = async {
            source.until(|seen| seen["open"] == 1).await;
            let message = json!("x".repeat(60_000));
            let refused = loop {
                match task::timeout(Duration::from_secs(20), source.publish("any", message.clone())).await.unwrap() {
                    Ok(_) => {}
                    Err(error) => break error,
                }
            };
            assert!(refused.status() == 503, "{refused}");
            source.until(|seen| seen["connections"].as_u64() >= Some(2)).await;
        };
        match select(pin!(running), pin!(publishing)).await {
            Either::Left((frames, _)) => unreachable!("{frames:?}"),
            Either::Right(((), _)) => {}
        }
    });
}

#[test]
fn of_what_is_published_to_an_endpoint_that_reads_nothing_so_much_waits_and_the_rest_is_refused() {
    const ALL: usize = 800;
    let source = Source::with(json!({"publish": true, "idleTimeout": "1500ms", "pingInterval": "500ms"}));
    let results = block_on(async {
        let running = source.frames(json!({"path": "/choked"}), usize::MAX);
        let publishing = async {
            source.until(|seen| seen["open"] == 1).await;
            let message = json!("x".repeat(60_000));
            join_all((0..ALL).map(|_| source.publish("any", message.clone()))).await
        };
        match select(pin!(running), pin!(task::timeout(Duration::from_secs(60), publishing))).await {
            Either::Left((frames, _)) => unreachable!("{frames:?}"),
            Either::Right((published, _)) => published.unwrap(),
        }
    });
    let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert!(errors.iter().all(|error| error.status() == 503), "{errors:?}");
    let (refused, lost): (Vec<_>, Vec<_>) =
        errors.iter().partition(|error| error.message().contains("256 messages wait for it; publish again later"));
    // What waited is told when the connection is given up; what the sockets took between was sent.
    assert!(!refused.is_empty(), "{} were lost", lost.len());
    assert!(!lost.is_empty() && lost.len() <= 256, "{} waited, {} were refused", lost.len(), refused.len());
    assert!(lost.iter().all(|error| error.message().starts_with("there is no connection")), "{lost:?}");
}
