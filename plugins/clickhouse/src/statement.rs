//! What of a text decides how its answer is read.

use wellhead_sdk::Error;
use wellhead_sql::{Dialect, TokenKind, Tokens, statements};

/// True for one statement that gives rows and can be described; others (`SHOW`, `EXPLAIN`, `INSERT`) are read as JSON,
/// which names its types itself.
pub(crate) fn is_select(sql: &str) -> bool {
    let first = Tokens::new(Dialect::ClickHouse, sql).find(|token| token.kind == TokenKind::Word);
    let selects =
        first.is_some_and(|word| ["SELECT", "WITH"].iter().any(|known| word.text.eq_ignore_ascii_case(known)));
    selects && statements(Dialect::ClickHouse, sql).len() == 1
}

/// The query that asks for the names and types of a query's columns.
pub(crate) fn describe(sql: &str) -> String {
    let range = statements(Dialect::ClickHouse, sql).into_iter().next();
    let statement = range.and_then(|range| sql.get(range)).unwrap_or(sql);
    format!("DESCRIBE TABLE (\n{}\n)", statement.trim())
}

/// An error where the text chooses a format itself, which then would come instead of the one that is read.
pub(crate) fn check_format(sql: &str) -> Result<(), Error> {
    let words: Vec<_> = Tokens::new(Dialect::ClickHouse, sql)
        .filter(|token| token.kind != TokenKind::Comment && !token.text.trim().trim_matches(';').is_empty())
        .collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|token| token.text.eq_ignore_ascii_case(word));
    let chooses = |at: &usize| {
        let named = words.get(at + 1).is_some_and(|token| token.kind == TokenKind::Word);
        // A column of that name may stand at the end of an ORDER BY.
        let order = ["ASC", "DESC", "FINAL", "NULLS"].iter().any(|word| is(at + 1, word));
        is(*at, "FORMAT") && named && !order && (words.len() == at + 2 || is(at + 2, "SETTINGS"))
    };
    match (0..words.len()).find(chooses) {
        Some(at) => {
            let name = words.get(at + 1).map_or("", |token| token.text);
            Err(Error::bad_request(format_args!(
                "query.rawSql ends with FORMAT {name}: leave it out, rows become frames"
            )))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_query_that_selects_is_described() {
        for sql in ["SELECT 1", "-- c\n( select 1 ) ;", "WITH 1 AS a SELECT a"] {
            assert!(is_select(sql), "{sql}");
        }
        for sql in ["SHOW TABLES", "EXPLAIN SELECT 1", "INSERT INTO t SELECT 1", "SELECT 1; SELECT 2", ""] {
            assert!(!is_select(sql), "{sql}");
        }
        assert_eq!(describe("SELECT 1 -- one\n;"), "DESCRIBE TABLE (\nSELECT 1 -- one\n)");
    }

    #[test]
    fn a_format_of_its_own_is_refused_and_a_column_of_that_name_is_not() {
        for sql in ["SELECT 1 FORMAT CSV", "SELECT 1 format JSON ; -- c", "SELECT 1 FORMAT CSV SETTINGS a = 1"] {
            let error = check_format(sql).unwrap_err();
            assert!(error.status() == 400 && error.message().contains("leave it out"), "{sql}: {error}");
        }
        for sql in [
            "SELECT format FROM t",
            "SELECT a FROM t ORDER BY format DESC",
            "SELECT 'x FORMAT CSV'",
            "SELECT 1 -- FORMAT CSV",
            "SELECT format FROM t WHERE format = 'a'",
        ] {
            check_format(sql).unwrap();
        }
    }
}
