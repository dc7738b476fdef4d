//! What Grafana's plugin does not let a query ask: who the data source's user is, and what that user may do.
//!
//! Found by tokens, so that a column `user` and a text `'show grants'` are let through. It keeps the curious out; what the
//! user can do at the server, the server decides.

use std::borrow::Cow;
use wellhead_sdk::Error;
use wellhead_sql::{Dialect, SqlError, SqlErrorKind, Token, TokenKind, Tokens};

/// Says no to queries that ask for it; to be asked of the text that runs, after macros have become what they stand for.
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
    let Some((sql, has_executable)) = spliced(dialect, sql) else {
        return Some("a comment that the server runs, within another,".to_owned());
    };
    let is_blank = |token: &Token<'_>| match token.kind {
        TokenKind::Comment => true,
        TokenKind::Other => token.text.trim().is_empty(),
        _ => false,
    };
    let code: Vec<Token<'_>> = Tokens::new(dialect, &sql).filter(|token| !is_blank(token)).collect();
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
            // Which of such comments run, the server's version decides: what stands around the name is anybody's guess.
            "USER" | "SESSION_USER" | "SYSTEM_USER" | "GRANTS" if has_executable => {
                Some(format!("{name} beside a comment that the server runs"))
            }
            _ => None,
        }
    })
}

/// Comments that the servers run, within each other.
const DEEPEST: usize = 4;

/// The text with what is in the comments that the servers run (`/*! … */`, `/*!80000 … */`, `/*M! … */`), and whether
/// there are any. `None` where they are too deep in each other.
fn spliced(dialect: Dialect, sql: &str) -> Option<(Cow<'_, str>, bool)> {
    let mut text = Cow::Borrowed(sql);
    for depth in 0..=DEEPEST {
        let executable = |token: &Token<'_>| {
            token.kind == TokenKind::Comment && (token.text.starts_with("/*!") || token.text.starts_with("/*M!"))
        };
        if !Tokens::new(dialect, &text).any(|token| executable(&token)) {
            return Some((text, depth > 0));
        }
        let mut out = String::with_capacity(text.len());
        for token in Tokens::new(dialect, &text) {
            if !executable(&token) {
                out.push_str(token.text);
                continue;
            }
            let inner = token.text.trim_start_matches("/*").trim_start_matches('M').trim_start_matches('!');
            let inner = inner.trim_start_matches(|c: char| c.is_ascii_digit());
            let inner = Tokens::new(dialect, inner.strip_suffix("*/").unwrap_or(inner));
            // Others within it end where it seems to.
            let is_plain = |token: &Token<'_>| token.kind == TokenKind::Comment && !executable(token);
            out.push('\n');
            out.extend(inner.filter(|token| !is_plain(token)).map(|token| token.text));
            out.push('\n');
        }
        text = Cow::Owned(out);
    }
    None
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
            "SELECT /*!USER*/()",
            "SELECT USER/*!99999 x */()",
            "SELECT /*!USER*//*!99999 x */()",
            "SHOW /*!99999 x */ GRANTS",
            "SHOW /*M!100000 GRANTS */",
            "SELECT /*! /*! user() */ */",
            "SELECT /*! 1 /* x */ , user() */",
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
            "SELECT /*!50000 STRAIGHT_JOIN */ name FROM t",
        ] {
            assert_eq!(found(sql), None, "{sql}");
        }
        assert!(found(&"/*!".repeat(100_000)).is_some(), "and soon");
    }
}
