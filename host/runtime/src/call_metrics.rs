//! Counts and durations of the calls a runtime makes of its plugins.

use crate::PluginError;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

/// Upper bounds in seconds: a tiny call takes microseconds, the default deadline is 30 s.
const SECONDS: [f64; 12] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0];

/// What was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Method {
    QueryData,
    CheckHealth,
    CallResource,
    SubscribeStream,
    RunStream,
    PublishStream,
}

impl Method {
    const ALL: [Self; 6] = [
        Self::QueryData,
        Self::CheckHealth,
        Self::CallResource,
        Self::SubscribeStream,
        Self::RunStream,
        Self::PublishStream,
    ];
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    plugin: String,
    method: Method,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DurationLabels {
    plugin: String,
    method: Method,
}

/// In the order of [`Method::ALL`].
type MethodSeries = [Series; Method::ALL.len()];
type Durations = Family<DurationLabels, Histogram, fn() -> Histogram>;

/// Series of one runtime; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct CallMetrics {
    calls: Family<CallLabels, Counter>,
    seconds: Durations,
    /// The series of good calls, found without making labels: they are most of the calls.
    good: Arc<RwLock<HashMap<String, MethodSeries>>>,
}

#[derive(Clone, Debug)]
struct Series {
    calls: Counter,
    seconds: Histogram,
}

impl CallMetrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        let seconds = Family::new_with_constructor(seconds);
        let metrics = Self { calls: Family::default(), seconds, good: Arc::default() };
        registry.register("wellhead_plugin_calls", "Calls of plugins, by outcome", metrics.calls.clone());
        let help = "Time until a plugin's answer began";
        registry.register_with_unit("wellhead_plugin_call", help, Unit::Seconds, metrics.seconds.clone());
        metrics
    }

    pub(crate) fn record(&self, plugin: &str, method: Method, started: Instant, error: Option<&PluginError>) {
        let took = started.elapsed().as_secs_f64();
        let count = |series: &MethodSeries| {
            let [query_data, check_health, call_resource, subscribe_stream, run_stream, publish_stream] = series;
            let series = match method {
                Method::QueryData => query_data,
                Method::CheckHealth => check_health,
                Method::CallResource => call_resource,
                Method::SubscribeStream => subscribe_stream,
                Method::RunStream => run_stream,
                Method::PublishStream => publish_stream,
            };
            series.seconds.observe(took);
            if error.is_none() {
                series.calls.inc();
            }
        };
        if let Some(error) = error {
            let labels = CallLabels { plugin: plugin.to_owned(), method, outcome: outcome(error) };
            self.calls.get_or_create(&labels).inc();
        }
        let known = self.good.read().unwrap_or_else(PoisonError::into_inner).get(plugin).map(count);
        if known.is_none() {
            let series = Method::ALL.map(|method| self.series(plugin, method));
            count(&series);
            self.good.write().unwrap_or_else(PoisonError::into_inner).insert(plugin.to_owned(), series);
        }
    }

    fn series(&self, plugin: &str, method: Method) -> Series {
        let labels = CallLabels { plugin: plugin.to_owned(), method, outcome: "ok" };
        let duration_labels = DurationLabels { plugin: plugin.to_owned(), method };
        Series {
            calls: self.calls.get_or_create_owned(&labels),
            seconds: self.seconds.get_or_create_owned(&duration_labels),
        }
    }
}

fn outcome(error: &PluginError) -> &'static str {
    match error {
        PluginError::NotRegistered { .. } => "not_registered",
        PluginError::Unavailable { .. } => "unavailable",
        PluginError::MethodNotImplemented { .. } => "not_implemented",
        PluginError::RequestCanceled { .. } => "canceled",
        PluginError::Timeout { .. } => "timeout",
        PluginError::RequestFailure { .. } => "failed",
        PluginError::InvalidSettings { .. } => "invalid_settings",
        PluginError::Guest(_) => "guest_error",
        PluginError::HealthCheckFailed { .. } => "health_check_failed",
        PluginError::LimitExceeded { .. } => "limit_exceeded",
    }
}
