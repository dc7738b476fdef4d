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

/// A row or a value may be so long.
const LONGEST: usize = 64 << 20;

/// How far a document is read.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Up to here all is read.
    at: usize,
    in_rows: bool,
    value: Value,
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
        if self.in_rows { self.row(bytes) } else { self.head(bytes) }
    }

    /// Drops what is read from the bytes.
    pub(super) fn forget(&mut self, bytes: &mut Vec<u8>) {
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
            Some(b'[') => Ok(self.value(bytes)?.map_or(Found::More, Found::Row)),
            Some(_) => Err("something else where a row should be"),
        }
    }

    /// Keys before the rows. They are short, and looked at again until the value behind them is whole.
    fn head(&mut self, bytes: &[u8]) -> Result<Found, &'static str> {
        loop {
            self.skip(bytes, b"{,");
            let start = self.at;
            let Some(rest) = bytes.get(start + 1..) else { return Ok(Found::More) };
            if bytes.get(start) != Some(&b'"') {
                return Err("something else where a key should be");
            }
            let Some(end) = rest.iter().position(|byte| *byte == b'"') else { return Ok(Found::More) };
            let key = rest.get(..end).unwrap_or_default();
            self.at = start + end + 2;
            self.skip(bytes, b":");
            if key == b"data" {
                return match bytes.get(self.at) {
                    Some(b'[') => {
                        self.at += 1;
                        self.in_rows = true;
                        self.row(bytes)
                    }
                    Some(_) => Err("its rows are no array"),
                    None => {
                        self.at = start;
                        Ok(Found::More)
                    }
                };
            }
            match self.value(bytes)? {
                Some(value) if key == b"meta" => return Ok(Found::Meta(value)),
                Some(_) => {}
                None => {
                    self.value = Value::default();
                    self.at = start;
                    return Ok(Found::More);
                }
            }
        }
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
        if self.value.length > LONGEST {
            return Err("a row is longer than 64 MiB: select less of it");
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
    fn an_exception_among_the_rows_is_seen() {
        assert!(found(&[b"{\"meta\":[],\"data\":[[1]Code: 395"]).is_err());
        assert_eq!(found(&[b"{\"meta\":[],\"data\":[[1],"]), Err("end"));
    }
}
