//! Labels, series, metadata, targets and the like for editors and tools: forwarded to the server, metadata from the cache.
//! Promises the server's own answer, whatever it is, for the places it allows, and an error for all others.

mod cache;
mod route;

use std::time::Duration;

use wellhead_sdk::http::Method;
use wellhead_sdk::{Error, ErrorSource, RequestContext};

use crate::settings::{CacheLevel, pairs};
use crate::upstream::{Parameters, RawAnswer, Upstream};

use cache::Question;
use route::{PLACES, route};

/// What is asked of the data source.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Without leading slash, percent-encoded: `api/v1/labels`.
    pub path: &'a str,
    /// Without `?`.
    pub query: &'a str,
    /// A form, or nothing.
    pub body: &'a [u8],
}

/// The server's answer.
pub async fn answer(
    upstream: &Upstream,
    level: CacheLevel,
    ctx: &RequestContext,
    asked: Asked<'_>,
) -> Result<RawAnswer, Error> {
    let path = asked.path.trim_start_matches('/');
    let Some(route) = route(path) else {
        return Err(Error::new(
            404,
            ErrorSource::Plugin,
            format_args!("{path:?} is not forwarded; these are: {PLACES}"),
        ));
    };
    let is_get = asked.method == Method::GET.as_str();
    if !is_get && asked.method != Method::POST.as_str() {
        let message = format_args!("{} is not a method of {path}: use GET or POST", asked.method);
        return Err(Error::new(405, ErrorSource::Plugin, message));
    }
    let mut parameters = pairs(asked.query);
    parameters.extend(pairs(&String::from_utf8_lossy(asked.body)));
    let ttl = if route.metadata { level.ttl() } else { None };
    if let Some(ttl) = ttl {
        widen(&mut parameters, ttl);
    }
    let question = Question::new(path, &parameters);
    if let Some(body) = ttl.and_then(|_| question.cached()) {
        return Ok(RawAnswer::ok(body));
    }
    // Who asked by GET gets GET. Others by the method of the settings, where the place knows both.
    let answer = match is_get || !route.post {
        true => upstream.get(ctx, path, &parameters).await?,
        false => upstream.ask(ctx, path, &parameters).await?,
    };
    if let Some(ttl) = ttl.filter(|_| answer.is_success()) {
        question.keep(&answer.body, ttl);
    }
    Ok(answer)
}

/// Rounds `start` down and `end` up to whole periods, so that what is asked within one period is the same question.
/// A little more is found than was asked for, as with Grafana's editor.
fn widen(parameters: &mut Parameters, period: Duration) {
    let period = period.as_secs_f64();
    for (key, value) in parameters {
        let round: fn(f64) -> f64 = match key.as_str() {
            "start" => f64::floor,
            "end" => f64::ceil,
            _ => continue,
        };
        // RFC 3339 is left as it is.
        if let Ok(seconds) = value.parse::<f64>()
            && seconds.is_finite()
        {
            *value = (round(seconds / period) * period).to_string();
        }
    }
}
