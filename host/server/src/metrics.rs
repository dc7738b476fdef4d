//! Counts and durations of HTTP requests, by route: never by path, whose values a client chooses.

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// Upper bounds in seconds: a tiny query takes under a millisecond, the default call deadline is 30 s.
const SECONDS: [f64; 11] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

pub(crate) struct HttpMetrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            in_flight: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        let help = "HTTP requests answered, by route; status 499 for clients that went away";
        registry.register("wellhead_http_requests", help, metrics.requests.clone());
        let help = "Time until the response's headers were sent";
        registry.register_with_unit("wellhead_http_request", help, Unit::Seconds, metrics.seconds.clone());
        let help = "HTTP requests whose response has not begun";
        registry.register("wellhead_http_requests_in_flight", help, metrics.in_flight.clone());
        metrics
    }
}

impl HttpMetrics {
    pub(crate) fn started(&self) {
        self.in_flight.inc();
    }

    pub(crate) fn finished(&self, route: &str, method: &Method, status: StatusCode, took: Duration) {
        self.in_flight.dec();
        let labels = RequestLabels { route: route.to_owned(), method: known(method), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RouteLabels { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    /// Appends Prometheus text without the end mark.
    pub(crate) fn encode(&self, out: &mut String) {
        if let Err(error) = text::encode_registry(out, &self.registry) {
            tracing::error!(target: "wellhead::http", "metrics could not be encoded: {error}");
        }
    }
}

/// Clients may invent methods; labels may not.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
