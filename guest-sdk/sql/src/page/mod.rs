//! A query in pages, for views of tables, and its plan: the text around the text. What the plan says is the server's.

mod explain;
mod limits;

pub use explain::ExplainRequest;

use crate::{Dialect, TokenKind, Tokens};

/// The query's rows from `offset` on, at most `limit`; `None` where there is more than one statement. Pages fit together
/// only where the query's order is total.
///
/// The limit goes behind the query, before what must come last (`FOR UPDATE`, ClickHouse's `SETTINGS`), so that the
/// query's order stays: MariaDB forgets that of a subquery. A limit of the query's own is narrowed where it is plain
/// numbers; else the query becomes a subquery, in ClickHouse with a `UNION`, too, whose limit would be the last part's.
///
/// ```
/// # use wellhead_sql::{Dialect, page};
/// let sql = page(Dialect::postgres(), "SELECT * FROM t ORDER BY id; -- all", 50, 100);
/// assert_eq!(sql.as_deref(), Some("SELECT * FROM t ORDER BY id\nLIMIT 50 OFFSET 100"));
/// let sql = page(Dialect::mysql(), "SELECT * FROM t ORDER BY id LIMIT 120 FOR UPDATE", 50, 100);
/// assert_eq!(sql.as_deref(), Some("SELECT * FROM t ORDER BY id\nLIMIT 20 OFFSET 100\nFOR UPDATE"));
/// let sql = page(Dialect::mysql(), "SELECT * FROM t LIMIT ?", 50, 100);
/// assert_eq!(sql.as_deref(), Some("SELECT * FROM (\nSELECT * FROM t LIMIT ?\n) AS page\nLIMIT 50 OFFSET 100"));
/// ```
pub fn page(dialect: Dialect, sql: &str, limit: u64, offset: u64) -> Option<String> {
    let statement = only_statement(dialect, sql)?;
    Some(limits::cut(dialect, statement, limit, offset))
}

/// The query that asks for the query's plan and what it costs, without running it. JSON, except where ClickHouse answers
/// with a table (`EXPLAIN ESTIMATE`: rows and marks to read, a table a line). `None` where there is more than one
/// statement, because only the first would be explained and the rest would run.
///
/// ```
/// # use wellhead_sql::{Dialect, explain};
/// assert_eq!(explain(Dialect::mysql(), "SELECT 1").as_deref(), Some("EXPLAIN FORMAT=JSON SELECT 1"));
/// assert_eq!(explain(Dialect::mysql(), "SELECT 1; DROP TABLE t"), None);
/// ```
pub fn explain(dialect: Dialect, sql: &str) -> Option<String> {
    let statement = only_statement(dialect, sql)?;
    let explain = match dialect {
        Dialect::Postgres { .. } => "EXPLAIN (FORMAT JSON)",
        Dialect::MySql { .. } => "EXPLAIN FORMAT=JSON",
        Dialect::ClickHouse => "EXPLAIN ESTIMATE",
    };
    Some(format!("{explain} {statement}"))
}

/// The one statement of a text, without the semicolon behind it.
fn only_statement(dialect: Dialect, sql: &str) -> Option<&str> {
    let blank = |text: &str| text.trim_matches(|c: char| c == ';' || c.is_whitespace()).is_empty();
    let mut end = None;
    let mut last = 0;
    for token in Tokens::new(dialect, sql) {
        match (token.kind, end) {
            (TokenKind::Comment, _) => {}
            (TokenKind::Other, None) => match token.text.find(';') {
                Some(found) => {
                    end = Some(token.start + found);
                    if !blank(token.text.get(found..)?) {
                        return None;
                    }
                }
                None if token.text.trim().is_empty() => {}
                None => last = token.end(),
            },
            (TokenKind::Other, Some(_)) if blank(token.text) => {}
            (_, Some(_)) => return None,
            (_, None) => last = token.end(),
        }
    }
    // A comment at the end, to the end of the line, must not swallow what is put behind the statement.
    sql.get(..end.unwrap_or(last)).map(str::trim_ascii).filter(|statement| !statement.is_empty() && last > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sql: &str) -> Option<&str> {
        only_statement(Dialect::postgres(), sql)
    }

    #[test]
    fn a_statement_ends_at_its_semicolon_and_not_at_one_that_is_quoted() {
        assert_eq!(statement(" SELECT ';' ; \n"), Some("SELECT ';'"));
        assert_eq!(statement("SELECT a; -- b;"), Some("SELECT a"));
        assert_eq!(statement("SELECT a -- b"), Some("SELECT a"));
        assert_eq!(statement("/* c; */ SELECT $$;$$;;"), Some("/* c; */ SELECT $$;$$"));
    }

    #[test]
    fn several_statements_or_none_are_neither_paged_nor_explained() {
        for sql in ["SELECT 1; SELECT 2", "SELECT 1;(SELECT 2)", "", " -- nothing", ";", "SELECT 1;+"] {
            assert_eq!(statement(sql), None, "{sql}");
        }
    }
}
