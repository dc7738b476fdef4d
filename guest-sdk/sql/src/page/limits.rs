//! Where a statement's limit is, and how a page's is put there: by its tokens outside of brackets. What the statement means
//! beyond that is the server's.

use crate::{Dialect, Token, TokenKind, Tokens};

/// The statement with a page's limit.
pub(super) fn cut(dialect: Dialect, statement: &str, limit: u64, offset: u64) -> String {
    let code = Code::of(dialect, statement);
    let tail = code.tail(dialect).unwrap_or(code.0.len());
    let limits = code.find(0, |at| code.is_limit(dialect, at)).unwrap_or(tail);
    let split = |at| statement.split_at_checked(code.start(at).unwrap_or(statement.len())).unwrap_or((statement, ""));
    let put = |query: &str, limit: u64, offset: u64, tail: &str| {
        let between = if tail.is_empty() { "" } else { "\n" };
        format!("{}\nLIMIT {limit} OFFSET {offset}{between}{tail}", query.trim_end())
    };
    let own = code.own_limit(dialect, limits, tail).filter(|_| !code.is_union(dialect));
    if let Some(own) = own {
        let (limit, offset) = (own.limit.saturating_sub(offset).min(limit), own.offset.saturating_add(offset));
        return put(split(limits).0, limit, offset, split(tail).1);
    }
    // ClickHouse's settings and format are those of the whole. What MySQL and PostgreSQL have there is a part's.
    let (inner, tail) = if dialect == Dialect::ClickHouse { split(tail) } else { (statement, "") };
    put(&format!("SELECT * FROM (\n{}\n) AS page", inner.trim_end()), limit, offset, tail)
}

/// A statement's own limit; without one, all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Own {
    limit: u64,
    offset: u64,
}

impl Default for Own {
    fn default() -> Self {
        Self { limit: u64::MAX, offset: 0 }
    }
}

/// The tokens outside of brackets that are no white space and no comments; of brackets there are the outermost ones.
struct Code<'a>(Vec<Token<'a>>);

impl<'a> Code<'a> {
    fn of(dialect: Dialect, statement: &'a str) -> Self {
        let mut depth = 0_usize;
        let outside = Tokens::new(dialect, statement).filter(|token| {
            let is_outside = depth == 0;
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                TokenKind::Comment => return false,
                TokenKind::Other if token.text.trim().is_empty() => return false,
                _ => {}
            }
            is_outside
        });
        Self(outside.collect())
    }

    fn start(&self, at: usize) -> Option<usize> {
        self.0.get(at).map(|token| token.start)
    }

    fn find(&self, from: usize, holds: impl Fn(usize) -> bool) -> Option<usize> {
        (from..self.0.len()).find(|at| holds(*at))
    }

    /// Whether a word of the list is there, and no name: reserved words are names behind a point and behind `AS`.
    fn is(&self, at: usize, words: &[&str]) -> bool {
        let is_word = self.text(at).is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)));
        let before = at.checked_sub(1).and_then(|at| self.0.get(at));
        is_word
            && !before
                .is_some_and(|before| before.text.trim_end().ends_with('.') || before.text.eq_ignore_ascii_case("as"))
    }

    /// A word's text.
    fn text(&self, at: usize) -> Option<&'a str> {
        self.0.get(at).filter(|token| token.kind == TokenKind::Word).map(|token| token.text)
    }

    fn number(&self, at: usize) -> Option<u64> {
        let digits = self.text(at).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse().ok()
    }

    /// The beginning of what must come behind a limit.
    fn tail(&self, dialect: Dialect) -> Option<usize> {
        let begins = |at: usize| match dialect {
            Dialect::Postgres { .. } => self.is(at, &["for"]) && self.is(at + 1, &["update", "no", "share", "key"]),
            Dialect::MySql { .. } => {
                (self.is(at, &["for"]) && self.is(at + 1, &["update", "share"]))
                    || (self.is(at, &["lock"]) && self.is(at + 1, &["in"]))
                    || self.is(at, &["into", "procedure"])
            }
            Dialect::ClickHouse => {
                self.is_setting(at) || self.is_format(at) || (self.is(at, &["into"]) && self.is(at + 1, &["outfile"]))
            }
        };
        let found = self.find(0, begins)?;
        // Parts of a ClickHouse UNION may have settings of their own.
        self.find(found, |at| self.is(at, UNIONS)).is_none().then_some(found)
    }

    /// `SETTINGS name = value`, and not a table or a column of that name.
    fn is_setting(&self, at: usize) -> bool {
        let equals = |token: &Token<'_>| token.text.trim_start().starts_with('=');
        self.is(at, &["settings"]) && self.text(at + 1).is_some() && self.0.get(at + 2).is_some_and(equals)
    }

    /// `FORMAT Name` at the end, or before settings.
    fn is_format(&self, at: usize) -> bool {
        let is_end = at + 2 == self.0.len() || self.is_setting(at + 2);
        let follows = at.checked_sub(1).and_then(|at| self.text(at)).is_none_or(|word| {
            !["select", "from", "join", "by", "where", "on"].iter().any(|clause| word.eq_ignore_ascii_case(clause))
        });
        at > 0 && follows && is_end && self.is(at, &["format"]) && self.text(at + 1).is_some()
    }

    /// Whether a limit begins here. To MySQL, `offset` is a name unless a number follows.
    fn is_limit(&self, dialect: Dialect, at: usize) -> bool {
        match dialect {
            Dialect::MySql { .. } => {
                let has_number = self.number(at + 1).is_some()
                    || self.0.get(at + 1).is_some_and(|next| next.text.trim_start().starts_with(['?', '@']));
                self.is(at, &["limit", "fetch"]) || (self.is(at, &["offset"]) && has_number)
            }
            _ => self.is(at, &["limit", "offset", "fetch"]),
        }
    }

    /// Whether a limit behind the query would be that of its last part.
    fn is_union(&self, dialect: Dialect) -> bool {
        dialect == Dialect::ClickHouse && self.find(0, |at| self.is(at, UNIONS)).is_some()
    }

    /// What the limit between two places says, where it is plain numbers and nothing else is there.
    fn own_limit(&self, dialect: Dialect, from: usize, end: usize) -> Option<Own> {
        let is_rows = |at| self.is(at, &["row", "rows"]);
        let is_postgres = matches!(dialect, Dialect::Postgres { .. });
        let mut own = Own::default();
        let (mut has_limit, mut has_offset) = (false, false);
        let mut at = from;
        while at < end {
            let number = self.number(at + 1)?;
            if self.is(at, &["limit"]) && !has_limit {
                has_limit = true;
                own.limit = number;
                // MySQL and ClickHouse: `LIMIT offset, limit`.
                if self.0.get(at + 2).is_some_and(|next| next.kind == TokenKind::Comma) && !is_postgres && !has_offset {
                    has_offset = true;
                    own = Own { limit: self.number(at + 3)?, offset: number };
                    at += 2;
                }
                at += 2;
            } else if self.is(at, &["offset"]) && !has_offset && (has_limit || is_postgres) {
                has_offset = true;
                own.offset = number;
                at += if is_postgres && is_rows(at + 2) { 3 } else { 2 };
            } else {
                return None;
            }
        }
        (at == end).then_some(own)
    }
}

