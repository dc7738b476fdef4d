//! Resource calls: the list that editors read, and a few that show what resource calls can do.

use std::time::Duration;

use wellhead_sdk::prelude::*;
use wellhead_sdk::{Body, futures::stream, http::header, task};

use crate::duration;
use crate::query::CARDS;

/// The most lines of `stream`.
const MAX_LINES: u32 = 1_000_000;

pub(crate) async fn answer(request: ResourceRequest) -> Result<ResourceResponse, Error> {
    match request.path.trim_matches('/') {
        "" => Ok(ResourceResponse::new("text/plain; charset=utf-8", "Hello world from test datasource!".to_owned())),
        "scenarios" => ResourceResponse::json(&CARDS),
        "echo" => Ok(echo(request)),
        "sleep" => sleep(&request).await,
        "stream" => stream(&request),
        path => Ok(ResourceResponse::not_found(path)),
    }
}

/// The body comes back as it comes in, and as what it said it was.
fn echo(request: ResourceRequest) -> ResourceResponse {
    let mut response = ResourceResponse::new("application/octet-stream", request.body);
    if let Some(content_type) = request.headers.get(header::CONTENT_TYPE) {
        response.headers.insert(header::CONTENT_TYPE, content_type.clone());
    }
    response
}

/// Answers after `?duration=50ms`.
async fn sleep(request: &ResourceRequest) -> Result<ResourceResponse, Error> {
    let how_long = duration::parse(&request.param("duration").unwrap_or_else(|| "5s".to_owned()))?;
    task::sleep(how_long).await;
    ResourceResponse::json(&serde_json::json!({ "sleptMs": how_long.as_millis() as u64 }))
}

/// Lines one by one, `?count=10&sleep=10ms`.
fn stream(request: &ResourceRequest) -> Result<ResourceResponse, Error> {
    let count = request.param("count").unwrap_or_else(|| "10".to_owned());
    let count: u32 = count
        .parse()
        .ok()
        .filter(|count| *count <= MAX_LINES)
        .ok_or_else(|| Error::bad_request(format_args!("count {count:?} is not a number up to {MAX_LINES}")))?;
    let pause = match request.param("sleep") {
        Some(text) => duration::parse(&text)?,
        None => Duration::from_millis(10),
    };
    let lines = stream::unfold(1, move |line| async move {
        if line > count {
            return None;
        }
        if line > 1 && !pause.is_zero() {
            task::sleep(pause).await;
        }
        Some((Ok(format!("Message #{line}\n").into_bytes()), line + 1))
    });
    Ok(ResourceResponse::new("text/plain; charset=utf-8", Body::stream(lines)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_sdk::http::{HeaderMap, Method};
    use wellhead_sdk::testing::block_on;

    fn call(path: &str, query: &str, body: &str) -> Result<(u16, String), Error> {
        let request = ResourceRequest {
            method: Method::POST,
            path: path.into(),
            query: query.into(),
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, "text/csv".parse().unwrap())]),
            body: body.to_owned().into(),
        };
        block_on(async {
            let response = answer(request).await?;
            let body = response.body.collect(1 << 20).await?;
            Ok((response.status.as_u16(), String::from_utf8(body).unwrap()))
        })
    }

    #[test]
    fn the_scenarios_are_listed_for_editors() {
        let (status, body) = call("scenarios", "", "").unwrap();
        let list: Vec<serde_json::Value> = serde_json::from_str(&body).unwrap();
        assert_eq!((status, list.len()), (200, CARDS.len()));
        let slow = list.iter().find(|card| card["id"] == "slow_query").unwrap();
        assert_eq!((slow["name"].as_str(), slow["stringInput"].as_str()), (Some("Slow Query"), Some("5s")));
    }

    #[test]
    fn an_echo_is_what_was_sent() {
        assert_eq!(call("echo", "", "a,b").unwrap(), (200, "a,b".to_owned()));
    }

    #[test]
    fn a_stream_has_as_many_lines_as_asked_for() {
        assert_eq!(call("stream", "count=2&sleep=0s", "").unwrap().1, "Message #1\nMessage #2\n");
        assert_eq!(call("stream", "count=x", "").unwrap_err().status(), 400);
    }

    #[test]
    fn what_there_is_not_is_a_404_that_names_it() {
        let (status, body) = call("nope", "", "").unwrap();
        assert_eq!(status, 404);
        assert!(body.contains("nope"), "{body}");
    }
}
