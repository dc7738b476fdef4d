//! Resource paths that cannot climb out of the data source's URL, however often somebody decodes them on the way.

use crate::QueryError;
use percent_encoding::percent_decode_str;

/// Checks a path as it came, percent-encoded and without a leading slash.
pub(crate) fn check(path: &str) -> Result<(), QueryError> {
    let refused = |reason| Err(QueryError::ForbiddenPath { path: path.to_owned(), reason });
    let mut decoded = path.as_bytes().to_vec();
    // Each round only shortens it, so that this ends.
    loop {
        if decoded.contains(&0) {
            return refused("it has a NUL byte");
        }
        if decoded.contains(&b'\\') {
            return refused("it has a backslash");
        }
        if decoded.split(|byte| *byte == b'/').any(|segment| segment == b"..") {
            return refused("it has a \"..\" segment");
        }
        let next: Vec<u8> = percent_encoding::percent_decode(&decoded).collect();
        if next == decoded {
            return if percent_decode_str(path).decode_utf8().is_err() { refused("it is not UTF-8") } else { Ok(()) };
        }
        decoded = next;
    }
}

#[cfg(test)]
mod tests {
    use super::check;

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
}