/// What joins queries.
const UNIONS: &[&str] = &["union", "intersect", "except"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(dialect: Dialect, cases: &[(&str, &str)]) {
        for (statement, expected) in cases {
            assert_eq!(cut(dialect, statement, 10, 20).replace('\n', " "), *expected, "{statement}");
        }
    }

    #[track_caller]
    fn is_wrapped(dialect: Dialect, statements: &[&str]) {
        for statement in statements {
            let expected = format!("SELECT * FROM (\n{statement}\n) AS page\nLIMIT 10 OFFSET 20");
            assert_eq!(cut(dialect, statement, 10, 20), expected);
        }
    }

    #[test]
    fn a_limit_goes_behind_the_query_and_before_what_must_come_last() {
        becomes(
            Dialect::mysql(),
            &[
                ("SELECT * FROM settings ORDER BY id", "SELECT * FROM settings ORDER BY id LIMIT 10 OFFSET 20"),
                ("SELECT FORMAT(v, 2) FROM t", "SELECT FORMAT(v, 2) FROM t LIMIT 10 OFFSET 20"),
                ("SELECT offset, t.limit FROM t -- x", "SELECT offset, t.limit FROM t -- x LIMIT 10 OFFSET 20"),
                ("SELECT a UNION SELECT b ORDER BY 1", "SELECT a UNION SELECT b ORDER BY 1 LIMIT 10 OFFSET 20"),
                ("(SELECT a LIMIT 3) UNION SELECT b", "(SELECT a LIMIT 3) UNION SELECT b LIMIT 10 OFFSET 20"),
                ("SELECT a FROM t FOR UPDATE NOWAIT", "SELECT a FROM t LIMIT 10 OFFSET 20 FOR UPDATE NOWAIT"),
                ("SELECT a FROM t LOCK IN SHARE MODE", "SELECT a FROM t LIMIT 10 OFFSET 20 LOCK IN SHARE MODE"),
                ("SELECT a FROM t INTO @a", "SELECT a FROM t LIMIT 10 OFFSET 20 INTO @a"),
                (
                    "SELECT a FROM t FORCE INDEX FOR JOIN (i)",
                    "SELECT a FROM t FORCE INDEX FOR JOIN (i) LIMIT 10 OFFSET 20",
                ),
            ],
        );
        becomes(
            Dialect::postgres(),
            &[
                ("SELECT a AS limit FROM settings", "SELECT a AS limit FROM settings LIMIT 10 OFFSET 20"),
                ("SELECT a EXCEPT SELECT b", "SELECT a EXCEPT SELECT b LIMIT 10 OFFSET 20"),
                ("SELECT a FROM t FOR NO KEY UPDATE", "SELECT a FROM t LIMIT 10 OFFSET 20 FOR NO KEY UPDATE"),
            ],
        );
        becomes(
            Dialect::ClickHouse,
            &[
                (
                    "SELECT a FROM (SELECT a LIMIT 3) ORDER BY a",
                    "SELECT a FROM (SELECT a LIMIT 3) ORDER BY a LIMIT 10 OFFSET 20",
                ),
                ("SELECT `limit`, 'for' FROM t", "SELECT `limit`, 'for' FROM t LIMIT 10 OFFSET 20"),
                ("SELECT format, settings FROM format", "SELECT format, settings FROM format LIMIT 10 OFFSET 20"),
                ("SELECT format a FROM settings", "SELECT format a FROM settings LIMIT 10 OFFSET 20"),
                ("SELECT a SETTINGS x = 1, y = 2", "SELECT a LIMIT 10 OFFSET 20 SETTINGS x = 1, y = 2"),
                ("SELECT a FORMAT JSON", "SELECT a LIMIT 10 OFFSET 20 FORMAT JSON"),
                ("SELECT a LIMIT 25 SETTINGS x = 1", "SELECT a LIMIT 5 OFFSET 20 SETTINGS x = 1"),
            ],
        );
    }

    #[test]
    fn a_limit_of_plain_numbers_is_narrowed() {
        let shared = [
            ("SELECT a LIMIT 100", "SELECT a LIMIT 10 OFFSET 20"),
            ("SELECT a LIMIT 25", "SELECT a LIMIT 5 OFFSET 20"),
            ("SELECT a LIMIT 3", "SELECT a LIMIT 0 OFFSET 20"),
            ("SELECT a LIMIT /* b */ 25 OFFSET 7", "SELECT a LIMIT 5 OFFSET 27"),
            ("SELECT a UNION SELECT b LIMIT 25", "SELECT a UNION SELECT b LIMIT 5 OFFSET 20"),
            ("SELECT a LIMIT 25 FOR UPDATE", "SELECT a LIMIT 5 OFFSET 20 FOR UPDATE"),
        ];
        for dialect in [Dialect::mysql(), Dialect::postgres()] {
            becomes(dialect, &shared);
        }
        becomes(Dialect::mysql(), &[("SELECT a LIMIT 7, 25", "SELECT a LIMIT 5 OFFSET 27")]);
        becomes(
            Dialect::postgres(),
            &[
                ("SELECT a OFFSET 7", "SELECT a LIMIT 10 OFFSET 27"),
                ("SELECT a OFFSET 7 ROWS LIMIT 25", "SELECT a LIMIT 5 OFFSET 27"),
            ],
        );
    }

    #[test]
    fn a_limit_that_is_more_than_numbers_makes_a_subquery() {
        let shared = [
            "SELECT a LIMIT ?",
            "SELECT a LIMIT 1 + 1",
            "SELECT a FETCH FIRST 3 ROWS ONLY",
            "SELECT a LIMIT 3 LIMIT 4",
        ];
        for dialect in [Dialect::mysql(), Dialect::postgres(), Dialect::ClickHouse] {
            is_wrapped(dialect, &shared);
        }
        is_wrapped(
            Dialect::mysql(),
            &["SELECT a LIMIT 3 ROWS EXAMINED 4", "SELECT a OFFSET 2 ROWS FETCH FIRST 3 ROWS ONLY"],
        );
        is_wrapped(Dialect::postgres(), &["SELECT a LIMIT ALL", "SELECT a LIMIT 1,2", "SELECT a FOR UPDATE LIMIT 3"]);
        is_wrapped(
            Dialect::ClickHouse,
            &["SELECT a UNION ALL SELECT b", "SELECT a LIMIT 1 BY a", "SELECT a SETTINGS x = 1 UNION ALL SELECT b"],
        );
        assert_eq!(
            cut(Dialect::ClickHouse, "SELECT a LIMIT 1 BY a SETTINGS x = 1", 10, 20),
            "SELECT * FROM (\nSELECT a LIMIT 1 BY a\n) AS page\nLIMIT 10 OFFSET 20\nSETTINGS x = 1"
        );
    }
}
