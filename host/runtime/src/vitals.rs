//! How the runtime's plugins live: instances alive, crashes, compile times.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// Upper bounds in seconds: 10 ms from a warm cache, a second or two for a plugin of a megabyte.
const COMPILE_SECONDS: [f64; 8] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PluginLabel {
    plugin: String,
}

/// Series of one runtime; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Vitals {
    instances: Family<PluginLabel, Gauge>,
    crashes: Family<PluginLabel, Counter>,
    compile: Family<PluginLabel, Histogram, fn() -> Histogram>,
}

impl Vitals {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(COMPILE_SECONDS);
        let vitals = Self {
            instances: Family::default(),
            crashes: Family::default(),
            compile: Family::new_with_constructor(seconds),
        };
        registry.register("wellhead_plugin_instances", "Instances alive", vitals.instances.clone());
        registry.register("wellhead_plugin_crashes", "Instances that trapped or were killed", vitals.crashes.clone());
        let help = "Time to compile a component or to take it from the cache";
        registry.register_with_unit("wellhead_plugin_compile", help, Unit::Seconds, vitals.compile.clone());
        vitals
    }

    /// Counts an instance as alive until the guard is dropped.
    pub(crate) fn instance(&self, plugin: &str) -> LiveInstance {
        let gauge = self.instances.get_or_create_owned(&label(plugin));
        gauge.inc();
        LiveInstance(gauge)
    }

    pub(crate) fn crashed(&self, plugin: &str) {
        self.crashes.get_or_create(&label(plugin)).inc();
    }

    pub(crate) fn compiled(&self, plugin: &str, took: Duration) {
        self.compile.get_or_create(&label(plugin)).observe(took.as_secs_f64());
    }
}

/// One instance in the gauge.
#[derive(Debug)]
pub(crate) struct LiveInstance(Gauge);

impl Drop for LiveInstance {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn label(plugin: &str) -> PluginLabel {
    PluginLabel { plugin: plugin.to_owned() }
}
