//! A database's error as the user sees it: the server's own words, its code and the place in the SQL; the query's author
//! is blamed with 400, a server in trouble with 5xx.

use std::fmt;

use serde_json::json;
use wellhead_sdk::{Error, ErrorSource};

/// What kind of failure it is, which decides the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SqlErrorKind {
    /// The query is wrong, or may not be run: 400.
    Query,
    /// User, password or certificate is refused: 401.
    Login,
    /// It ran too long, here or at the server: 504.
    Timeout,
    /// The server has no room: connections, memory, disk: 503.
    Busy,
    /// The server, or the way to it, failed: 502.
    Server,
}

impl SqlErrorKind {
    /// The kind of an SQLSTATE, by its class (ISO/IEC 9075 and PostgreSQL's appendix A). MySQL has `HY000` for nearly
    /// everything, so ask its own codes first.
    ///
    /// ```
    /// # use wellhead_sql::SqlErrorKind;
    /// assert_eq!(SqlErrorKind::of_sqlstate("42601"), SqlErrorKind::Query);
    /// assert_eq!(SqlErrorKind::of_sqlstate("57014"), SqlErrorKind::Timeout);
    /// ```
    pub fn of_sqlstate(state: &str) -> Self {
        match state.get(..2) {
            // query_canceled: the statement time-out, or somebody's cancel.
            _ if state == "57014" => Self::Timeout,
            // read_only_sql_transaction and its class are the query's; the rest of 25 is, too.
            Some("28") => Self::Login,
            Some("53") => Self::Busy,
            Some("08" | "57" | "58" | "F0" | "XX" | "40" | "55") => Self::Server,
            _ => Self::Query,
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Query => 400,
            Self::Login => 401,
            Self::Timeout => 504,
            Self::Busy => 503,
            Self::Server => 502,
        }
    }
}

/// An error of a server.
///
/// ```
/// use wellhead_sql::SqlError;
/// let sql = "SELECT 1\nFORM t";
/// let error = SqlError::of_sqlstate("42601", "syntax error at or near \"FORM\"").at_character(sql, 10);
/// assert_eq!(error.to_string(), "syntax error at or near \"FORM\" (42601) at line 2, column 1");
/// assert_eq!(wellhead_sdk::Error::from(error).status(), 400);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    kind: SqlErrorKind,
    message: String,
    code: String,
    place: Option<(usize, usize)>,
    detail: String,
    hint: String,
}

impl SqlError {
    /// An error in the server's words.
    pub fn new(kind: SqlErrorKind, message: impl Into<String>) -> Self {
        let (code, detail, hint) = (String::new(), String::new(), String::new());
        Self { kind, message: message.into(), code, place: None, detail, hint }
    }

    /// As [`new`](Self::new), the kind from the SQLSTATE, which is the code, too.
    pub fn of_sqlstate(state: &str, message: impl Into<String>) -> Self {
        Self::new(SqlErrorKind::of_sqlstate(state), message).code(state)
    }

    /// The server's code: `42P01`, `1064`.
    #[must_use]
    pub fn code(mut self, code: impl fmt::Display) -> Self {
        self.code = code.to_string();
        self
    }

    /// The line and column, from 1.
    #[must_use]
    pub fn at_line(mut self, line: usize, column: usize) -> Self {
        self.place = Some((line, column));
        self
    }

    /// The place as PostgreSQL counts it: in characters of the text that was sent, from 1. 0 is none.
    #[must_use]
    pub fn at_character(self, sql: &str, character: usize) -> Self {
        let Some(before) = character.checked_sub(1) else { return self };
        let (mut line, mut column) = (1, 1);
        for letter in sql.chars().take(before) {
            (line, column) = if letter == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        self.at_line(line, column)
    }

    /// What the server says beside its message.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// What the server proposes.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// What kind it is.
    pub fn kind(&self) -> SqlErrorKind {
        self.kind
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.code.is_empty() {
            write!(f, " ({})", self.code)?;
        }
        if let Some((line, column)) = self.place {
            write!(f, " at line {line}, column {column}")?;
        }
        for more in [&self.detail, &self.hint] {
            if !more.is_empty() {
                write!(f, "; {more}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for SqlError {}

/// Always downstream's: the server said no.
impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        let message = format!("db query error: {error}");
        let mut details = serde_json::Map::new();
        if !error.code.is_empty() {
            details.insert("code".to_owned(), error.code.into());
        }
        if let Some((line, column)) = error.place {
            details.insert("position".to_owned(), json!({ "line": line, "column": column }));
        }
        let failure = Self::new(error.kind.status(), ErrorSource::Downstream, message);
        if details.is_empty() { failure } else { failure.with_details(details.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_querys_faults_are_400_and_the_servers_5xx_and_all_are_downstreams() {
        for (state, status) in [
            ("42P01", 400),
            ("22012", 400),
            ("25006", 400),
            ("28P01", 401),
            ("53300", 503),
            ("57014", 504),
            ("57P01", 502),
            ("08006", 502),
            ("XX000", 502),
            ("ü", 400),
        ] {
            let error = Error::from(SqlError::of_sqlstate(state, "no"));
            assert_eq!((error.status(), error.error_source()), (status, ErrorSource::Downstream), "{state}");
        }
    }

    #[test]
    fn an_error_has_the_servers_words_code_and_place() {
        let error = SqlError::new(SqlErrorKind::Query, "Table 't' doesn't exist").code(1146).detail("d").hint("h");
        let error = Error::from(error.at_character("ü\n\nabc", 5));
        assert_eq!(error.message(), "db query error: Table 't' doesn't exist (1146) at line 3, column 2; d; h");
        assert_eq!(error.details(), Some(&json!({ "code": "1146", "position": { "line": 3, "column": 2 } })));
        assert_eq!(Error::from(SqlError::new(SqlErrorKind::Server, "gone")).details(), None);
    }
}
