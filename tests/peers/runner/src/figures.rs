//! What was measured: every figure of every round, and why some are missing.

use indexmap::IndexMap;
use serde::{Serialize, Serializer};

/// What a figure says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Half of the calls took no longer; seconds.
    P50,
    /// 99 of 100 calls took no longer; seconds.
    P99,
    /// Calls a second.
    Rate,
    /// CPU seconds a call, host and plugin together.
    Cpu,
    /// CPU seconds a call in the host.
    HostCpu,
    /// CPU seconds a call in the plugin.
    PluginCpu,
    /// Bytes of frames a second.
    Bytes,
    /// Seconds for all of it.
    Time,
    /// Bytes of memory.
    Memory,
    /// The most bytes of memory.
    Peak,
}

impl Metric {
    /// Over a column.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::Rate => "calls/s",
            Self::Cpu => "CPU a call",
            Self::HostCpu => "in the host",
            Self::PluginCpu => "in the plugin",
            Self::Bytes => "bytes/s",
            Self::Time => "time",
            Self::Memory => "memory (PSS)",
            Self::Peak => "peak (RSS)",
        }
    }

    /// What it is counted in.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::P50 | Self::P99 | Self::Cpu | Self::HostCpu | Self::PluginCpu | Self::Time => Unit::Seconds,
            Self::Rate => Unit::PerSecond,
            Self::Bytes => Unit::BytesPerSecond,
            Self::Memory | Self::Peak => Unit::Bytes,
        }
    }
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// Of time.
    Seconds,
    /// Calls in each.
    PerSecond,
    /// Of memory.
    Bytes,
    /// Of frames.
    BytesPerSecond,
}

impl Unit {
    /// Three digits of a figure, with a unit that suits it.
    #[must_use]
    pub fn shown(self, value: f64) -> String {
        let scales: &[(f64, &str)] = match self {
            Self::Seconds => &[(1.0, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")],
            Self::PerSecond => &[(1e6, " M"), (1e3, " k"), (1.0, "")],
            Self::Bytes => &[(1_048_576.0, " MiB"), (1_024.0, " KiB")],
            Self::BytesPerSecond => &[(1e9, " GB/s"), (1e6, " MB/s"), (1e3, " kB/s")],
        };
        let fits = scales.iter().find(|(scale, _)| value.abs() >= *scale).or(scales.last());
        let (scale, name) = fits.copied().unwrap_or((1.0, ""));
        format!("{}{name}", three_digits(value / scale))
    }
}

/// As people write figures that were measured.
#[must_use]
pub fn three_digits(value: f64) -> String {
    match value.abs() {
        hundreds if hundreds >= 99.95 => format!("{value:.0}"),
        tens if tens >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Of the rounds of one figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Of all rounds.
    pub least: f64,
    /// The middle one; of an even number the mean of the two.
    pub median: f64,
    /// Of all rounds.
    pub most: f64,
}

impl Spread {
    /// Of some rounds; `None` where there is none.
    #[must_use]
    pub fn of(rounds: &[f64]) -> Option<Self> {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let upper = *sorted.get(sorted.len() / 2)?;
        let median = if sorted.len() % 2 == 1 { upper } else { (upper + *sorted.get(sorted.len() / 2 - 1)?) / 2.0 };
        Some(Self { least, median, most })
    }

    /// `median (least to most)`.
    #[must_use]
    pub fn shown(&self, unit: Unit) -> String {
        format!("{} ({} to {})", unit.shown(self.median), unit.shown(self.least), unit.shown(self.most))
    }
}

/// Whose figure, of what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The work, as its table is headed.
    pub work: &'static str,
    /// Which case of it.
    pub case: String,
    /// Whose.
    pub peer: String,
    /// What.
    pub metric: Metric,
}

/// A figure that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The work.
    pub work: &'static str,
    /// The case.
    pub case: String,
    /// Whose.
    pub peer: String,
    /// Why.
    pub reason: String,
}

/// All that was measured, in the order it was.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    rounds: IndexMap<Key, Vec<f64>>,
    missing: Vec<Missing>,
}

