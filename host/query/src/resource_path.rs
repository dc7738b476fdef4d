//! Paths that cannot leave the data source's URL, however often somebody decodes them on the way.

use crate::QueryError;
use percent_encoding::{percent_decode, percent_decode_str};

/// How often a path is decoded at most. Servers and the proxies in front of them decode once or twice; each round reads
/// the whole path, so that one encoded thousands of times over would keep a thread busy.
const MAX_ROUNDS: usize = 8;
/// Of a refused path, in the words of its refusal.
const SHOWN_CHARS: usize = 256;

/// Checks a path as it came, percent-encoded and without a leading slash.
pub(crate) fn check(path: &str) -> Result<(), QueryError> {
    let refused = |reason| Err(QueryError::ForbiddenPath { path: path.chars().take(SHOWN_CHARS).collect(), reason });
    let mut rounds = Rounds::of(path);
    for decoded in rounds.by_ref() {
        if decoded.contains(&0) {
            return refused("it has a NUL byte");
        }
        if decoded.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return refused("it has a line break");
        }
        if decoded.contains(&b'\\') {
            return refused("it has a backslash");
        }
        if decoded.split(|byte| *byte == b'/').any(|segment| segment == b"..") {
            return refused("it has a \"..\" segment");
        }
    }
    if rounds.next.is_some() {
        return refused("it is percent-encoded more than 8 times over: encode it once");
    }
    if percent_decode_str(path).decode_utf8().is_err() { refused("it is not UTF-8") } else { Ok(()) }
}

/// Checks a path that is put behind a URL: it must not be one itself, nor name a host.
pub(crate) fn check_proxied(path: &str) -> Result<(), QueryError> {
    check(path)?;
    let refused = |reason| Err(QueryError::ForbiddenPath { path: path.to_owned(), reason });
    let decoded = decoded(path);
    if decoded.starts_with('/') {
        return refused("it begins with a second slash, which could name a host");
    }
    let scheme = decoded.split_once("://").map(|(scheme, _)| scheme);
    let is_scheme = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    if scheme.is_some_and(is_scheme) {
        return refused("it is a URL of its own: send what follows the data source's URL");
    }
    Ok(())
}

/// The segments of a path, decoded as often as it can be, without those that say nothing.
pub(crate) fn segments(path: &str) -> Vec<String> {
    let is_said = |segment: &&str| !segment.is_empty() && *segment != ".";
    decoded(path).split('/').filter(is_said).map(str::to_owned).collect()
}

/// A path that was [checked](check), decoded as often as it can be.
fn decoded(path: &str) -> String {
    Rounds::of(path).last().map_or_else(String::new, |decoded| String::from_utf8_lossy(&decoded).into_owned())
}

/// A path as it came, then decoded once, twice, and so on until that changes nothing, or the rounds are used up.
struct Rounds {
    /// `None` once decoding has changed nothing.
    next: Option<Vec<u8>>,
    left: usize,
}

impl Rounds {
    fn of(path: &str) -> Self {
        Self { next: Some(path.as_bytes().to_vec()), left: MAX_ROUNDS + 1 }
    }
}

impl Iterator for Rounds {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(1)?;
        let this = self.next.take()?;
        let decoded: Vec<u8> = percent_decode(&this).collect();
        self.next = (decoded != this).then_some(decoded);
        Some(this)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_pass() {
        for path in ["", "api/v1/labels", "a%20b", "label/job%2Finstance/values", "..a/b..", "a/.../b", "100%", "%zz"] {
            assert!(check(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_climb_is_refused_in_every_disguise() {
        for path in [
            "..",
            "a/../b",
            "a/..",
            "%2e%2e/x",
            "%2E./x",
            "a%2f..%2fb",
            "%252e%252e/x",
            "%25252e%25252e",
            "a%00b",
            "a\\..\\b",
            "a%5cb",
            "%255c",
            "%ff",
        ] {
            assert!(check(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_path_is_decoded_a_few_times_and_refused_where_that_is_not_enough() {
        let encoded = |times: usize| format!("a%{}2Fb", "25".repeat(times));
        assert!(check(&encoded(MAX_ROUNDS - 1)).is_ok());
        assert_eq!(segments(&encoded(MAX_ROUNDS - 1)), ["a", "b"], "what was let through was read to its end");
        assert!(check(&encoded(MAX_ROUNDS)).is_err());
        let long = check_proxied(&encoded(30_000)).unwrap_err().to_string();
        assert!(long.contains("more than 8 times") && long.len() < 1_000, "{} bytes", long.len());
    }

    #[test]
    fn a_proxied_path_is_no_url_and_names_no_host() {
        for path in ["/evil.example", "%2fevil.example", "%252F/x", "http://evil.example", "HTTP:%2f%2fevil", "a/../b"]
        {
            assert!(check_proxied(path).is_err(), "{path}");
        }
        for path in ["", "api/v1/labels", "a/http://b", "label/job%2Fx", "a:b", ":80/x", "@evil/", "a//b"] {
            assert!(check_proxied(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn segments_are_what_a_server_could_take_them_for() {
        assert_eq!(segments("/a//./b%2Fc%252Fd/"), ["a", "b", "c", "d"]);
        assert!(segments("").is_empty());
    }
}
