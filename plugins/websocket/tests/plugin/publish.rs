//! What clients publish.

use crate::support::{Source, values};
use futures::future::join;
use serde_json::{Value, json};
use wellhead_sdk::StreamAccess;
use wellhead_sdk::testing::block_on;

#[test]
fn what_is_published_goes_out_where_the_settings_allow_it_and_nowhere_else() {
    let echo = json!({"path": "/echo", "time": "none", "publish": true});
    let source = Source::with(json!({"channels": {"open": echo, "shut": {"path": "/echo"}}}));
    block_on(async {
        for (path, data) in [("shut", json!({"a": 1})), ("any", json!({"publish": true})), ("q/e30", json!(1))] {
            let published = source.publish(path, data).await.unwrap();
            assert_eq!(published.access(), StreamAccess::PermissionDenied, "{path}");
        }
        let error = source.publish("open", json!({"a": 1})).await.unwrap_err();
        assert!(error.status() == 503 && error.message().contains("nobody is subscribed"), "{error}");
        for (connections, data) in [(1, json!({"a": 1})), (2, json!(r#"{"a":2}"#))] {
            let publishing = async {
                source.until(|seen| seen["connections"] == connections && seen["open"] == 1).await;
                source.publish("open", data).await.unwrap()
            };
            let (collected, published) = join(source.run("open", Value::Null, 1), publishing).await;
            assert_eq!(published.access(), StreamAccess::Ok);
            assert_eq!(values(&collected.into_frames().unwrap(), "a"), [connections]);
        }
    });
    assert_eq!(source.seen()["said"], json!([r#"{"a":1}"#, r#"{"a":2}"#]));
}

#[test]
fn a_channel_without_a_connection_takes_nothing() {
    let source = Source::with(json!({"publish": true, "connectTimeout": "10s"}));
    block_on(async {
        let running = source.frames(json!({"path": "/stall"}), 1);
        let publishing = source.publish("any", json!("hello"));
        let error = match futures::future::select(Box::pin(running), Box::pin(publishing)).await {
            futures::future::Either::Right((published, _)) => published.unwrap_err(),
            futures::future::Either::Left((frames, _)) => unreachable!("{frames:?}"),
        };
        assert!(error.status() == 503 && error.message().starts_with("there is no connection"), "{error}");
    });
}
