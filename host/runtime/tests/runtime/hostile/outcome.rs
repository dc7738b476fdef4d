//! What a caller saw, in a line of text, and whether that is what was expected.

use futures::StreamExt;
use std::collections::BTreeMap;
use wellhead_runtime::{
    CallResourceResponse, CheckHealthResult, DataResponse, GuestError, Piece, PluginError, QueryDataReply,
};

/// Longest message shown.
const SHOWN: usize = 400;

/// Reads a reply to its end without keeping its rows.
pub(super) async fn of_query(reply: Result<QueryDataReply, PluginError>) -> String {
    let QueryDataReply { ready, mut rest } = match reply {
        Ok(reply) => reply,
        Err(error) => return cut(&error.to_string()),
    };
    let mut answers: Vec<String> = ready.iter().map(|answer| of_answer(answer, 0)).collect();
    let mut streamed: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(pieces) = rest.as_mut() {
        match pieces.next().await {
            Some(Ok(Piece::Begin { ref_id, .. })) => *streamed.entry(ref_id).or_default() += 1,
            Some(Ok(Piece::Batch { .. })) => {}
            Some(Ok(Piece::Done(answer))) => {
                let begun = streamed.get(&answer.ref_id).copied().unwrap_or_default();
                answers.push(of_answer(&answer, begun));
            }
            Some(Err(error)) => {
                answers.push(cut(&error.to_string()));
                rest = None;
            }
            None => rest = None,
        }
    }
    answers.sort();
    answers.join("; ")
}

fn of_answer(answer: &DataResponse, streamed: usize) -> String {
    let DataResponse { ref_id, status, frames, error } = answer;
    let frames = frames.len() + streamed;
    let with_frames = if frames > 0 { format!(", frames: {frames}") } else { String::new() };
    let error = error.as_ref().map(|error| format!(": {}", of_error(error))).unwrap_or_default();
    format!("{ref_id} {status}{with_frames}{error}")
}

fn of_error(error: &GuestError) -> String {
    let details = error.details.as_ref().map(|details| format!(" {}", cut(details))).unwrap_or_default();
    format!("{}{details}", cut(&error.message))
}

pub(super) fn of_health(health: Result<CheckHealthResult, PluginError>) -> String {
    match health {
        Ok(health) => format!("{:?}: {}", health.status, cut(&health.message)),
        Err(error) => cut(&error.to_string()),
    }
}

/// The head, or the error that came in its place.
pub(super) fn of_head(response: &CallResourceResponse) -> String {
    format!("{} with {} headers", response.status.as_u16(), response.headers.len())
}

pub(super) fn of_body(body: Result<usize, PluginError>) -> String {
    match body {
        Ok(bytes) => format!("{bytes} bytes"),
        Err(error) => cut(&error.to_string()),
    }
}

pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} [{} bytes]", text.get(..end).unwrap_or_default(), text.len()),
        None => text.to_owned(),
    }
}

/// Whether `text` is `pattern`, in which `…` stands for anything.
pub(super) fn matches(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            let Some(at) = rest.find(before) else { return false };
            rest = &rest[at + before.len()..];
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[test]
fn a_pattern_is_the_whole_text_with_gaps() {
    assert!(matches("a b c", "a b c") && matches("a b c", "a … c") && matches("a b c", "…b…"));
    assert!(matches("a b c", "…") && matches("", "") && matches("abab", "a…ab"));
    assert!(!matches("a b c", "a b") && !matches("a b c", "b…") && !matches("a b", "a…b…b") && !matches("a", ""));
}
