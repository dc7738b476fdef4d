//! Grafana's built-in variables in a PromQL text, in both spellings: `$__interval` and `${__interval}`.
//! Promises Grafana's values. Leaves every other variable alone: dashboards replace those before they send a query.

use std::time::Duration;

use super::duration;

/// The values to put in.
#[derive(Debug, Clone, Copy)]
pub struct Variables {
    /// `$__interval`, `$__interval_ms`: the step.
    pub step: Duration,
    /// `$__rate_interval`, `$__rate_interval_ms`.
    pub rate_interval: Duration,
    /// `$__range`, `$__range_s`, `$__range_ms`.
    pub range: Duration,
}

/// A variable that stands for an interval, where the query's own `interval` names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalVariable {
    /// `$__interval` or `$__interval_ms`.
    Interval,
    /// `$__rate_interval` or `$__rate_interval_ms`.
    Rate,
}

/// The variable that `interval` consists of, if it is one.
pub fn interval_variable(interval: &str) -> Option<IntervalVariable> {
    let name = interval.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).or(interval.strip_prefix('$'))?;
    match name {
        "__interval" | "__interval_ms" => Some(IntervalVariable::Interval),
        "__rate_interval" | "__rate_interval_ms" => Some(IntervalVariable::Rate),
        _ => None,
    }
}

/// Longer names first: `__range` begins `__range_ms`.
const NAMES: [&str; 7] =
    ["__interval_ms", "__interval", "__range_ms", "__range_s", "__range", "__rate_interval_ms", "__rate_interval"];

impl Variables {
    /// `expr` with every built-in variable replaced.
    pub fn replace_in(&self, expr: &str) -> String {
        let mut out = String::with_capacity(expr.len());
        let mut rest = expr;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            rest = match self.value_at(from) {
                Some((value, after)) => {
                    out.push_str(&value);
                    after
                }
                None => {
                    out.push('$');
                    from.strip_prefix('$').unwrap_or_default()
                }
            };
        }
        out.push_str(rest);
        out
    }

    /// The value of the variable that `text` begins with, and what follows it.
    fn value_at<'t>(&self, text: &'t str) -> Option<(String, &'t str)> {
        let (body, end) = match text.strip_prefix("${") {
            Some(body) => (body, "}"),
            None => (text.strip_prefix('$')?, ""),
        };
        NAMES.into_iter().find_map(|name| {
            let after = body.strip_prefix(name)?.strip_prefix(end)?;
            Some((self.value_of(name)?, after))
        })
    }

    fn value_of(&self, name: &str) -> Option<String> {
        Some(match name {
            "__interval_ms" => self.step.as_millis().to_string(),
            "__interval" => duration::in_one_unit(self.step),
            "__range_ms" => self.range.as_millis().to_string(),
            "__range_s" => rounded_seconds(self.range).to_string(),
            "__range" => format!("{}s", rounded_seconds(self.range)),
            "__rate_interval_ms" => self.rate_interval.as_millis().to_string(),
            "__rate_interval" => duration::as_go_writes(self.rate_interval),
            _ => return None,
        })
    }
}

fn rounded_seconds(range: Duration) -> u128 {
    (range.as_millis() + 500) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Variables = Variables {
        step: Duration::from_secs(120),
        rate_interval: Duration::from_secs(135),
        range: Duration::from_secs(172_800),
    };

    #[test]
    fn both_spellings_of_every_variable_are_replaced() {
        let cases = [
            ("interval", "2m"),
            ("interval_ms", "120000"),
            ("rate_interval", "2m15s"),
            ("rate_interval_ms", "135000"),
            ("range", "172800s"),
            ("range_s", "172800"),
            ("range_ms", "172800000"),
        ];
        for (name, value) in cases {
            assert_eq!(VALUES.replace_in(&format!("rate(a[$__{name}]) + 1")), format!("rate(a[{value}]) + 1"));
            assert_eq!(VALUES.replace_in(&format!("rate(a[${{__{name}}}s])")), format!("rate(a[{value}s])"));
        }
    }

    #[test]
    fn other_dollars_stay_as_they_are() {
        for expr in
            ["label_replace(a, \"x\", \"$1\", \"y\", \"(.*)$\")", "$", "${", "${__range", "$__foo", "up{a=\"é$\"}"]
        {
            assert_eq!(VALUES.replace_in(expr), expr);
        }
    }

    #[test]
    fn a_range_is_rounded_to_the_nearest_second() {
        for (millis, seconds) in [(20, "0"), (499, "0"), (500, "1"), (1_499, "1")] {
            let values = Variables { range: Duration::from_millis(millis), ..VALUES };
            assert_eq!(values.replace_in("$__range_s"), seconds);
        }
    }

    #[test]
    fn an_interval_that_is_a_variable_is_known_as_such() {
        assert_eq!(interval_variable("$__interval"), Some(IntervalVariable::Interval));
        assert_eq!(interval_variable("${__interval_ms}"), Some(IntervalVariable::Interval));
        assert_eq!(interval_variable("${__rate_interval}"), Some(IntervalVariable::Rate));
        for other in ["", "15s", "$__range", "${__interval", "__interval"] {
            assert_eq!(interval_variable(other), None, "{other}");
        }
    }
}
