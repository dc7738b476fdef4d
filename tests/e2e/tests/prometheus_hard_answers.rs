//! The plugin `prometheus` in the real host in front of servers that are down, slow, wrong or too talkative: each gives an
//! error that names what is wrong, and the same instance goes on.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Map, json};
use wellhead_e2e::host::Host;
use wellhead_e2e::stub::{Behaviour, Stub};
use wellhead_runtime::{DataResponse, ErrorSource};

/// As many series as the plugin says it takes.
const MOST_SERIES: usize = 20_000;

async fn ask(url: String) -> Result<DataResponse> {
    let host = Host::start("prometheus", url, Map::new()).await?;
    let answers = host.ask(&[json!({ "expr": "up", "instant": true })], 0, 60_000).await?;
    // The instance is still there, whatever it was told.
    host.ask(&[json!({ "expr": "up", "instant": true })], 0, 60_000).await?;
    answers.into_iter().next().context("an answer")
}

/// Status and message of the failure.
async fn failure(behaviour: Behaviour) -> Result<(u16, String)> {
    let stub = Stub::start(behaviour).await?;
    let answer = ask(stub.url()).await?;
    let error = answer.error.context("an error")?;
    assert_eq!(error.source_of_error, ErrorSource::Downstream, "{error}");
    Ok((error.status, error.message))
}

fn vector(series: usize) -> Behaviour {
    let mut body = r#"{"status":"success","data":{"resultType":"vector","result":["#.to_owned();
    for number in 0..series {
        let separator = if number == 0 { "" } else { "," };
        // Writing into a String cannot fail.
        let _ = write!(
            body,
            r#"{separator}{{"metric":{{"__name__":"container_memory_working_set_bytes","namespace":"default","pod":"pod-{number}","container":"main","node":"node-{}"}},"value":[60,"{number}"]}}"#,
            number % 100
        );
    }
    body.push_str("]}}");
    Behaviour::Answer(200, Arc::from(body.into_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_series_as_are_taken_fit_an_instance_and_one_more_is_named() -> Result<()> {
    let stub = Stub::start(vector(MOST_SERIES)).await?;
    let answer = ask(stub.url()).await?;
    assert!(answer.error.is_none(), "{:?}", answer.error);
    assert_eq!(answer.frames.len(), MOST_SERIES);
    let (status, message) = failure(vector(MOST_SERIES + 1)).await?;
    assert_eq!(status, 413, "{message}");
    assert!(message.contains("20001 series, 20000 are the most"), "{message}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_a_hundred_megabytes_is_refused() -> Result<()> {
    let (status, message) = failure(Behaviour::Endless(100 << 20)).await?;
    assert_eq!(status, 502, "{message}");
    assert!(message.contains("67108864") || message.contains("limit"), "{message}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_quoted() -> Result<()> {
    let (status, message) = failure(Behaviour::Answer(200, Arc::from(*b"<html>Welcome to nginx!</html>"))).await?;
    assert_eq!(status, 502, "{message}");
    assert!(message.contains("200 OK") && message.contains("Welcome to nginx!"), "{message}");
    let (status, message) = failure(Behaviour::Answer(401, Arc::from(*b"who are you"))).await?;
    assert_eq!(status, 401, "{message}");
    assert!(message.contains("who are you"), "{message}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_an_error() -> Result<()> {
    let (status, message) = failure(Behaviour::BreakOff).await?;
    assert_eq!(status, 502, "{message}");
    assert!(message.contains("api/v1/query"), "{message}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_named() -> Result<()> {
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let url = format!("http://127.0.0.1:{port}");
    let answer = ask(url.clone()).await?;
    let error = answer.error.context("an error")?;
    assert_eq!((error.status, error.source_of_error), (502, ErrorSource::Downstream));
    assert!(error.message.contains(&url), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_is_given_up_before_the_call_is() -> Result<()> {
    let stub = Stub::start(Behaviour::Silent).await?;
    let host = Host::start("prometheus", stub.url(), Map::new()).await?;
    // A query that is wrong in itself asks nobody, and waits for the plugin's compilation in the silent server's stead.
    host.ask(&[json!({ "expr": 7 })], 0, 60_000).await?;
    let host = host.with_patience(Duration::from_millis(700));
    let answers = host.ask(&[json!({ "expr": "up", "instant": true })], 0, 60_000).await?;
    let error = answers.into_iter().next().and_then(|answer| answer.error).context("an error")?;
    assert_eq!((error.status, error.source_of_error), (504, ErrorSource::Downstream));
    assert!(error.message.contains(&stub.url()), "{error}");
    Ok(())
}