impl Figures {
    /// Adds a round.
    pub fn add(&mut self, work: &'static str, case: &str, peer: &str, metric: Metric, value: f64) {
        let key = Key { work, case: case.to_owned(), peer: peer.to_owned(), metric };
        self.rounds.entry(key).or_default().push(value);
    }

    /// Says why there is none.
    pub fn miss(&mut self, work: &'static str, case: &str, peer: &str, reason: impl Into<String>) {
        self.missing.push(Missing { work, case: case.to_owned(), peer: peer.to_owned(), reason: reason.into() });
    }

    /// The rounds of one figure.
    #[must_use]
    pub fn spread(&self, work: &'static str, case: &str, peer: &str, metric: Metric) -> Option<Spread> {
        let key = Key { work, case: case.to_owned(), peer: peer.to_owned(), metric };
        Spread::of(self.rounds.get(&key)?)
    }

    /// The middle round of one figure.
    #[must_use]
    pub fn median(&self, work: &'static str, case: &str, peer: &str, metric: Metric) -> Option<f64> {
        self.spread(work, case, peer, metric).map(|spread| spread.median)
    }

    /// Whose figures there are.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.rounds.keys()
    }

    /// What is missing.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    work: &'static str,
    case: &'a str,
    peer: &'a str,
    metric: &'static str,
    unit: Unit,
    #[serde(flatten)]
    spread: Option<Spread>,
    rounds: &'a [f64],
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rounds.iter().map(|(key, rounds)| Entry {
            work: key.work,
            case: &key.case,
            peer: &key.peer,
            metric: key.metric.title(),
            unit: key.metric.unit(),
            spread: Spread::of(rounds),
            rounds,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_middle_and_both_ends() {
        let spread = |rounds: &[f64]| Spread::of(rounds).map(|spread| [spread.least, spread.median, spread.most]);
        assert_eq!(spread(&[5.0, 1.0, 3.0]), Some([1.0, 3.0, 5.0]));
        assert_eq!(spread(&[4.0, 1.0, 3.0, 2.0]), Some([1.0, 2.5, 4.0]));
        assert_eq!(spread(&[7.0]), Some([7.0, 7.0, 7.0]));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn figures_are_shown_in_a_unit_that_suits_them() {
        let shown = [
            (Unit::Seconds, 1.5, "1.50 s"),
            (Unit::Seconds, 0.012_34, "12.3 ms"),
            (Unit::Seconds, 0.000_123_4, "123 µs"),
            (Unit::Seconds, 9.9996e-6, "10.0 µs"),
            (Unit::Seconds, 0.0, "0.00 ns"),
            (Unit::PerSecond, 123_456.0, "123 k"),
            (Unit::PerSecond, 12.0, "12.0"),
            (Unit::Bytes, 1_572_864.0, "1.50 MiB"),
            (Unit::BytesPerSecond, 2.5e9, "2.50 GB/s"),
        ];
        for (unit, value, expected) in shown {
            assert_eq!(unit.shown(value), expected);
        }
    }

    #[test]
    fn rounds_of_one_figure_come_together() {
        let mut figures = Figures::default();
        for (peer, value) in [("a", 1.0), ("b", 10.0), ("a", 3.0), ("a", 2.0)] {
            figures.add("calls", "health", peer, Metric::Cpu, value);
        }
        assert_eq!(figures.median("calls", "health", "a", Metric::Cpu), Some(2.0));
        assert_eq!(figures.median("calls", "health", "a", Metric::P50), None);
        assert_eq!(figures.keys().count(), 2);
        let json = serde_json::to_value(&figures).unwrap();
        assert_eq!(json[0]["rounds"], serde_json::json!([1.0, 3.0, 2.0]));
        assert_eq!(json[0]["most"], 3.0);
    }
}
