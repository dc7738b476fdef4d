//! Which channels there are, and what they show.

use crate::support::{Source, notices, request, values};
use serde_json::{Value, json};
use std::sync::Arc;
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{RequestContext, StreamAccess, Streaming};

async fn access(source: &Source, path: &str, data: Value) -> StreamAccess {
    let subscribed = source.plugin.subscribe_stream(&RequestContext::default(), request(path, data)).await;
    subscribed.unwrap().access()
}

#[test]
fn messages_of_a_named_channel_become_frames_under_one_schema() {
    let fields = json!([{"name": "time", "type": "time"}, {"name": "value"}, {"name": "count", "path": "n"}]);
    let source = Source::with(json!({"channels": {"fast/ticks": {"path": "/ticks?ms=2", "fields": fields}}}));
    block_on(async {
        assert_eq!(source.channel_of(json!({"channel": "fast/ticks"})).await.unwrap(), "ds/feed/fast/ticks");
        assert_eq!(access(&source, "fast/ticks", Value::Null).await, StreamAccess::Ok);
        let frames = source.run("fast/ticks", Value::Null, 5).await.into_frames().unwrap();
        let counts = values(&frames, "count");
        assert_eq!(counts, (0..counts.len()).map(Value::from).collect::<Vec<_>>());
        assert_eq!(values(&frames, "value")[..2], [json!(0.5), json!(1.5)]);
        assert!(values(&frames, "time")[0].as_u64().unwrap() > 1_700_000_000_000);
        assert!(
            frames
                .iter()
                .all(|frame| Arc::ptr_eq(frame.schema(), frames[0].schema()) || frame.schema() == frames[0].schema())
        );
    });
}

#[test]
fn a_query_without_a_name_has_a_channel_of_its_own_from_which_its_run_reads_it() {
    let source = Source::start();
    block_on(async {
        let channel =
            source.channel_of(json!({"refId": "A", "path": "/ticks", "fields": [{"name": "n"}]})).await.unwrap();
        let path = channel.strip_prefix("ds/feed/").unwrap();
        assert!(path.starts_with("q/") && path.len() <= 160, "{path}");
        assert_eq!(access(&source, path, Value::Null).await, StreamAccess::Ok);
        let frames = source.run(path, Value::Null, 2).await.into_frames().unwrap();
        assert_eq!(values(&frames, "n")[..2], [0, 1]);
    });
}

#[test]
fn a_channel_that_there_is_not_is_told_apart_from_one_that_is_asked_for_wrongly() {
    let channels = json!({"channels": {"a": {"path": "/ticks"}}});
    let mut only = channels.clone();
    only["namedChannelsOnly"] = json!(true);
    let (open, closed) = (Source::with(channels), Source::with(only));
    block_on(async {
        assert_eq!(access(&open, "b", Value::Null).await, StreamAccess::NotFound);
        assert_eq!(access(&open, "b", json!({"path": "/ticks"})).await, StreamAccess::Ok);
        assert_eq!(access(&closed, "a", json!({})).await, StreamAccess::Ok);
        assert_eq!(access(&closed, "b", json!({"path": "/ticks"})).await, StreamAccess::NotFound);
        assert_eq!(access(&closed, "q/e30", Value::Null).await, StreamAccess::NotFound);
        for (path, data, expected) in [
            ("a", json!({"path": "/ticks"}), "without data"),
            ("b", json!({"path": "../x"}), "below that of the url"),
            ("b", json!({"rows": "["}), "data.rows"),
            ("q/W", Value::Null, "base64url"),
        ] {
            let subscribed = open.plugin.subscribe_stream(&RequestContext::default(), request(path, data)).await;
            let error = subscribed.unwrap_err();
            assert!(error.status() == 400 && error.message().contains(expected), "{error}");
        }
        let error = open.channel_of(json!({"channel": "b"})).await.unwrap_err();
        assert!(error.status() == 404 && error.message().contains("there are a"), "{error}");
        let error = closed.channel_of(json!({"path": "/ticks"})).await.unwrap_err();
        assert!(error.message().contains("namedChannelsOnly"), "{error}");
        let long = open.channel_of(json!({"path": "/x".repeat(100)})).await.unwrap_err();
        assert!(long.message().contains("jsonData.channels"), "{long}");
    });
}

#[test]
fn rows_collect_where_frames_are_to_come_less_often() {
    let source = Source::start();
    block_on(async {
        let frames = source.frames(json!({"path": "/ticks?ms=2", "frameInterval": "200ms"}), 3).await;
        assert!(frames[1].num_rows() > 1 && frames[2].num_rows() > 1, "{frames:?}");
        let counts = values(&frames, "n");
        assert_eq!(counts, (0..counts.len()).map(Value::from).collect::<Vec<_>>());
    });
}

#[test]
fn what_is_no_message_is_counted_and_told_and_ends_nothing() {
    let source = Source::start();
    block_on(async {
        let frames = source.run("any", json!({"path": "/garbage"}), usize::MAX).await.frames;
        assert_eq!(values(&frames, "ok"), [1]);
        let told = notices(&frames).join("; ");
        for expected in [
            "messages are no JSON (the first: \"no json\")",
            "binary messages are no UTF-8",
            "rows have none of the fields",
        ] {
            assert!(told.contains(expected), "{told}");
        }
    });
}

#[test]
fn secrets_are_said_where_the_settings_ask_for_them_and_never_where_a_client_does() {
    let on_connect = json!({"auth": "${secret.token}"});
    let source = Source::with(json!({
        "onConnect": "LOGIN ${secret.token}",
        "channels": {"named": {"path": "/echo?1", "onConnect": on_connect}}
    }));
    block_on(async {
        source.run("named", Value::Null, 1).await.into_frames().unwrap();
        source.frames(json!({"path": "/echo?2", "onConnect": on_connect}), 1).await;
    });
    let said = source.seen()["said"].clone();
    let expected = json!(["LOGIN s3cret", r#"{"auth":"s3cret"}"#, "LOGIN s3cret", r#"{"auth":"${secret.token}"}"#]);
    assert_eq!(said, expected);
}
