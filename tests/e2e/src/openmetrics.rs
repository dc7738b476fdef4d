//! Two hours of a small shop's metrics as OpenMetrics text, made of arithmetic alone: the same at every run.
//! Counters that are reset, gauges below zero, classic histograms, series that come and go, values that are no numbers.

use std::fmt::Write as _;

/// 2024-05-01T00:00:00Z, where the data begin. A multiple of two hours, as blocks of the database are.
pub const START: i64 = 1_714_521_600;
/// Seconds between two samples.
pub const INTERVAL: i64 = 15;
/// Samples of a series without gaps.
pub const SAMPLES: i64 = 480;

const SHOPS: [&str; 3] = ["east", "north", "south"];
const KINDS: [&str; 2] = ["phone", "web"];
const BOUNDS: [f64; 7] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The text, end mark included.
pub fn text() -> String {
    let mut out = Text(String::new());
    out.orders();
    out.temperatures();
    out.latencies();
    out.queues();
    out.odd_values();
    out.versions();
    out.0.push_str("# EOF\n");
    out.0
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.0, "# TYPE {name} {kind}");
    }

    /// A series, sample by sample; None leaves a gap.
    fn series(&mut self, series: &str, value: impl Fn(i64) -> Option<f64>) {
        for sample in 0..SAMPLES {
            let Some(value) = value(sample) else { continue };
            let value = match value {
                value if value.is_nan() => "NaN".to_owned(),
                f64::INFINITY => "+Inf".to_owned(),
                f64::NEG_INFINITY => "-Inf".to_owned(),
                value => format!("{value:?}"),
            };
            let _ = writeln!(self.0, "{series} {value} {}", START + sample * INTERVAL);
        }
    }

    /// Counters; each is reset twice, at times of its own.
    fn orders(&mut self) {
        self.family("shop_orders", "counter");
        for (s, shop) in SHOPS.iter().enumerate() {
            for (k, kind) in KINDS.iter().enumerate() {
                let life = 170 + 20 * s as i64 + 7 * k as i64;
                self.series(&format!("shop_orders_total{{shop=\"{shop}\",kind=\"{kind}\"}}"), |sample| {
                    let age = sample % life;
                    Some((age * (1 + s as i64) + age / 7 * (1 + k as i64)) as f64)
                });
            }
        }
    }

    fn temperatures(&mut self) {
        self.family("shop_temperature_celsius", "gauge");
        for (s, shop) in SHOPS.iter().enumerate() {
            for room in 0..3 {
                self.series(&format!("shop_temperature_celsius{{shop=\"{shop}\",room=\"{room}\"}}"), |sample| {
                    let turn = sample as f64 / (30.0 + 10.0 * f64::from(room)) + s as f64;
                    Some(8.0 * turn.sin() - 2.5 * f64::from(room))
                });
            }
        }
    }

    fn latencies(&mut self) {
        self.family("shop_request_duration_seconds", "histogram");
        for (s, shop) in SHOPS.iter().enumerate() {
            let requests = |sample: i64| sample * (3 + s as i64);
            for (b, bound) in BOUNDS.iter().enumerate() {
                let series = format!("shop_request_duration_seconds_bucket{{shop=\"{shop}\",le=\"{bound:?}\"}}");
                self.series(&series, |sample| Some((requests(sample) * (b as i64 + 1 + sample / 240) / 9) as f64));
            }
            let series = format!("shop_request_duration_seconds_bucket{{shop=\"{shop}\",le=\"+Inf\"}}");
            self.series(&series, |sample| Some(requests(sample) as f64));
            self.series(&format!("shop_request_duration_seconds_count{{shop=\"{shop}\"}}"), |sample| {
                Some(requests(sample) as f64)
            });
            self.series(&format!("shop_request_duration_seconds_sum{{shop=\"{shop}\"}}"), |sample| {
                Some(requests(sample) as f64 * 0.375)
            });
        }
    }

    /// Series that are away for five minutes of every twenty, and one that comes late and leaves early.
    fn queues(&mut self) {
        self.family("shop_queue_length", "gauge");
        for (s, shop) in SHOPS.iter().enumerate() {
            self.series(&format!("shop_queue_length{{shop=\"{shop}\"}}"), |sample| {
                let there = (sample + 20 * s as i64) % 80 < 60;
                there.then_some(((sample * 7 + s as i64 * 13) % 31) as f64)
            });
        }
        self.series("shop_queue_length{shop=\"pop-up\"}", |sample| (200..280).contains(&sample).then_some(1.0));
    }

    fn odd_values(&mut self) {
        self.family("shop_ratio", "gauge");
        for (s, shop) in SHOPS.iter().enumerate() {
            self.series(&format!("shop_ratio{{shop=\"{shop}\"}}"), |sample| {
                Some(match (sample + s as i64) % 12 {
                    0 => f64::NAN,
                    1 => f64::INFINITY,
                    2 => f64::NEG_INFINITY,
                    3 => -0.0,
                    4 => 1e-300,
                    5 => 1.797e308,
                    rest => 1.0 / rest as f64,
                })
            });
        }
    }

    /// What joins are made with. One label value has everything in it that needs quoting.
    fn versions(&mut self) {
        self.family("shop_build", "gauge");
        for (s, shop) in SHOPS.iter().enumerate() {
            let version = ["1.0", "1.1 \\\"beta\\\"", "2.0 \\\\ é"].get(s).copied().unwrap_or_default();
            self.series(&format!("shop_build{{shop=\"{shop}\",version=\"{version}\"}}"), |_| Some(1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_same_at_every_run_and_has_gaps_resets_and_odd_values() {
        let text = text();
        assert_eq!(text, super::text());
        assert!(text.ends_with("# EOF\n"));
        let values = |series: &str| -> Vec<String> {
            let of_series = text.lines().filter_map(|line| line.strip_prefix(series));
            of_series.filter_map(|rest| rest.split_whitespace().next().map(str::to_owned)).collect()
        };
        assert_eq!(values("shop_queue_length{shop=\"pop-up\"}").len(), 80);
        assert!(values("shop_queue_length{shop=\"east\"}").len() < SAMPLES as usize);
        let odd = values("shop_ratio{shop=\"east\"}");
        for value in ["NaN", "+Inf", "-Inf", "-0.0"] {
            assert!(odd.iter().any(|odd| odd == value), "{value}");
        }
        let orders: Vec<f64> =
            values("shop_orders_total{shop=\"east\",kind=\"web\"}").iter().map(|v| v.parse().unwrap()).collect();
        assert_eq!(orders.windows(2).filter(|pair| pair[1] < pair[0]).count(), 2, "resets");
    }
}
