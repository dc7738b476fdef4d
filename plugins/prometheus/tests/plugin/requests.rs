//! What the plugin asks of a server, and what it makes of answers that are none.

use super::support::{Answered, ask, frames, server, source, success, try_source};
use serde_json::{Value, json};
use wellhead_sdk::ErrorSource::{self, Downstream, Plugin};
use wellhead_sdk::http::HttpError;
use wellhead_sdk::testing;

fn empty_matrix() -> Answered {
    success(json!({ "resultType": "matrix", "result": [] }))
}

/// Status, source and message of the failure when a range query is answered so.
fn failure(answered: Answered) -> (u16, ErrorSource, String) {
    server(move |_| answered.clone());
    let result = ask(&source(json!({})), json!({ "expr": "up" }), 0, 60).unwrap();
    let error = result.error.as_ref().unwrap();
    let executed = frames(&result)[0]["schema"]["meta"]["executedQueryString"].clone();
    assert_eq!(executed, "Expr: up\nStep: 15s", "the inspector shows what failed");
    (error.status(), error.error_source(), error.message().to_owned())
}

#[test]
fn a_range_query_is_a_form_with_aligned_ends() {
    let seen = server(|_| empty_matrix());
    let model = json!({ "expr": "rate(a[$__rate_interval]) + 1", "interval": "20s" });
    ask(&source(json!({ "queryTimeout": "2m", "queryStatsEnabled": true })), model, 1_700_000_007, 1_700_000_067)
        .unwrap();
    let seen = seen.borrow();
    assert_eq!(seen[0].request, "POST http://prom/api/v1/query_range");
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let expected = [
        pair("query", "rate(a[1m20s]) + 1"),
        pair("start", "1700000000"),
        pair("end", "1700000060"),
        pair("step", "20"),
        pair("timeout", "120"),
        pair("stats", "all"),
    ];
    assert_eq!(seen[0].parameters, expected);
}

#[test]
fn an_instant_query_asks_for_the_end_as_it_is() {
    let seen = server(|_| success(json!({ "resultType": "vector", "result": [] })));
    ask(&source(json!({ "httpMethod": "GET" })), json!({ "expr": "up", "instant": true }), 0, 67).unwrap();
    assert_eq!(seen.borrow()[0].request, "GET http://prom/api/v1/query");
    assert_eq!(seen.borrow()[0].parameter("time"), Some("67"));
}

#[test]
fn custom_parameters_go_with_every_request() {
    let seen = server(|_| empty_matrix());
    let source = source(json!({ "customQueryParameters": "max_source_resolution=5m&a=b+c" }));
    ask(&source, json!({ "expr": "up", "exemplar": true }), 0, 60).unwrap();
    assert_eq!(seen.borrow().len(), 2);
    for seen in seen.borrow().iter() {
        assert_eq!((seen.parameter("max_source_resolution"), seen.parameter("a")), (Some("5m"), Some("b c")));
    }
}

#[test]
fn a_server_that_refuses_post_is_asked_by_get_from_then_on() {
    let seen = server(|asked| if asked.request.starts_with("POST") { (405, Vec::new()) } else { empty_matrix() });
    let source = source(json!({}));
    for _ in 0..2 {
        assert!(ask(&source, json!({ "expr": "up" }), 0, 60).unwrap().error.is_none());
    }
    let methods: Vec<String> =
        seen.borrow().iter().map(|seen| seen.request.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["POST", "GET", "GET"]);
    assert_eq!(seen.borrow()[1].parameter("query"), Some("up"));
}

#[test]
fn a_refusal_keeps_prometheus_words_and_status() {
    let refusal = |status: u16, kind: &str| {
        (status, json!({ "status": "error", "errorType": kind, "error": "because" }).to_string().into_bytes())
    };
    assert_eq!(failure(refusal(400, "bad_data")), (400, Downstream, "bad_data: because".to_owned()));
    assert_eq!(failure(refusal(422, "execution")), (422, Downstream, "execution: because".to_owned()));
    assert_eq!(failure(refusal(503, "timeout")), (504, Downstream, "timeout: because".to_owned()));
    assert_eq!(failure(refusal(503, "unavailable")), (503, Downstream, "unavailable: because".to_owned()));
    assert_eq!(failure(refusal(413, "too_large")), (413, Plugin, "too_large: because".to_owned()));
    assert_eq!(failure(refusal(200, "odd")), (502, Downstream, "odd: because".to_owned()));
}

#[test]
fn an_answer_that_is_none_names_status_and_first_bytes() {
    let (status, source, message) = failure((200, b"<!doctype html>\n<title>Sign in</title>".to_vec()));
    assert_eq!((status, source), (502, Downstream));
    for part in
        ["api/v1/query_range", "200 OK", "not an answer of the Prometheus API", "<!doctype html> <title>Sign in"]
    {
        assert!(message.contains(part), "{message}");
    }
    let (status, source, message) = failure((401, b"<html>Unauthorized</html>".to_vec()));
    assert_eq!((status, source), (401, Downstream));
    assert!(message.contains("401 Unauthorized: \"<html>"), "{message}");
    assert_eq!(failure((500, Vec::new())).2, "api/v1/query_range: the server answered 500 Internal Server Error");
    let (_, _, message) = failure((200, [b"{\"status\":\"succ".as_slice(), &[0xff; 5_000]].concat()));
    assert!(message.len() < 2_000, "the quote is bounded: {}", message.len());
    let truncated =
        br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1,"2"#;
    assert!(failure((200, truncated.to_vec())).2.contains("EOF while parsing"));
}

