//! What was expected beside what came, as people read differences.

use similar::TextDiff;
use std::time::Duration;

/// Lines of a difference that are shown: more than that is another answer altogether.
const MOST_LINES: usize = 120;
/// How long the shortest difference is looked for: that takes time with the square of what differs. What is left then is
/// told as taken out and put in.
const PATIENCE: Duration = Duration::from_secs(1);

/// The lines that differ with some around them; `None` where there are none.
pub(crate) fn difference(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(expected, actual);
    let shown = diff.unified_diff().context_radius(3).header("expected", "actual").to_string();
    let lines: Vec<&str> = shown.lines().collect();
    let left_out = lines.len().saturating_sub(MOST_LINES);
    let mut text = lines.iter().take(MOST_LINES).copied().collect::<Vec<_>>().join("\n");
    if left_out > 0 {
        text.push_str(&format!("\n… and {left_out} lines more"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn answers_that_have_nothing_in_common_are_told_in_a_moment() {
        let lines = |from: usize| (from..from + 100_000).map(|number| format!("{number}\n")).collect::<String>();
        let started = Instant::now();
        let said = difference(&lines(0), &lines(200_000)).unwrap();
        assert!(said.contains("\n-0\n") && said.ends_with("lines more"), "{said}");
        assert!(started.elapsed() < PATIENCE * 10, "{:?}", started.elapsed());
    }
}
