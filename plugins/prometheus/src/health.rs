//! The health check: a query that every Prometheus can answer, and what to do where it cannot.

use serde::Deserialize;
use serde_json::json;
use wellhead_sdk::{Error, Health, RequestContext};

use crate::query::Query;
use crate::upstream::{Parameters, Upstream};

/// Grafana's sentences, by which tools recognise the outcome.
const GOOD: &str = "Successfully queried the Prometheus API.";
const BAD: &str = "There was an error returned querying the Prometheus API.";

/// Asks for `1+1`, and for the server's build, which tells Prometheus from its kin.
pub async fn check(upstream: &Upstream, ctx: &RequestContext) -> Health {
    let query = Query {
        expr: "1+1".to_owned(),
        step: std::time::Duration::from_secs(1),
        start: 0,
        end: 0,
        time: 4_000,
        range: false,
        instant: true,
        exemplar: false,
        legend_format: String::new(),
    };
    match upstream.instant(ctx, &query).await {
        Err(error) => Health::error(format!("{error} - {BAD}{}", advice(&error))),
        // Servers without build information are healthy too.
        Ok(_) => match upstream.data::<BuildInfo>(ctx, "api/v1/status/buildinfo", &Parameters::new()).await {
            Ok(build) => Health::ok(GOOD).with_details(build.details()),
            Err(_) => Health::ok(GOOD),
        },
    }
}

/// What most often is wrong where a check fails this way.
fn advice(error: &Error) -> &'static str {
    match error.status() {
        401 => " Check the credentials of the data source.",
        403 => " The credentials are not allowed to query, or the URL is not one the host may reach.",
        404 => " Check the URL: it ends before /api/v1.",
        502 => " Check the URL, and that the server runs and is a Prometheus.",
        504 => " The server is reachable by no way, or overloaded.",
        _ => "",
    }
}

/// `api/v1/status/buildinfo`, as far as it is of use.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BuildInfo {
    version: String,
    /// Mimir's features; Prometheus names none.
    features: Option<serde_json::Map<String, serde_json::Value>>,
}

impl BuildInfo {
    /// The keys of Grafana's own check, and the version.
    fn details(&self) -> serde_json::Value {
        let is_mimir = self.features.as_ref().is_some_and(|features| !features.is_empty());
        json!({
            "application": if is_mimir { "Mimir" } else { "Prometheus" },
            "version": self.version,
            "features": { "rulerApiEnabled": is_mimir },
        })
    }
}
