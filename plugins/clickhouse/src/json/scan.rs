//! Where the columns and the rows of a JSONCompact document are, found as its bytes come. Linear: what was looked at is
//! not looked at again. Whether a value is JSON is left to whoever reads it.

use std::ops::Range;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The value of `meta`.
    Meta(Range<usize>),
    /// A row.
    Row(Range<usize>),
    /// The last row was the last.
    End,
    /// The bytes so far do not tell.
    More,
}

/// A row may be so long: in fewer bytes than this, the host takes its values.
const LONGEST: usize = 16 << 20;
/// All before the rows may be so long: that of ten thousand columns is shorter.
const MAX_HEAD: usize = 16 << 20;
/// Keys are short, and looked at again until they are whole.
const MAX_KEY: usize = 256;

/// How far a document is read.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Up to here all is read.
    at: usize,
    /// What was forgotten of the head.
    head: usize,
    part: Part,
    value: Value,
}

/// What stands at the place that is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Key,
    /// The value of a key.
    Meta,
    Data,
    Other,
    Rows,
}

/// A value that is begun.
#[derive(Debug, Default)]
struct Value {
    /// How far it is looked at, from where it begins.
    length: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scanner {
    /// The next thing.
    ///
    /// # Errors
    /// Something that cannot stand there.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<Found, &'static str> {
        if self.part == Part::Rows { self.row(bytes) } else { self.head(bytes) }
    }

    /// Drops what is read from the bytes.
    pub(super) fn forget(&mut self, bytes: &mut Vec<u8>) {
        if self.part != Part::Rows {
            self.head = self.head.saturating_add(self.at);
        }
        bytes.drain(..self.at.min(bytes.len()));
        self.at = 0;
    }

