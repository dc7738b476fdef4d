//! The server's exceptions: as the body of an answer that says no, and at the end of one that had begun well.

use wellhead_sdk::Error;
use wellhead_sql::{SqlError, SqlErrorKind};

/// How much of a body's end is searched for an exception; the server's own messages are shorter.
pub(crate) const TAIL: usize = 64 << 10;

/// What newer servers put before and behind an exception in the middle of a body.
const TAG: &str = "__exception__";

/// Codes by which a fallback is chosen or advice given: ClickHouse's `ErrorCodes.cpp`.
pub(crate) mod code {
    pub(crate) const UNKNOWN_FORMAT: u32 = 73;
    pub(crate) const UNKNOWN_DATABASE: u32 = 81;
    pub(crate) const UNKNOWN_SETTING: u32 = 115;
    pub(crate) const READONLY: u32 = 164;
    pub(crate) const UNKNOWN_USER: u32 = 192;
    pub(crate) const WRONG_PASSWORD: u32 = 193;
    pub(crate) const REQUIRED_PASSWORD: u32 = 194;
    pub(crate) const TOO_MANY_SIMULTANEOUS_QUERIES: u32 = 202;
    pub(crate) const SETTING_CONSTRAINT_VIOLATION: u32 = 452;
    pub(crate) const AUTHENTICATION_FAILED: u32 = 516;
}

/// An exception, in the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its number among ClickHouse's error codes.
    pub code: u32,
    /// What it says, without the code and without the server's version.
    pub message: String,
}

impl Exception {
    /// Reads `Code: 62. DB::Exception: …` and, as servers before 20 wrote it, `Code: 62, e.displayText() = …`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.get(text.find("Code: ")?..)?;
        let rest = text.strip_prefix("Code: ")?;
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let code = rest.get(..digits)?.parse().ok()?;
        let rest = rest.get(digits..)?;
        let message = rest.find("DB::Exception: ").and_then(|at| rest.get(at + "DB::Exception: ".len()..))?;
        // What is behind the message itself, by the servers' age.
        let ends = [", e.what() = ", ", Stack trace", " (version ", "\r\n", TAG];
        let end = ends.iter().filter_map(|end| message.find(end)).min().unwrap_or(message.len());
        Some(Self { code, message: message.get(..end)?.trim().to_owned() })
    }

    /// The exception at the end of a body that broke off, if there is one.
    pub fn at_end(body: &[u8]) -> Option<Self> {
        let tail = body.get(body.len().saturating_sub(TAIL)..).unwrap_or_default();
        let text = String::from_utf8_lossy(tail);
        // Rows may hold such texts too: the last one is the server's.
        let start = text.rfind("Code: ")?;
        match text.find(TAG) {
            Some(tag) if tag < start => Self::parse(text.get(tag..)?),
            _ => Self::parse(text.get(start..)?),
        }
    }

    /// The error of a query, or of any text that is sent.
    pub fn of(self, sql: &str) -> Error {
        self.sql_error(sql).into()
    }

    pub(crate) fn sql_error(self, sql: &str) -> SqlError {
        let place = place(&self.message);
        let error = SqlError::new(kind(self.code), self.message).code(self.code);
        match place {
            Some(Place::Line(line, column)) => error.at_line(line, column),
            Some(Place::Character(character)) => error.at_character(sql, character),
            None => error,
        }
    }
}

/// The server's code of an error that was an exception.
pub(crate) fn code_of(error: &Error) -> Option<u32> {
    error.details()?.get("code")?.as_str()?.parse().ok()
}

enum Place {
    Line(usize, usize),
    Character(usize),
}

/// `failed at position 8 ('FORM') (line 2, col 1)`; the line is there only where there is more than one.
fn place(message: &str) -> Option<Place> {
    let after = |text: &str| message.find(text).and_then(|at| message.get(at + text.len()..));
    let number = |text: &str| {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text.get(..digits)?.parse().ok()
    };
    if !message.contains("failed at ") {
        return None;
    }
    if let Some(rest) = after("(line ") {
        let column = rest.split_once(", col ").and_then(|(_, column)| number(column));
        return Some(Place::Line(number(rest)?, column?));
    }
    Some(Place::Character(number(after("failed at position ")?)?))
}

