//! `POST /api/ds/query`: every row of its tables, and everything a client can get wrong.

use crate::support::{Host, over_the_last_hour, query_request, request, send};
use axum::http::{HeaderValue, Method, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

/// A query of data source `uid` that does what `action` says.
fn query(ref_id: &str, uid: &str, action: &str) -> Value {
    json!({"refId": ref_id, "datasource": {"uid": uid, "type": "scripted"}, "do": action})
}

#[tokio::test]
async fn good_answers_are_grafanas_json() {
    let host = Host::start().await;
    let answer = host.query(json!([query("B", "two", "rows"), query("A", "one", "nothing")])).await;
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    insta::assert_snapshot!(answer.shown());
    let timing = answer.header("server-timing");
    for lap in ["parse;dur=", "plugins;dur=", "encode;dur="] {
        assert!(timing.contains(lap), "{timing}");
    }
    assert!(answer.header("traceresponse").starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
}

#[tokio::test]
async fn one_failed_query_makes_it_400_with_all_the_good_ones_there() {
    let host = Host::start().await;
    let asked = json!([
        query("A", "one", "rows"),
        query("B", "one", "fail"),
        query("C", "two", "crash"),
        query("D", "orphan", "rows")
    ]);
    insta::assert_snapshot!(host.query(asked).await.shown());
}

#[tokio::test]
async fn failures_that_are_answers_keep_their_status_in_the_result() {
    let host = Host::start().await;
    for (action, status) in [("timeout", 504), ("busy", 429), ("settings", 400), ("silent", 500), ("fail", 400)] {
        let answer = host.query(json!([query("A", "one", action)])).await;
        let result = &answer.json()["results"]["A"];
        assert_eq!((answer.status, &result["status"]), (StatusCode::BAD_REQUEST, &json!(status)), "{action}: {result}");
        assert!(result["error"].is_string() && result["errorSource"].is_string(), "{action}: {result}");
    }
}

#[tokio::test]
async fn the_table_of_whole_failures() {
    let host = Host::start().await;
    let mut shown = Vec::new();
    for (case, queries) in [
        ("no queries", json!([])),
        ("no data source", json!([{"refId": "A"}])),
        ("data source missing", json!([query("A", "one", "rows"), query("B", "nope", "rows")])),
        ("data source of another org", json!([query("A", "other", "rows")])),
        ("plugin not installed", json!([query("A", "orphan", "rows")])),
        ("plugin not there", json!([query("A", "one", "unavailable")])),
        ("method missing", json!([query("A", "one", "unimplemented")])),
        ("plugin failed", json!([query("A", "one", "crash")])),
        ("refId twice", json!([query("A", "one", "rows"), query("A", "two", "rows")])),
        ("refId no string", json!([{"refId": 5, "datasource": {"uid": "one"}}])),
        ("refId an object", json!([{"refId": {"a": 1}, "datasource": {"uid": "one"}}])),
        ("query no object", json!(["up"])),
        ("interval out of range", json!([{"datasource": {"uid": "one"}, "intervalMs": -5}])),
        ("expression", json!([query("A", "__expr__", "rows")])),
    ] {
        shown.push(format!("# {case}\n{}\n", host.query(queries).await.shown()));
    }
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let host = Host::start().await;
    let mut shown = Vec::new();
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"queries\": 5}",
        "{\"queries\": [{}]}",
        "{\"from\":\"now\",\"queries\":[{}]}",
        "{\"from\":\"soon\",\"to\":\"now\",\"queries\":[{}]}",
        "{\"from\":2,\"to\":1,\"queries\":[{}]}",
        "{\"from\":\"1\",\"to\":\"2\",\"queries\":[{}],\"queries\":[]}",
    ] {
        shown.push(format!("# {body}\n{}\n", host.post_query(body).await.shown()));
    }
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test]
async fn json_that_nests_deep_is_refused_wherever_it_nests() {
    let host = Host::start().await;
    let ladder = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for body in [
        ladder.clone(),
        format!("{{\"from\":\"now-1h\",\"to\":\"now\",\"queries\":{ladder}}}"),
        format!("{{\"from\":\"now-1h\",\"to\":\"now\",\"queries\":[{{\"datasource\":\"one\",\"x\":{ladder}}}]}}"),
        format!("{{\"from\":{ladder},\"to\":\"now\",\"queries\":[{{}}]}}"),
    ] {
        assert_eq!(host.post_query(body).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(host.query(json!([query("A", "one", "rows")])).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_does_not_say_it_is_json_is_refused() {
    let host = Host::start().await;
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let mut request = query_request(over_the_last_hour(&json!([query("A", "one", "rows")])));
        request.headers_mut().remove("content-type");
        if let Some(content_type) = content_type {
            request.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
        }
        let answer = host.send(request).await;
        assert_eq!((answer.status, &answer.json()["message"]), (StatusCode::BAD_REQUEST, &json!("bad request data")));
    }
}

#[tokio::test]
async fn the_legacy_id_and_the_bare_uid_name_a_data_source_too() {
    let host = Host::start().await;
    let asked = json!([
        {"refId": "A", "datasourceId": 2, "do": "context"},
        {"refId": "B", "datasource": "two", "do": "context"},
    ]);
    let json = host.query(asked).await.json();
    for ref_id in ["A", "B"] {
        assert_eq!(json["results"][ref_id]["frames"][0]["data"]["values"][0][1], "uid two", "{json}");
    }
}

#[tokio::test]
async fn the_plugin_sees_org_trace_range_and_the_forwarded_headers_and_no_credentials() {
    let host = Host::start().await;
    let body = json!({"from": "1000", "to": 2000, "queries": [query("A", "one", "context")]}).to_string();
    let mut request = query_request(body);
    for (name, value) in [("x-dashboard-uid", "d1"), ("authorization", "Bearer t"), ("cookie", "a=b"), ("x-other", "1")]
    {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let json = host.send(request).await.json();
    let seen = &json["results"]["A"]["frames"][0]["data"]["values"][0];
    assert_eq!(
        seen,
        &json!([
            "org 1",
            "uid one",
            "traceparent 4bf92f3577b34da6a3ce929d0e0e4736",
            "headers [(\"x-dashboard-uid\", \"d1\")]",
            "secrets Some(\"hunter2!\")",
            "range 1000..2000"
        ])
    );
}

#[tokio::test]
async fn the_org_header_chooses_the_org_and_a_faulty_one_is_refused() {
    let host = Host::start().await;
    let ask = |org: &'static str| {
        let mut request = query_request(over_the_last_hour(&json!([query("A", "other", "context")])));
        request.headers_mut().insert("x-grafana-org-id", HeaderValue::from_static(org));
        send(host.address, request)
    };
    assert_eq!(ask("2").await.unwrap().status, StatusCode::OK);
    assert_eq!(ask("3").await.unwrap().status, StatusCode::NOT_FOUND);
    for faulty in ["0", "-1", "x", ""] {
        assert_eq!(ask(faulty).await.unwrap().status, StatusCode::BAD_REQUEST, "{faulty}");
    }
}

#[tokio::test]
async fn a_querys_own_range_counts_with_x_query_v2() {
    let host = Host::start().await;
    let mut asked = query("A", "one", "context");
    asked["timeRange"] = json!({"from": "5000", "to": "6000"});
    let body = json!({"from": "1000", "to": "2000", "queries": [asked]}).to_string();
    let mut request = query_request(body);
    request.headers_mut().insert("x-query-v2", HeaderValue::from_static("true"));
    let json = host.send(request).await.json();
    assert_eq!(json["results"]["A"]["frames"][0]["data"]["values"][0][5], "range 5000..6000");
}

#[tokio::test]
async fn arrow_comes_as_one_stream_a_frame() {
    let host = Host::start().await;
    let mut request = query_request(over_the_last_hour(&json!([query("B", "two", "rows"), query("A", "one", "rows")])));
    request.headers_mut().insert("accept", HeaderValue::from_static(wellhead_server::ARROW_STREAM));
    let answer = host.send(request).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, wellhead_server::ARROW_STREAM));
    assert_eq!(arrow_streams(&answer.body), [("A".to_owned(), 2), ("B".to_owned(), 2)]);
}

#[tokio::test]
async fn arrow_of_a_failed_query_is_400_and_says_why_in_its_metadata() {
    let host = Host::start().await;
    let mut request = query_request(over_the_last_hour(&json!([query("A", "one", "rows"), query("B", "one", "fail")])));
    request.headers_mut().insert("accept", HeaderValue::from_static(wellhead_server::ARROW_STREAM));
    let answer = host.send(request).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(arrow_streams(&answer.body), [("A".to_owned(), 2), ("B failed: the upstream said no".to_owned(), 0)]);
    let mut request = query_request(over_the_last_hour(&json!([query("A", "nope", "rows")])));
    request.headers_mut().insert("accept", HeaderValue::from_static(wellhead_server::ARROW_STREAM));
    assert_eq!(host.send(request).await.json()["message"], "Data source not found", "a whole failure is JSON");
}

/// Ref-id (and error) and rows of each stream.
fn arrow_streams(bytes: &[u8]) -> Vec<(String, usize)> {
    let mut rest = std::io::Cursor::new(bytes);
    let mut streams = Vec::new();
    while (rest.position() as usize) < bytes.len() {
        let mut reader = arrow_ipc::reader::StreamReader::try_new(&mut rest, None).unwrap();
        let schema = reader.schema();
        let rows = reader.by_ref().map(|batch| batch.unwrap().num_rows()).sum();
        let metadata = schema.metadata();
        let failed = metadata.get("error").map_or(String::new(), |error| format!(" failed: {error}"));
        streams.push((format!("{}{failed}", metadata["refId"]), rows));
    }
    streams
}

#[tokio::test]
async fn a_panic_is_a_500_with_a_body_and_the_server_goes_on() {
    let host = Host::start().await;
    let answer = host.query(json!([query("A", "one", "panic")])).await;
    insta::assert_snapshot!(answer.shown());
    assert_eq!(host.query(json!([query("A", "one", "rows")])).await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_method_is_405_and_another_path_404() {
    let host = Host::start().await;
    let get = host.get("/api/ds/query").await;
    let post = host.send(request(Method::POST, "/api/ds/nothing").body(Full::default()).unwrap()).await;
    insta::assert_snapshot!(format!("{}\n{}", get.shown(), post.shown()));
}

#[tokio::test]
async fn a_large_result_is_written_off_the_io_threads_and_is_whole() {
    let host = Host::start().await;
    let mut asked = query("A", "one", "rows");
    asked["rows"] = json!(100_000);
    let json = host.query(json!([asked])).await.json();
    let values = &json["results"]["A"]["frames"][0]["data"]["values"];
    assert_eq!((values[0].as_array().unwrap().len(), &values[1][99_999]), (100_000, &json!(49_999.5)));
}