    fn row(&mut self, bytes: &[u8]) -> Result<Found, &'static str> {
        self.skip(bytes, b",");
        match bytes.get(self.at) {
            None => Ok(Found::More),
            Some(b']') => {
                self.at += 1;
                Ok(Found::End)
            }
            Some(b'[') => match self.value(bytes)? {
                Some(row) => Ok(Found::Row(row)),
                None if self.value.length > LONGEST => Err("a row is longer than 16 MiB: select less of it"),
                None => Ok(Found::More),
            },
            Some(_) => Err("something else where a row should be"),
        }
    }

    /// Keys before the rows, and their values.
    fn head(&mut self, bytes: &[u8]) -> Result<Found, &'static str> {
        loop {
            let found = match self.part {
                Part::Key => self.key(bytes)?,
                Part::Data => {
                    self.skip(bytes, b":");
                    match bytes.get(self.at) {
                        Some(b'[') => {
                            self.at += 1;
                            self.part = Part::Rows;
                            return self.row(bytes);
                        }
                        Some(_) => return Err("its rows are no array"),
                        None => false,
                    }
                }
                Part::Meta | Part::Other | Part::Rows => {
                    self.skip(bytes, b":");
                    match (self.value(bytes)?, std::mem::take(&mut self.part)) {
                        (Some(value), Part::Meta) => {
                            self.bounded()?;
                            return Ok(Found::Meta(value));
                        }
                        (Some(_), _) => true,
                        (None, part) => {
                            self.part = part;
                            false
                        }
                    }
                }
            };
            self.bounded()?;
            if !found {
                return Ok(Found::More);
            }
        }
    }

    fn bounded(&self) -> Result<(), &'static str> {
        let head = self.head.saturating_add(self.at).saturating_add(self.value.length);
        if head > MAX_HEAD { Err("its columns are named in more than 16 MiB: select fewer") } else { Ok(()) }
    }

    /// True once a key is read.
    fn key(&mut self, bytes: &[u8]) -> Result<bool, &'static str> {
        self.skip(bytes, b"{,");
        match bytes.get(self.at) {
            Some(b'"') => {}
            Some(_) => return Err("something else where a key should be"),
            None => return Ok(false),
        }
        let start = self.at + 1;
        let rest = bytes.get(start..).unwrap_or_default();
        let Some(end) = rest.iter().take(MAX_KEY).position(|byte| *byte == b'"') else {
            return if rest.len() < MAX_KEY { Ok(false) } else { Err("a key that is longer than 256 bytes") };
        };
        self.part = match rest.get(..end) {
            Some(b"meta") => Part::Meta,
            Some(b"data") => Part::Data,
            _ => Part::Other,
        };
        self.at = start + end + 1;
        Ok(true)
    }

    fn skip(&mut self, bytes: &[u8], also: &[u8]) {
        let rest = bytes.get(self.at..).unwrap_or_default();
        let skipped = |byte: &&u8| byte.is_ascii_whitespace() || also.contains(byte);
        self.at += rest.iter().take_while(skipped).count();
    }

    /// The array or object that begins here, once it is whole.
    fn value(&mut self, bytes: &[u8]) -> Result<Option<Range<usize>>, &'static str> {
        let rest = bytes.get(self.at + self.value.length..).unwrap_or_default();
        for byte in rest {
            self.value.length += 1;
            let value = &mut self.value;
            match byte {
                _ if value.escaped => value.escaped = false,
                b'\\' if value.in_string => value.escaped = true,
                b'"' => value.in_string = !value.in_string,
                _ if value.in_string => {}
                b'[' | b'{' => value.depth += 1,
                b']' | b'}' => value.depth = value.depth.saturating_sub(1),
                _ if value.depth == 0 => return Err("something else where an array should be"),
                _ => {}
            }
            if value.depth == 0 && !value.in_string {
                let range = self.at..self.at + value.length;
                self.at = range.end;
                self.value = Value::default();
                return Ok(Some(range));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DOCUMENT: &str = "{\n\t\"meta\":\n\t[{\"name\": \"a]\\\"\", \"type\": \"String\"}],\n\n\t\"data\":\n\t[\n\t\t[\"]\\\\\", [1]],\n\t\t[\"}\\\"\", {\"a\": 1}]\n\t],\n\n\t\"rows\": 2\n}\n";

    /// What is found where the bytes come in such pieces.
    fn found(pieces: &[&[u8]]) -> Result<Vec<String>, &'static str> {
        let (mut scanner, mut bytes, mut found) = (Scanner::default(), Vec::new(), Vec::new());
        let mut pieces = pieces.iter();
        loop {
            let text = |range: Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
            match scanner.next(&bytes)? {
                Found::Meta(range) => found.push(format!("meta {}", text(range))),
                Found::Row(range) => found.push(text(range)),
                Found::End => return Ok(found),
                Found::More => {
                    scanner.forget(&mut bytes);
                    bytes.extend_from_slice(pieces.next().ok_or("end")?);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn rows_are_found_however_the_bytes_come(sizes in prop::collection::vec(1_usize..20, 0..40)) {
            let (mut rest, mut pieces) = (DOCUMENT.as_bytes(), Vec::new());
            for size in sizes {
                let (piece, after) = rest.split_at(size.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(
                found(&pieces).unwrap(),
                [r#"meta [{"name": "a]\"", "type": "String"}]"#, r#"["]\\", [1]]"#, r#"["}\"", {"a": 1}]"#]
            );
        }
    }

    #[test]
    fn what_was_looked_at_is_not_looked_at_again() {
        let (mut scanner, mut bytes) = (Scanner::default(), b"{\"meta\": [{\"name\": \"a".to_vec());
        assert_eq!(scanner.next(&bytes), Ok(Found::More));
        bytes.fill(b'?');
        bytes.extend_from_slice(b"]\"}], \"data\": [[\"b");
        assert_eq!(scanner.next(&bytes), Ok(Found::Meta(9..25)));
        assert_eq!(scanner.next(&bytes), Ok(Found::More));
        bytes[37..].fill(b'?');
        bytes.extend_from_slice(b"\"]");
        assert_eq!(scanner.next(&bytes), Ok(Found::Row(36..41)));
    }

    #[test]
    fn a_head_has_an_end() {
        let head = |repeated: &str| {
            let (mut scanner, mut bytes) = (Scanner::default(), b"{".to_vec());
            for read in (0..).step_by(repeated.len()) {
                match scanner.next(&bytes) {
                    Ok(found) => {
                        assert!(found == Found::More && read <= MAX_HEAD + repeated.len(), "{read}: {found:?}")
                    }
                    Err(problem) => return (read, problem),
                }
                scanner.forget(&mut bytes);
                bytes.extend_from_slice(repeated.as_bytes());
            }
            (0, "")
        };
        let (one, many) = (format!("\"meta\":[\"{}", "x".repeat(MAX_HEAD)), "\"x\":[[]],".repeat(1 << 10));
        for repeated in [&one, &many, &" ".repeat(1 << 20)] {
            assert_eq!(head(repeated).1, "its columns are named in more than 16 MiB: select fewer");
        }
        let (read, problem) = head(&format!("\"{}", "x".repeat(MAX_KEY)));
        assert!(read < 1_000 && problem == "a key that is longer than 256 bytes", "{read}: {problem}");
    }

    #[test]
    fn an_exception_among_the_rows_is_seen() {
        assert!(found(&[b"{\"meta\":[],\"data\":[[1]Code: 395"]).is_err());
        assert_eq!(found(&[b"{\"meta\":[],\"data\":[[1],"]), Err("end"));
    }
}
