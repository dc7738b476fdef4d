//! What becomes of data sources' byte connections: how many were asked for, are open, were upgraded to TLS, and the bytes
//! that went over them. Series come to be with a data source's first connection.

use crate::vitals::SourceLabel;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::{Arc, OnceLock};
use wellhead_egress::{ConnectionMeter, EgressError};

/// Values of the label `outcome`, a few whatever a server says.
const OUTCOMES: [&str; 8] = ["ok", "denied", "limit", "timeout", "unresolved", "refused", "tls", "failed"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    plugin: String,
    org: i64,
    uid: String,
    outcome: &'static str,
}

impl OutcomeLabels {
    fn of(source: &SourceLabel, outcome: &'static str) -> Self {
        Self { plugin: source.plugin.clone(), org: source.org, uid: source.uid.clone(), outcome }
    }
}

/// Series of one runtime; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionMetrics {
    connects: Family<OutcomeLabels, Counter>,
    handshakes: Family<OutcomeLabels, Counter>,
    open: Family<SourceLabel, Gauge>,
    read: Family<SourceLabel, Counter>,
    written: Family<SourceLabel, Counter>,
}

impl ConnectionMetrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let help = "Byte connections that plugins asked for, by outcome";
        registry.register("wellhead_plugin_connects", help, metrics.connects.clone());
        let help = "Upgrades of byte connections to TLS, by outcome";
        registry.register("wellhead_plugin_connection_handshakes", help, metrics.handshakes.clone());
        registry.register("wellhead_plugin_connections", "Byte connections open", metrics.open.clone());
        let help = "Bytes read from byte connections, without TLS";
        registry.register_with_unit("wellhead_plugin_connection_read", help, Unit::Bytes, metrics.read.clone());
        let help = "Bytes written to byte connections, without TLS";
        registry.register_with_unit("wellhead_plugin_connection_written", help, Unit::Bytes, metrics.written.clone());
        metrics
    }

    /// Counts the connections of one data source.
    pub(crate) fn of_source(&self, source: &SourceLabel) -> Arc<dyn ConnectionMeter> {
        Arc::new(Meter { all: self.clone(), source: source.clone(), series: OnceLock::new() })
    }

    /// A data source is no more, or does not use the plugin any more.
    pub(crate) fn forget(&self, source: &SourceLabel) {
        for outcome in OUTCOMES {
            let labels = OutcomeLabels::of(source, outcome);
            self.connects.remove(&labels);
            self.handshakes.remove(&labels);
        }
        self.open.remove(source);
        self.read.remove(source);
        self.written.remove(source);
    }
}

struct Meter {
    all: ConnectionMetrics,
    source: SourceLabel,
    /// What is counted often, found once.
    series: OnceLock<Series>,
}

struct Series {
    open: Gauge,
    read: Counter,
    written: Counter,
}

impl Meter {
    fn series(&self) -> &Series {
        self.series.get_or_init(|| Series {
            open: self.all.open.get_or_create_owned(&self.source),
            read: self.all.read.get_or_create_owned(&self.source),
            written: self.all.written.get_or_create_owned(&self.source),
        })
    }
}

impl ConnectionMeter for Meter {
    fn connected(&self, outcome: Result<(), &EgressError>) {
        if outcome.is_ok() {
            self.series().open.inc();
        }
        self.all.connects.get_or_create(&OutcomeLabels::of(&self.source, word(outcome))).inc();
    }

    fn closed(&self) {
        self.series().open.dec();
    }

    fn secured(&self, outcome: Result<(), &EgressError>) {
        self.all.handshakes.get_or_create(&OutcomeLabels::of(&self.source, word(outcome))).inc();
    }

    fn read(&self, bytes: usize) {
        self.series().read.inc_by(bytes as u64);
    }

    fn written(&self, bytes: usize) {
        self.series().written.inc_by(bytes as u64);
    }
}

/// One of [`OUTCOMES`].
fn word(outcome: Result<(), &EgressError>) -> &'static str {
    match outcome {
        Ok(()) => "ok",
        Err(error) if error.is_denied() => "denied",
        Err(error) if error.is_limit() => "limit",
        Err(error) if error.is_timeout() => "timeout",
        Err(EgressError::Unresolved { .. }) => "unresolved",
        Err(EgressError::Refused { .. }) => "refused",
        Err(EgressError::Tls { .. } | EgressError::InvalidTls { .. }) => "tls",
        Err(_) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    fn text(registry: &Registry) -> String {
        let mut text = String::new();
        encode(&mut text, registry).unwrap();
        text
    }

    #[test]
    fn a_data_source_is_counted_from_its_first_connection_until_it_is_forgotten() {
        let mut registry = Registry::default();
        let metrics = ConnectionMetrics::register(&mut registry);
        let source = SourceLabel { plugin: "postgres".into(), org: 1, uid: "prod".into() };
        let meter = metrics.of_source(&source);
        assert!(!text(&registry).contains("prod"), "one that has no connections has no series");
        meter.connected(Ok(()));
        meter.connected(Ok(()));
        meter.closed();
        meter.connected(Err(&EgressError::InvalidEndpoint { reason: String::new() }));
        meter.secured(Ok(()));
        meter.read(3);
        meter.read(4);
        meter.written(5);
        let told = text(&registry);
        for line in [
            r#"wellhead_plugin_connects_total{plugin="postgres",org="1",uid="prod",outcome="ok"} 2"#,
            r#"wellhead_plugin_connects_total{plugin="postgres",org="1",uid="prod",outcome="failed"} 1"#,
            r#"wellhead_plugin_connection_handshakes_total{plugin="postgres",org="1",uid="prod",outcome="ok"} 1"#,
            r#"wellhead_plugin_connections{plugin="postgres",org="1",uid="prod"} 1"#,
            r#"wellhead_plugin_connection_read_bytes_total{plugin="postgres",org="1",uid="prod"} 7"#,
            r#"wellhead_plugin_connection_written_bytes_total{plugin="postgres",org="1",uid="prod"} 5"#,
        ] {
            assert!(told.lines().any(|found| found == line), "{line}\n{told}");
        }
        metrics.forget(&source);
        assert!(!text(&registry).contains("prod"), "{}", text(&registry));
    }

    #[test]
    fn every_outcome_is_one_that_is_forgotten() {
        let origin = || wellhead_egress::Origin::parse("http://db.example.com").unwrap();
        for error in [
            EgressError::DeniedEndpoint { endpoint: String::new(), allowed: vec![], note: None },
            EgressError::TooManyConnections { origin: origin(), limit: 1, elsewhere: 0 },
            EgressError::Unresolved { origin: origin(), reason: String::new() },
            EgressError::Refused { origin: origin() },
            EgressError::Tls { origin: origin(), reason: String::new() },
            EgressError::Unreachable { origin: origin(), reason: String::new() },
        ] {
            assert!(OUTCOMES.contains(&word(Err(&error))), "{error}");
        }
    }
}
