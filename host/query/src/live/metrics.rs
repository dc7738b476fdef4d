//! Counts of live channels, over all orgs.

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub(super) struct LiveMetrics {
    registry: Registry,
    pub(super) channels: Gauge,
    pub(super) subscribers: Gauge,
    pub(super) bytes: Gauge,
    pub(super) frames: Counter,
    pub(super) dropped: Counter,
    pub(super) runs_started: Counter,
    pub(super) runs_failed: Counter,
}

impl Default for LiveMetrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            channels: Gauge::default(),
            subscribers: Gauge::default(),
            bytes: Gauge::default(),
            frames: Counter::default(),
            dropped: Counter::default(),
            runs_started: Counter::default(),
            runs_failed: Counter::default(),
        };
        let registry = &mut metrics.registry;
        let help = "Live channels with subscribers, or that had some just now, or that keep a frame";
        registry.register("wellhead_live_channels", help, metrics.channels.clone());
        registry.register("wellhead_live_subscribers", "Subscribers of live channels", metrics.subscribers.clone());
        let help = "Bytes of updates of live channels that wait for subscribers, are kept for those to come, or are being sent";
        registry.register("wellhead_live_bytes", help, metrics.bytes.clone());
        registry.register("wellhead_live_frames", "Updates of live channels", metrics.frames.clone());
        let help =
            "Updates that a subscriber of a live channel was too slow for, or that were too large for the channel";
        registry.register("wellhead_live_dropped", help, metrics.dropped.clone());
        let help = "Runs of plugins that began to feed a live channel";
        registry.register("wellhead_live_runs_started", help, metrics.runs_started.clone());
        let help = "Runs of plugins that failed, or did not begin";
        registry.register("wellhead_live_runs_failed", help, metrics.runs_failed.clone());
        metrics
    }
}

impl LiveMetrics {
    /// Appends Prometheus text without the end mark.
    pub(super) fn encode(&self, out: &mut String) {
        if let Err(error) = text::encode_registry(out, &self.registry) {
            tracing::error!(target: "wellhead::live", "metrics could not be encoded: {error}");
        }
    }
}
