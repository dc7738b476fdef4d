//! The server's errors, and those of the way to it, as the user sees them.

use crate::protocol::ServerError;
use std::io;
use wellhead_sdk::Error;
use wellhead_sdk::net::NetError;
use wellhead_sql::{SqlError, SqlErrorKind, Statement};

/// What the server said no with when nobody asked it anything.
pub(crate) fn of_server(error: &ServerError) -> Error {
    shown(error).into()
}

/// What the server said to a statement.
pub(crate) fn of_statement(statement: &Statement, error: &ServerError) -> Error {
    let shown = shown(error);
    match place(statement, &error.message) {
        Some((line, column)) => shown.at_line(line, column).into(),
        None => shown.into(),
    }
}

/// What the host says of the connection, where it said something.
pub(crate) fn of_way(error: &io::Error) -> Error {
    match NetError::find(error) {
        Some(found) => found.clone().into(),
        None => Error::downstream(error),
    }
}

fn shown(error: &ServerError) -> SqlError {
    let shown = SqlError::new(kind(error), &error.message);
    match error.state.as_str() {
        "" => shown.code(error.code),
        state => shown.code(format_args!("{}, {state}", error.code)),
    }
}

/// By the server's own codes, as SQLSTATE is HY000 for most; MySQL's "Server Error Message Reference" and MariaDB's
/// "MariaDB Error Code Reference".
fn kind(error: &ServerError) -> SqlErrorKind {
    match error.code {
        // Too many connections, of all and of this user; out of memory and of disk; too many prepared statements.
        1040 | 1203 | 1226 | 1021 | 1037 | 1038 | 1041 | 1461 => SqlErrorKind::Busy,
        // Host blocked or not allowed, denied, password expired, account locked, TLS wanted.
        1044 | 1045 | 1129 | 1130 | 1251 | 1698 | 1820 | 1862 | 3118 | 3159 | 4151 => SqlErrorKind::Login,
        // A lock, an interruption, the server's time-outs (MariaDB's and MySQL's).
        1205 | 1317 | 1969 | 3024 => SqlErrorKind::Timeout,
        // Shutdown, packets that did not arrive, the connection killed.
        1053 | 1077..=1080 | 1152 | 1158..=1161 | 1184 | 1213 | 1927 | 4031 => SqlErrorKind::Server,
        _ => SqlErrorKind::of_sqlstate(&error.state),
    }
}

/// Where in the query a syntax error is. The server says the line within the statement, and the text from there on, as
/// much as fits: `… near 'FORM t' at line 2`.
fn place(statement: &Statement, message: &str) -> Option<(usize, usize)> {
    let (rest, line) = message.rsplit_once("' at line ")?;
    let line: usize = line.trim().parse().ok()?;
    let (_, near) = rest.split_once(" near '")?;
    let text = statement.text();
    let start_of_line = match line.checked_sub(2) {
        None => 0,
        Some(number) => text.match_indices('\n').nth(number)?.0 + 1,
    };
    let at = match near {
        "" => text.len(),
        // Text of several lines begins in the line before that in which the server stopped reading.
        _ => text
            .get(start_of_line..)
            .and_then(|rest| rest.find(near))
            .map(|at| at + start_of_line)
            .or_else(|| text.rfind(near))?,
    };
    let before = format!("{}{}", statement.before(), text.get(..at)?);
    let column = before.rsplit('\n').next()?.chars().count() + 1;
    Some((before.matches('\n').count() + 1, column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_sdk::ErrorSource;
    use wellhead_sql::Dialect;

    #[test]
    fn the_querys_faults_are_400_and_the_servers_5xx_and_all_are_downstreams() {
        for (code, state, status) in [
            (1064, "42000", 400),
            (1146, "42S02", 400),
            (1049, "42000", 400),
            (1105, "HY000", 400),
            (1045, "28000", 401),
            (1040, "", 503),
            (3024, "HY000", 504),
            (1213, "40001", 502),
            (1053, "08S01", 502),
        ] {
            let error = ServerError { code, state: state.to_owned(), message: "no".to_owned() };
            let error = of_server(&error);
            assert_eq!((error.status(), error.error_source()), (status, ErrorSource::Downstream), "{code}");
        }
    }

    #[test]
    fn a_syntax_error_has_its_place_in_the_whole_query() {
        let query = "SELECT 1;\n  SELECT 'ü', FORM\n  FROM t";
        let statement = Statement::all(Dialect::mysql(), query).pop_back().unwrap();
        for (message, expected) in [
            ("x near 'FORM\n  FROM t' at line 1", Some((2, 15))),
            ("x near 't' at line 2", Some((3, 8))),
            ("x near '' at line 2", Some((3, 9))),
            ("x near 'nowhere' at line 2", None),
            ("x near 't' at line 77", None),
            ("Unknown column 'a'", None),
        ] {
            assert_eq!(place(&statement, message), expected, "{message}");
        }
    }
}
