//! Which statements leave nothing behind in the session they ran in, as far as their text tells.

use wellhead_sql::{Dialect, TokenKind, Tokens};

/// What a statement that only reads begins with.
const READS: &[&str] = &["select", "with", "values", "table", "show", "explain"];

/// Parts of the names of functions that change a session: settings, locks that outlive the statement, the random numbers
/// to come, connections of their own.
const CHANGING: &[&str] = &["set_config", "advisory", "setseed", "dblink"];

/// True for a statement that reads and leaves its session as it was: what it asked for may go to the next query, which
/// may be somebody else's. A function of the database's own may do anything and is not looked into; in doubt it is false.
pub(crate) fn is_plain_read(statement: &str) -> bool {
    let mut reads = None;
    for token in Tokens::new(Dialect::postgres(), statement) {
        let text = token.text.to_ascii_lowercase();
        match token.kind {
            TokenKind::Word => {
                reads.get_or_insert_with(|| READS.contains(&text.as_str()));
                // Rows into a table; and `U&"…"` hides a name.
                if matches!(text.as_str(), "into" | "u") || changes(&text) {
                    return false;
                }
            }
            TokenKind::Name if changes(&text) => return false,
            _ => {}
        }
    }
    reads.unwrap_or(false)
}

fn changes(name: &str) -> bool {
    CHANGING.iter().any(|changing| name.contains(changing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dashboards_ask_is_plain() {
        for sql in [
            "SELECT 1",
            "-- c\n(select a, \"into\" from t) union all select 1, 'INTO x';",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "EXPLAIN (FORMAT JSON) SELECT 1",
            "SELECT tags @> '{1}' FROM t /* set_config */",
        ] {
            assert!(is_plain_read(sql), "{sql}");
        }
    }

    #[test]
    fn what_may_leave_something_is_not() {
        for sql in [
            "",
            "-- nothing",
            "SET a = 1",
            "SELECT a INTO TEMP x FROM t",
            "SELECT pg_try_advisory_lock(1)",
            "SELECT \"set_config\"('a.b', 'c', false)",
            "SELECT U&\"set\\005fconfig\"('a.b', 'c', false)",
            "INSERT INTO t VALUES (1) RETURNING a",
            "CALL p()",
            "FETCH ALL FROM c",
            "EXECUTE s",
        ] {
            assert!(!is_plain_read(sql), "{sql}");
        }
    }
}
