//! What Grafana's plugin does not let a query ask: who the data source's user is, and what that user may do.
//!
//! Found by tokens, so that a column `user` and a text `'show grants'` are let through. It keeps the curious out; what the
//! user can do at the server, the server decides.

use wellhead_sdk::Error;
use wellhead_sql::{Dialect, SqlError, SqlErrorKind, TokenKind, Tokens};

/// Says no to queries that ask for it.
pub(crate) fn check(dialect: Dialect, sql: &str) -> Result<(), Error> {
    match find(dialect, sql) {
        None => Ok(()),
        Some(found) => Err(SqlError::new(
            SqlErrorKind::Query,
            format!(
                "invalid query: {found} is not allowed; nor are SHOW GRANTS, USER(), CURRENT_USER, SESSION_USER() and \
                 SYSTEM_USER()"
            ),
        )
        .into()),
    }
}

fn find(dialect: Dialect, sql: &str) -> Option<String> {
    let mut code = Vec::new();
    for token in Tokens::new(dialect, sql) {
        match token.kind {
            // The servers run these: /*! … */, /*!80000 … */, /*M! … */.
            TokenKind::Comment => {
                let inner = token.text.strip_prefix("/*").map(|text| text.strip_prefix('M').unwrap_or(text));
                let inner = inner.and_then(|text| text.strip_prefix('!'));
                let inner =
                    inner.map(|text| text.trim_end_matches("*/").trim_start_matches(|c: char| c.is_ascii_digit()));
                if let Some(found) = inner.and_then(|inner| find(dialect, inner)) {
                    return Some(found);
                }
            }
            TokenKind::Other if token.text.trim().is_empty() => {}
            _ => code.push(token),
        }
    }
    code.iter().enumerate().find_map(|(at, token)| {
        if token.kind != TokenKind::Word {
            return None;
        }
        let next = |ahead: usize| code.get(at + ahead);
        let is_call = next(1).is_some_and(|token| token.kind == TokenKind::Open)
            && next(2).is_some_and(|token| token.kind == TokenKind::Close);
        let name = token.text.to_ascii_uppercase();
        match name.as_str() {
            "SHOW" => {
                next(1).filter(|token| token.text.eq_ignore_ascii_case("grants")).map(|_| "SHOW GRANTS".to_owned())
            }
            "CURRENT_USER" => Some(name),
            "USER" | "SESSION_USER" | "SYSTEM_USER" if is_call => Some(format!("{name}()")),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_the_user_is_cannot_be_asked_and_what_only_looks_so_can() {
        let found = |sql| find(Dialect::mysql(), sql);
        for sql in [
            "SELECT user()",
            "SELECT 1,\n User ( )",
            "show  /* */ grants",
            "SELECT current_user",
            "SELECT a, CURRENT_USER() FROM t",
            "SELECT session_user();",
            "SELECT system_user()",
            "SELECT /*!50000 user() */",
            "SELECT /*M! user() */",
            "SHOW GRANTS FOR root",
        ] {
            assert!(found(sql).is_some(), "{sql}");
        }
        for sql in [
            "SELECT user FROM mysql.user",
            "INSERT INTO user (a) VALUES (1)",
            "SELECT 'user()', `current_user`, \"show grants\"",
            "SELECT 1 -- user()",
            "SELECT 1 /* user() */",
            "SHOW TABLES",
        ] {
            assert_eq!(found(sql), None, "{sql}");
        }
    }
}
