//! Which statements leave nothing behind in the session they ran in, as far as their text tells.

use crate::{Dialect, TokenKind, Tokens, statements};

/// What a statement that only reads begins with.
const READS: &[&str] = &["select", "with", "values", "table", "show", "explain", "describe", "desc"];

/// Parts of the names of functions that change a session, of PostgreSQL and of MySQL: settings, locks that outlive the
/// statement, random seeds, connections of their own.
const CHANGING: &[&str] =
    &["set_config", "advisory", "setseed", "dblink", "get_lock", "release_lock", "release_all_locks", "last_insert_id"];

/// True for one statement that reads and leaves the session as it was: what it asked for may go to the next query, which
/// may be somebody else's. A function of the database's own may do anything and is not looked into; in doubt it is false.
///
/// ```
/// # use wellhead_sql::{Dialect, is_plain_read};
/// assert!(is_plain_read(Dialect::postgres(), "SELECT * FROM t -- all"));
/// assert!(!is_plain_read(Dialect::postgres(), "SELECT set_config('role', 'x', false)"));
/// assert!(!is_plain_read(Dialect::mysql(), "SELECT @secret := 1"));
/// ```
pub fn is_plain_read(dialect: Dialect, sql: &str) -> bool {
    if statements(dialect, sql).len() != 1 {
        return false;
    }
    let mut first = None;
    for token in Tokens::new(dialect, sql) {
        let text = token.text.to_ascii_lowercase();
        match token.kind {
            TokenKind::Word => {
                first.get_or_insert_with(|| READS.contains(&text.as_str()));
                // Rows into a table, a variable or a file; `U&"…"` hides a name.
                if matches!(text.as_str(), "into" | "u") || changes(&text) {
                    return false;
                }
            }
            TokenKind::Name if changes(&text) => return false,
            // A variable of the session.
            TokenKind::Other if text.contains('@') && matches!(dialect, Dialect::MySql { .. }) => return false,
            // MySQL runs what is in `/*! … */`.
            TokenKind::Comment if text.starts_with("/*!") || text.starts_with("/*m!") => return false,
            _ => {}
        }
    }
    first.unwrap_or(false)
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
            "-- c\n(select a, \"into\" from t) union all select 1, 'INTO @x';",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "EXPLAIN (FORMAT JSON) SELECT 1",
            "SELECT email FROM users WHERE email = 'a@b.c'",
            "SELECT tags @> '{1}' FROM t",
        ] {
            assert!(is_plain_read(Dialect::postgres(), sql), "{sql}");
        }
        for sql in ["SELECT `a@b` FROM t", "SHOW TABLES", "SELECT 1 /* @x */"] {
            assert!(is_plain_read(Dialect::mysql(), sql), "{sql}");
        }
    }

    #[test]
    fn what_may_leave_something_is_not() {
        for sql in [
            "",
            "-- nothing",
            "SET a = 1",
            "SELECT 1; SELECT 2",
            "SELECT a INTO TEMP x FROM t",
            "SELECT pg_try_advisory_lock(1)",
            "SELECT \"set_config\"('a.b', 'c', false)",
            "SELECT U&\"set\\005fconfig\"('a.b', 'c', false)",
            "INSERT INTO t VALUES (1) RETURNING a",
            "CALL p()",
            "FETCH ALL FROM c",
            "EXECUTE s",
        ] {
            assert!(!is_plain_read(Dialect::postgres(), sql), "{sql}");
        }
        for sql in ["SELECT @a", "SELECT 1 INTO @a", "SELECT GET_LOCK('a', 0)", "SELECT /*!50000 GET_LOCK*/('a', 0)"] {
            assert!(!is_plain_read(Dialect::mysql(), sql), "{sql}");
        }
    }
}
