//! What was expected beside what came, as people read differences.

use similar::TextDiff;

/// Lines of a difference that are shown: more than that is another answer altogether.
const MOST_LINES: usize = 120;

/// The lines that differ with some around them; `None` where there are none.
pub(crate) fn difference(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let diff = TextDiff::from_lines(expected, actual);
    let shown = diff.unified_diff().context_radius(3).header("expected", "actual").to_string();
    let lines: Vec<&str> = shown.lines().collect();
    let left_out = lines.len().saturating_sub(MOST_LINES);
    let mut text = lines.iter().take(MOST_LINES).copied().collect::<Vec<_>>().join("\n");
    if left_out > 0 {
        text.push_str(&format!("\n… and {left_out} lines more"));
    }
    Some(text)
}
