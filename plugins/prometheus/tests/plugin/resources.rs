//! Metadata for editors, and the health check.

use std::time::Duration;

use super::support::{Answered, server, source, success};
use serde_json::json;
use wellhead_sdk::http::{HeaderMap, HttpError, Method, StatusCode};
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{DataSource, Error, Health, HealthStatus, RequestContext, ResourceRequest, Resources, testing};

/// Status and body of a resource call.
fn call(
    source: &prometheus::Prometheus,
    method: Method,
    path: &str,
    query: &str,
    body: &str,
) -> Result<(StatusCode, String), Error> {
    let request = ResourceRequest {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: HeaderMap::new(),
        body: body.to_owned().into(),
    };
    block_on(async {
        let response = source.call_resource(&RequestContext::default(), request).await?;
        let body = response.body.collect(1 << 20).await?;
        Ok((response.status, String::from_utf8(body).unwrap()))
    })
}

fn get(source: &prometheus::Prometheus, path: &str, query: &str) -> Result<(StatusCode, String), Error> {
    call(source, Method::GET, path, query, "")
}

fn labels() -> Answered {
    success(json!(["__name__", "job"]))
}

#[test]
fn the_servers_answer_is_passed_on_as_it_is() {
    let seen = server(|asked| match asked.request.as_str() {
        "GET http://prom/api/v1/targets" => success(json!({ "activeTargets": [] })),
        _ => (400, br#"{"status":"error","errorType":"bad_data","error":"bad matcher"}"#.to_vec()),
    });
    let source = source(json!({}));
    let (status, body) = get(&source, "api/v1/targets", "state=active").unwrap();
    assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"status":"success","data":{"activeTargets":[]}}"#));
    assert_eq!(seen.borrow()[0].parameter("state"), Some("active"));
    let (status, body) = get(&source, "api/v1/label/job/values", "match[]=%7B").unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("bad matcher"));
}

#[test]
fn parameters_of_query_and_form_both_reach_the_server() {
    let seen = server(|_| labels());
    let body = "match[]=up%7Bjob%3D%22a+b%22%7D&match[]=x&limit=7";
    call(&source(json!({})), Method::POST, "api/v1/series", "start=120&end=180", body).unwrap();
    let seen = seen.borrow();
    assert_eq!(seen[0].request, "POST http://prom/api/v1/series");
    let matchers: Vec<&str> =
        seen[0].parameters.iter().filter(|(key, _)| key == "match[]").map(|(_, v)| v.as_str()).collect();
    assert_eq!(matchers, ["up{job=\"a b\"}", "x"]);
    assert_eq!((seen[0].parameter("start"), seen[0].parameter("limit")), (Some("120"), Some("7")));
}

#[test]
fn metadata_is_asked_for_once_a_period() {
    let seen = server(|_| labels());
    let source = source(json!({}));
    for query in ["start=1700000041.5&end=1700000099", "start=1700000045&end=1700000100"] {
        assert_eq!(get(&source, "api/v1/labels", query).unwrap().0, StatusCode::OK);
    }
    assert_eq!(seen.borrow().len(), 1, "both are within the same minute");
    assert_eq!(
        (seen.borrow()[0].parameter("start"), seen.borrow()[0].parameter("end")),
        (Some("1700000040"), Some("1700000100"))
    );
    get(&source, "api/v1/labels", "start=1700000100&end=1700000160").unwrap();
    get(&source, "api/v1/label/job/values", "start=1700000041&end=1700000099").unwrap();
    assert_eq!(seen.borrow().len(), 3);
}

#[test]
fn what_changes_by_the_second_is_not_kept() {
    let seen = server(|_| success(json!([])));
    let source = source(json!({}));
    for path in ["api/v1/targets", "api/v1/rules", "api/v1/query"] {
        for _ in 0..2 {
            get(&source, path, "").unwrap();
        }
    }
    assert_eq!(seen.borrow().len(), 6);
}

#[test]
fn failures_are_not_kept_and_caching_can_be_turned_off() {
    let seen = server(|_| (503, b"busy".to_vec()));
    let (cached, uncached) = (source(json!({})), source(json!({ "cacheLevel": "None" })));
    for _ in 0..2 {
        assert_eq!(get(&cached, "api/v1/labels", "").unwrap(), (StatusCode::SERVICE_UNAVAILABLE, "busy".to_owned()));
    }
    assert_eq!(seen.borrow().len(), 2);
    let seen = server(|_| labels());
    for _ in 0..2 {
        get(&uncached, "api/v1/metadata", "").unwrap();
    }
    assert_eq!(seen.borrow().len(), 2);
}

#[test]
fn other_places_and_methods_are_refused_without_asking() {
    let seen = server(|_| labels());
    let source = source(json!({}));
    for path in ["-/quit", "api/v1/admin/tsdb/snapshot", ""] {
        let error = get(&source, path, "").unwrap_err();
        assert_eq!(error.status(), 404);
        assert!(error.message().contains("label/NAME/values"), "{error}");
    }
    assert_eq!(call(&source, Method::DELETE, "api/v1/series", "", "").unwrap_err().status(), 405);
    assert!(seen.borrow().is_empty());
}

fn health(json_data: serde_json::Value) -> Health {
    block_on(source(json_data).check_health(&RequestContext::new(1, Duration::from_secs(5)))).unwrap()
}

#[test]
fn a_prometheus_is_healthy_and_says_which() {
    let seen = server(|asked| match asked.request.rsplit('/').next().unwrap() {
        "query" => success(json!({ "resultType": "scalar", "result": [4, "2"] })),
        _ => success(json!({ "version": "2.42.0", "goVersion": "go1.19" })),
    });
    let health = health(json!({}));
    assert_eq!(
        (health.status, health.message.as_str()),
        (HealthStatus::Ok, "Successfully queried the Prometheus API.")
    );
    let details = json!({ "application": "Prometheus", "version": "2.42.0", "features": { "rulerApiEnabled": false } });
    assert_eq!(health.details, Some(details));
    assert_eq!(seen.borrow()[0].parameter("query"), Some("1+1"));
}

#[test]
fn a_server_without_build_information_is_healthy_too() {
    server(|asked| match asked.request.rsplit('/').next().unwrap() {
        "query" => success(json!({ "resultType": "scalar", "result": [4, "2"] })),
        _ => (404, b"not here".to_vec()),
    });
    assert_eq!(health(json!({})).status, HealthStatus::Ok);
}

#[test]
fn a_check_that_fails_says_what_to_do() {
    let cases: [(Answered, &str, &str); 3] = [
        ((401, Vec::new()), "401 Unauthorized", "Check the credentials"),
        ((404, b"404 page not found".to_vec()), "404 Not Found", "ends before /api/v1"),
        ((200, b"<html>".to_vec()), "\"<html>\"", "is a Prometheus"),
    ];
    for (answered, what, advice) in cases {
        server(move |_| answered.clone());
        let health = health(json!({}));
        assert_eq!(health.status, HealthStatus::Error);
        for part in [what, advice, "There was an error returned querying the Prometheus API."] {
            assert!(health.message.contains(part), "{}", health.message);
        }
    }
    testing::answer_http(|_| Err(HttpError::Refused("prom:80".to_owned())));
    let message = health(json!({})).message;
    assert!(message.contains("connection refused") && message.contains("Check the URL"), "{message}");
}