/// Whose fault a code is: the query's, unless it is known for something else.
fn kind(code: u32) -> SqlErrorKind {
    match code {
        192 | 193 | 194 | 516 => SqlErrorKind::Login,
        // TIMEOUT_EXCEEDED, TOO_SLOW, SOCKET_TIMEOUT, QUERY_WAS_CANCELLED
        159 | 160 | 209 | 394 => SqlErrorKind::Timeout,
        // QUOTA_EXCEEDED, TOO_MANY_SIMULTANEOUS_QUERIES, MEMORY_LIMIT_EXCEEDED, NOT_ENOUGH_SPACE,
        // CANNOT_SCHEDULE_TASK, SERVER_OVERLOADED
        201 | 202 | 241 | 243 | 439 | 745 => SqlErrorKind::Busy,
        // CHECKSUM_DOESNT_MATCH, LOGICAL_ERROR, files, NETWORK_ERROR, NO_ZOOKEEPER, ABORTED, TABLE_IS_READ_ONLY,
        // ALL_CONNECTION_TRIES_FAILED, KEEPER_EXCEPTION, and what no part of the server has a code for
        40 | 49 | 74..=76 | 210 | 225 | 236 | 242 | 279 | 999..=1002 => SqlErrorKind::Server,
        _ => SqlErrorKind::Query,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wellhead_sdk::ErrorSource;

    #[test]
    fn old_and_new_exceptions_are_read() {
        let old = "Code: 81, e.displayText() = DB::Exception: Database nope doesn't exist, e.what() = DB::Exception\n";
        let new = "Code: 81. DB::Exception: Database nope doesn't exist. (UNKNOWN_DATABASE) (version 26.9.1.1 (official build))\n";
        assert_eq!(
            Exception::parse(old).unwrap(),
            Exception { code: 81, message: "Database nope doesn't exist".into() }
        );
        let new = Exception::parse(new).unwrap();
        assert_eq!((new.code, new.message.as_str()), (81, "Database nope doesn't exist. (UNKNOWN_DATABASE)"));
        for text in ["", "Code: ", "Code: x", "Code: 9999999999999. DB::Exception: x", "<html>"] {
            assert_eq!(Exception::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_exception_in_the_middle_of_a_body_is_found_at_its_end() {
        let old = b"[1,\"Code: 1. DB::Exception: a row\"]\n\tCode: 395, e.displayText() = DB::Exception: Value, e.what() = DB::Exception";
        assert_eq!(Exception::at_end(old).unwrap().code, 395);
        let mut new = vec![0xff; 100_000];
        new.extend_from_slice(
            b"\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 395. DB::Exception: Value passed. (FUNCTION_THROW_IF)\r\n53 abcdefghijklmnop\r\n__exception__\r\n",
        );
        let found = Exception::at_end(&new).unwrap();
        assert_eq!((found.code, found.message.as_str()), (395, "Value passed. (FUNCTION_THROW_IF)"));
        assert_eq!(Exception::at_end(&[0xff; 100]), None);
    }

    #[test]
    fn an_error_has_the_servers_code_and_place_and_is_downstreams() {
        let error = |code, message: &str| Exception { code, message: message.to_owned() }.of("SELECT 1\nFORM t");
        let syntax = error(62, "Syntax error: failed at position 10 ('FORM') (line 2, col 1): FORM t.");
        assert_eq!((syntax.status(), syntax.error_source()), (400, ErrorSource::Downstream));
        let place = json!({ "code": "62", "position": { "line": 2, "column": 1 } });
        assert_eq!(syntax.details(), Some(&place));
        assert_eq!(error(62, "Syntax error: failed at position 10: FORM t.").details(), Some(&place));
        let statuses = [516, 159, 241, 210, 60].map(|code| error(code, "no").status());
        assert_eq!(statuses, [401, 504, 503, 502, 400]);
    }
}
