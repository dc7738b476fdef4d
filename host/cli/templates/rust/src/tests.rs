//! What the plugin makes of answers: natively, with the API stood in for, under `cargo test`.

use super::*;
use wellhead_sdk::testing;

const API: &str = "https://api.example.com/v1";

/// What the plugin answers to a query for `place` where the API gives this status and body.
fn ask(place: &str, settings: Settings, status: u16, body: &'static str) -> Result<Vec<Frame>, Error> {
    testing::answer_http(move |request| match request.url.strip_prefix(API) {
        Some("/readings/oslo" | "/readings/s%C3%A3o%20paulo") => Ok((status, body.into())),
        _ => Ok((404, format!("no {}", request.url).into())),
    });
    let settings = InstanceSettings { url: API.into(), json_data: settings, ..Default::default() };
    let query = DataQuery::<()>::default().with_model(Query { place: place.into() });
    testing::block_on(async {
        Source::configure(settings)?.query(&RequestContext::default(), query).await?.collect().await
    })
}

#[test]
fn readings_become_rows() {
    let body = r#"[{"time": 1767225600, "celsius": -4.5}, {"time": 1767229200, "celsius": null}]"#;
    let frames = ask("oslo", Settings::default(), 200, body).unwrap();
    assert_eq!((frames.len(), frames[0].name(), frames[0].num_rows()), (1, "oslo", 2));
    let temperature = frames[0].field_named("temperature").unwrap();
    assert_eq!(temperature.labels().get("place").map(String::as_str), Some("oslo"));
}

#[test]
fn no_answer_is_longer_than_the_settings_allow() {
    let body = r#"[{"time": 0, "celsius": 1}, {"time": 60, "celsius": 2}, {"time": 120, "celsius": 3}]"#;
    let frames = ask("oslo", Settings { max_rows: 2 }, 200, body).unwrap();
    assert_eq!(frames[0].num_rows(), 2);
}

#[test]
fn a_place_may_have_any_name() {
    assert!(ask("são paulo", Settings::default(), 200, "[]").is_ok());
}

#[test]
fn what_the_api_refuses_is_its_own_error() {
    let error = ask("atlantis", Settings::default(), 200, "[]").unwrap_err();
    assert_eq!(error.status(), 404);
    assert!(error.message().contains("readings/atlantis"), "{error}");
}
