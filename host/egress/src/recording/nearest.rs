//! What a person needs to see why a replay has no answer: the recorded request that is nearest, and how it differs.

use std::{collections::HashMap, time::Duration};

use percent_encoding::percent_decode_str;
use serde_json::Value;
use similar::TextDiff;

use super::content::escape;

/// Most characters of a difference: it goes into an error, and that through the plugin.
const LONGEST_DIFFERENCE: usize = 4000;
/// Longest text that is compared: beyond it the difference says nothing to anybody, and comparing is slow.
const LONGEST_COMPARED: usize = 64 << 10;
/// How long the shortest difference is looked for. A call waits for it, and so do others on its thread.
const PATIENCE: Duration = Duration::from_millis(100);

/// A request as lines: its parameters one by one, its body laid out.
pub(super) fn request_lines(method: &str, url: &str, body: &[u8]) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut lines = format!("{method} {path}\n");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        lines.push_str(&format!("  ?{}\n", decoded(pair)));
    }
    lines.push_str(&body_lines(body));
    lines
}

fn body_lines(body: &[u8]) -> String {
    if body.is_empty() {
        return String::new();
    }
    if let Ok(json) = serde_json::from_slice::<Value>(body)
        && let Ok(text) = serde_json::to_string_pretty(&json)
    {
        return format!("{text}\n");
    }
    match std::str::from_utf8(body) {
        Ok(text) if text.contains('=') && !text.contains(char::is_whitespace) => {
            text.split('&').map(|pair| format!("  {}\n", decoded(pair))).collect()
        }
        Ok(text) => format!("{}\n", text.trim_end_matches('\n')),
        Err(_) => byte_lines(body),
    }
}

/// Bytes of a protocol as lines: a stretch of text, or of what is none, each.
pub(super) fn byte_lines(bytes: &[u8]) -> String {
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~');
    bytes
        .chunk_by(|one, next| is_text(one) == is_text(next) && *one != b'\n')
        .map(|stretch| format!("{}\n", escape(stretch)))
        .collect()
}

fn decoded(pair: &str) -> String {
    percent_decode_str(&pair.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Of several texts the one most like `asked`, with its number. Which lines they share says enough; in what order would cost
/// far more, for each that was recorded and at each miss.
pub(super) fn nearest<'a>(asked: &str, recorded: impl Iterator<Item = (usize, &'a str)>) -> Option<usize> {
    let mut lines: HashMap<&str, usize> = HashMap::new();
    for line in start(asked).lines() {
        *lines.entry(line).or_default() += 1;
    }
    let asked: usize = lines.values().sum();
    let likeness = |text: &str| {
        let (mut left, mut shared, mut all) = (lines.clone(), 0_usize, asked);
        for line in start(text).lines() {
            all += 1;
            if let Some(more) = left.get_mut(line).filter(|more| **more > 0) {
                *more -= 1;
                shared += 1;
            }
        }
        shared as f64 / all.max(1) as f64
    };
    let best = recorded.map(|(number, text)| (number, likeness(text)));
    // The first of those that are alike.
    best.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(number, _)| number)
}

/// The lines that differ, and some around them.
pub(super) fn difference(name: &str, recorded: &str, asked: &str) -> String {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(start(recorded), start(asked));
    let shown = diff.unified_diff().context_radius(2).header(name, "asked now").to_string();
    let end = shown.floor_char_boundary(LONGEST_DIFFERENCE);
    match shown.get(..end) {
        Some(start) if end < shown.len() => format!("{start}…"),
        _ => shown,
    }
}

fn start(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_COMPARED)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn parameters_stand_on_lines_of_their_own() {
        let lines = request_lines("POST", "http://h/api?a=1&b=x%20y", b"query=up%7B%7D&step=15");
        assert_eq!(lines, "POST http://h/api\n  ?a=1\n  ?b=x y\n  query=up{}\n  step=15\n");
    }

    #[test]
    fn the_nearest_is_found_and_only_what_differs_is_shown() {
        let texts = ["GET http://h/a\n", "GET http://h/b\n  ?q=1\n  ?r=2\n"];
        let asked = "GET http://h/b\n  ?q=1\n  ?r=3\n";
        assert_eq!(nearest(asked, texts.into_iter().enumerate()), Some(1));
        let shown = difference("http/0002.json", texts[1], asked);
        assert!(shown.contains("-  ?r=2\n+  ?r=3\n") && shown.contains("--- http/0002.json"), "{shown}");
    }

    #[test]
    fn many_long_bodies_that_differ_are_looked_through_in_a_moment() {
        let body = |from: usize| (from..from + 15_000).map(|number| format!("{number}\n")).collect::<String>();
        let recorded: Vec<String> = (1..100).map(|number| body(number * 20_000)).collect();
        let started = Instant::now();
        let found = nearest(&body(0), recorded.iter().map(String::as_str).enumerate()).unwrap();
        let first = format!("-{}\n", (found + 1) * 20_000);
        assert!(difference("name", &recorded[found], &body(0)).contains(&first));
        assert!(started.elapsed() < PATIENCE * 50, "{:?}", started.elapsed());
    }

    #[test]
    fn bytes_of_a_protocol_are_cut_where_text_begins() {
        assert_eq!(byte_lines(b"Q\0\0\0\x09SELECT 1\0"), "Q\n\\x00\\x00\\x00\\t\nSELECT 1\n\\x00\n");
    }
}
