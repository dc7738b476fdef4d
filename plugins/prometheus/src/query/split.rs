//! A long range cut into parts that are asked for side by side.
//! Promises that the parts evaluate the same instants as the whole, each once: every part begins one step after the
//! one before it ends.

use std::time::Duration;

use super::Query;

/// At most so many parts, however short they were asked to be: each is a request of its own.
const MAX_PARTS: i64 = 256;

/// A piece of a range query. Both ends are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// First instant, milliseconds since the epoch.
    pub start: i64,
    /// Last instant.
    pub end: i64,
}

/// The parts of a range query, in order, each no longer than `longest` (but for the bound on their number); the whole
/// as one part where `longest` is None, or where the text could tell a part from the whole.
pub fn parts(query: &Query, longest: Option<Duration>) -> Vec<Part> {
    let whole = Part { start: query.start, end: query.end };
    let Some(longest) = longest else { return vec![whole] };
    // `@ start()` and `@ end()` mean the ends of the request. The sign in a label's value only costs the split.
    if query.expr.contains('@') {
        return vec![whole];
    }
    let step = query.step_millis();
    let longest = i64::try_from(longest.as_millis()).unwrap_or(i64::MAX);
    let steps = whole.end.saturating_sub(whole.start).max(0) / step;
    let fewest = steps / MAX_PARTS + 1;
    let steps_in_part = (longest / step).max(fewest);
    let part_at = |first: i64| {
        let last = first.saturating_add(steps_in_part - 1).min(steps);
        // Neither product exceeds `end - start`.
        Part { start: whole.start + first * step, end: whole.start + last * step }
    };
    (0..=steps).step_by(usize::try_from(steps_in_part).unwrap_or(usize::MAX)).map(part_at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(start: i64, end: i64, step: u64, expr: &str) -> Query {
        Query {
            expr: expr.to_owned(),
            step: Duration::from_millis(step),
            start,
            end,
            time: end,
            range: true,
            instant: false,
            exemplar: false,
            legend_format: String::new(),
        }
    }

    fn instants(part: Part, step: i64) -> Vec<i64> {
        (0..).map(|n| part.start + n * step).take_while(|&at| at <= part.end).collect()
    }

    #[test]
    fn the_parts_evaluate_the_instants_of_the_whole_each_once() {
        for step in [1_i64, 7, 15_000] {
            for steps in [0, 1, 2, 59, 60, 61, 1_000] {
                for longest in [1, step, 2 * step - 1, 2 * step, 60 * step, 5_000 * step] {
                    let start = -3 * step;
                    let whole = query(start, start + steps * step, step as u64, "up");
                    let parts = parts(&whole, Some(Duration::from_millis(longest as u64)));
                    let joined: Vec<i64> = parts.iter().flat_map(|&part| instants(part, step)).collect();
                    let expected = instants(Part { start: whole.start, end: whole.end }, step);
                    assert_eq!(joined, expected, "step {step}, {steps} steps, longest {longest}");
                    assert!(parts.len() as i64 <= MAX_PARTS);
                }
            }
        }
    }

    #[test]
    fn a_part_is_no_longer_than_asked() {
        let whole = query(0, 86_400_000, 15_000, "up");
        let parts = parts(&whole, Some(Duration::from_secs(6 * 3_600)));
        assert_eq!(parts.len(), 5, "four parts of six hours, and the last instant");
        assert!(parts.iter().all(|part| part.end - part.start <= 6 * 3_600_000));
    }

    #[test]
    fn what_depends_on_the_ends_of_the_range_is_not_split() {
        let whole = query(0, 86_400_000, 15_000, "up @ end()");
        assert_eq!(parts(&whole, Some(Duration::from_secs(60))).len(), 1);
        assert_eq!(parts(&query(0, 86_400_000, 15_000, "up"), None).len(), 1);
    }
}
