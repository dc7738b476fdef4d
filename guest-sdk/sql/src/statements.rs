//! A text's statements, one by one.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use crate::{Dialect, TokenKind, Tokens};

/// Where the statements of a text are: between semicolons that are code. White space and comments alone are none.
///
/// ```
/// # use wellhead_sql::{Dialect, statements};
/// let sql = "SET x = ';'; -- then\nSELECT 1; ;";
/// let texts: Vec<&str> = statements(Dialect::postgres(), sql).into_iter().map(|range| &sql[range]).collect();
/// assert_eq!(texts, ["SET x = ';'", " -- then\nSELECT 1"]);
/// ```
pub fn statements(dialect: Dialect, sql: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut says_something = false;
    for token in Tokens::new(dialect, sql) {
        if token.kind != TokenKind::Other {
            says_something |= token.kind != TokenKind::Comment;
            continue;
        }
        for (at, character) in token.text.char_indices() {
            if character != ';' {
                says_something |= !character.is_whitespace();
                continue;
            }
            let end = token.start + at;
            if std::mem::take(&mut says_something) {
                found.push(start..end);
            }
            start = end + 1;
        }
    }
    if says_something {
        found.push(start..sql.len());
    }
    found
}

/// One statement of a text, which knows its place there: errors are shown in the text.
#[derive(Clone, Debug)]
pub struct Statement {
    whole: Rc<str>,
    range: Range<usize>,
}

impl Statement {
    /// The [`statements`] of a text, in order, without the white space around them: servers count lines from there.
    ///
    /// ```
    /// # use wellhead_sql::{Dialect, Statement};
    /// let all = Statement::all(Dialect::mysql(), "SET x = 1;\n SELECT 1;");
    /// assert_eq!((all[1].text(), all[1].before()), ("SELECT 1", "SET x = 1;\n "));
    /// ```
    pub fn all(dialect: Dialect, sql: &str) -> VecDeque<Self> {
        let whole: Rc<str> = sql.into();
        let trimmed = |range: Range<usize>| {
            let text = sql.get(range.clone()).unwrap_or_default();
            let start = range.start + (text.len() - text.trim_ascii_start().len());
            start..start + text.trim_ascii().len()
        };
        statements(dialect, sql)
            .into_iter()
            .map(|range| Self { whole: Rc::clone(&whole), range: trimmed(range) })
            .collect()
    }

    /// The statement.
    pub fn text(&self) -> &str {
        self.whole.get(self.range.clone()).unwrap_or_default()
    }

    /// What of the text is before it.
    pub fn before(&self) -> &str {
        self.whole.get(..self.range.start).unwrap_or_default()
    }

    /// The whole text.
    pub fn whole(&self) -> &str {
        &self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        statements(Dialect::postgres(), sql).into_iter().filter_map(|range| sql.get(range)).collect()
    }

    #[test]
    fn a_statement_ends_at_its_semicolon_and_not_at_one_that_is_quoted() {
        assert_eq!(texts(" SELECT ';' ; \n"), [" SELECT ';' "]);
        assert_eq!(texts("SELECT a; -- b;"), ["SELECT a"]);
        assert_eq!(texts("/* c; */ SELECT $$;$$;;"), ["/* c; */ SELECT $$;$$"]);
        assert_eq!(texts("SELECT 1;(SELECT 2)"), ["SELECT 1", "(SELECT 2)"]);
        assert_eq!(texts("SELECT 1;+"), ["SELECT 1", "+"]);
    }

    #[test]
    fn nothing_but_white_space_comments_and_semicolons_is_no_statement() {
        for sql in ["", " ", ";;", " -- a;b", "/* ; */;"] {
            assert!(texts(sql).is_empty(), "{sql}");
        }
    }
}
