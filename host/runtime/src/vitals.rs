//! How the runtime's plugins live: instances alive, crashes, compile times, connections.

use crate::connection_metrics::ConnectionMetrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use wellhead_egress::ConnectionMeter;

/// Upper bounds in seconds: 10 ms from a warm cache, a second or two for a plugin of a megabyte.
const COMPILE_SECONDS: [f64; 8] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PluginLabel {
    plugin: String,
}

/// One data source of one plugin.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SourceLabel {
    pub(crate) plugin: String,
    pub(crate) org: i64,
    pub(crate) uid: String,
}

/// Series of one runtime; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Vitals {
    guest_cpu: Family<SourceLabel, Counter<f64, AtomicU64>>,
    instances: Family<PluginLabel, Gauge>,
    memory: Family<PluginLabel, Gauge>,
    crashes: Family<PluginLabel, Counter>,
    unasked: Family<PluginLabel, Counter>,
    compile: Family<PluginLabel, Histogram, fn() -> Histogram>,
    connections: ConnectionMetrics,
}

impl Vitals {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(COMPILE_SECONDS);
        let vitals = Self {
            guest_cpu: Family::default(),
            instances: Family::default(),
            memory: Family::default(),
            crashes: Family::default(),
            unasked: Family::default(),
            compile: Family::new_with_constructor(seconds),
            connections: ConnectionMetrics::register(registry),
        };
        registry.register("wellhead_plugin_instances", "Instances alive", vitals.instances.clone());
        registry.register("wellhead_plugin_crashes", "Instances that trapped or were killed", vitals.crashes.clone());
        let help = "Answers dropped because their refId was not asked for, or was answered already";
        registry.register("wellhead_plugin_unasked_answers", help, vitals.unasked.clone());
        let help = "Memory of the guests of all instances alive; a guest's memory never shrinks";
        registry.register_with_unit("wellhead_plugin_memory", help, Unit::Bytes, vitals.memory.clone());
        let help = "CPU time that guests used, waiting for the host left out";
        registry.register_with_unit("wellhead_plugin_guest_cpu", help, Unit::Seconds, vitals.guest_cpu.clone());
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

    /// Counts one instance's memory until it is dropped.
    pub(crate) fn memory(&self, plugin: &str) -> MemoryInUse {
        MemoryInUse { gauge: self.memory.get_or_create_owned(&label(plugin)), bytes: 0 }
    }

    /// The counter of one data source's guest CPU, in seconds.
    pub(crate) fn guest_cpu(&self, source: &SourceLabel) -> Counter<f64, AtomicU64> {
        self.guest_cpu.get_or_create_owned(source)
    }

    /// Counts one data source's byte connections.
    pub(crate) fn meter(&self, source: &SourceLabel) -> Arc<dyn ConnectionMeter> {
        self.connections.of_source(source)
    }

    /// A data source is no more, or does not use the plugin any more.
    pub(crate) fn forget(&self, source: &SourceLabel) {
        self.guest_cpu.remove(source);
        self.connections.forget(source);
    }

    pub(crate) fn crashed(&self, plugin: &str) {
        self.crashes.get_or_create(&label(plugin)).inc();
    }

    /// So many answers of one reply were dropped: nobody asked for them.
    pub(crate) fn unasked(&self, plugin: &str, answers: usize) {
        if answers > 0 {
            self.unasked.get_or_create(&label(plugin)).inc_by(u64::try_from(answers).unwrap_or(u64::MAX));
        }
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

/// One instance's memory in the gauge.
#[derive(Debug)]
pub(crate) struct MemoryInUse {
    gauge: Gauge,
    bytes: i64,
}

impl MemoryInUse {
    /// It has so many bytes now.
    pub(crate) fn set(&mut self, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.gauge.inc_by(bytes.saturating_sub(self.bytes));
        self.bytes = bytes;
    }
}

impl Drop for MemoryInUse {
    fn drop(&mut self) {
        self.gauge.dec_by(self.bytes);
    }
}

fn label(plugin: &str) -> PluginLabel {
    PluginLabel { plugin: plugin.to_owned() }
}