#[test]
fn an_answer_beyond_the_limit_says_so() {
    let (status, source, message) = failure((200, vec![b' '; 100 << 20]));
    assert_eq!((status, source), (502, Downstream));
    assert!(message.contains("too large") && message.contains("67108864"), "{message}");
}

#[test]
fn a_server_that_cannot_be_reached_is_downstreams_fault() {
    let unreachable = |error: fn(String) -> HttpError| {
        testing::answer_http(move |_| Err(error("prom:80".to_owned())));
        let result = ask(&source(json!({})), json!({ "expr": "up" }), 0, 60).unwrap();
        let error = result.error.as_ref().unwrap();
        (error.status(), error.error_source(), error.message().to_owned())
    };
    let (status, source, message) = unreachable(HttpError::Refused);
    assert_eq!((status, source), (502, Downstream));
    assert!(message.contains("http://prom/api/v1/query_range: connection refused"), "{message}");
    assert_eq!(unreachable(HttpError::Timeout).0, 504);
}

#[test]
fn what_one_part_of_a_query_lacks_does_not_take_the_others_away() {
    let refused = || (422, br#"{"status":"error","errorType":"execution","error":"no"}"#.to_vec());
    server(move |asked| match asked.request.rsplit('/').next().unwrap() {
        "query" => success(json!({ "resultType": "scalar", "result": [60, "7"] })),
        _ => refused(),
    });
    let model = json!({ "expr": "7", "instant": true, "range": true, "exemplar": true });
    let result = ask(&source(json!({})), model, 0, 60).unwrap();
    assert_eq!(result.error.as_ref().unwrap().message(), "execution: no");
    assert_eq!(frames(&result)[0]["data"]["values"][1], json!([7]));
}

#[test]
fn exemplars_that_cannot_be_had_are_no_error() {
    server(|asked| match asked.request.rsplit('/').next().unwrap() {
        "query_range" => empty_matrix(),
        _ => (404, b"404 page not found".to_vec()),
    });
    let result = ask(&source(json!({})), json!({ "expr": "up", "exemplar": true }), 0, 60).unwrap();
    assert!(result.error.is_none());
}

#[test]
fn settings_and_queries_that_are_wrong_are_errors_of_the_asker() {
    let error = try_source("", json!({})).unwrap_err();
    assert!(error.message().contains("no URL"), "{error}");
    let error = try_source("http://prom", json!({ "httpMethod": 7 })).unwrap_err();
    assert!(error.message().starts_with("jsonData.httpMethod"), "{error}");
    let error = ask(&source(json!({})), json!({ "expr": "up", "interval": "soon" }), 0, 60).unwrap_err();
    assert_eq!((error.status(), error.error_source()), (400, Plugin));
    assert!(error.message().starts_with("query.interval: \"soon\" is not a duration"), "{error}");
}

/// Answers a range query with the value `t` at every step, as Prometheus would, and refuses too many points.
fn clock(asked: &super::support::Seen) -> Answered {
    let number = |key: &str| asked.parameter(key).unwrap().parse::<f64>().unwrap();
    let (start, end, step) = (number("start"), number("end"), number("step"));
    let points = ((end - start) / step).floor() as usize;
    assert!(points <= 11_000);
    let values: Vec<Value> = (0..=points).map(|n| start + n as f64 * step).map(|t| json!([t, t.to_string()])).collect();
    let half = format!("h{}", (start / 3_600.0).floor() as i64 % 2);
    success(json!({ "resultType": "matrix", "result": [
        { "metric": { "series": "always" }, "values": values },
        { "metric": { "series": half }, "values": values },
    ]}))
}

#[test]
fn a_split_range_gives_what_the_whole_would() {
    let model = json!({ "expr": "time()", "interval": "15s" });
    let times = |settings: Value| {
        let seen = server(clock);
        let result = ask(&source(settings), model.clone(), 1_700_000_000, 1_700_000_000 + 5 * 3_600).unwrap();
        assert!(result.error.is_none());
        let frames = frames(&result);
        (frames[0]["data"]["values"].clone(), seen.borrow().len(), frames.as_array().unwrap().len())
    };
    let (whole, requests, _) = times(json!({}));
    assert_eq!(requests, 1);
    let (split, requests, series) = times(json!({ "splitDuration": "1h", "splitConcurrency": 3 }));
    assert_eq!(requests, 6);
    assert_eq!(split, whole);
    assert_eq!(series, 3, "a series that is in some parts only is one frame");
}

#[test]
fn a_part_that_fails_fails_the_whole() {
    server(|asked| match asked.parameter("start") {
        Some("3600") => (422, br#"{"status":"error","errorType":"execution","error":"no"}"#.to_vec()),
        _ => clock(asked),
    });
    let model = json!({ "expr": "time()", "interval": "15s" });
    let result = ask(&source(json!({ "splitDuration": "1h" })), model, 0, 4 * 3_600).unwrap();
    assert_eq!(result.error.as_ref().unwrap().message(), "execution: no");
}
