//! The driver's and the server's errors as the user sees them.

use crate::way::TooLong;
use std::error::Error as _;
use tokio_postgres::error::{DbError, ErrorPosition};
use wellhead_sdk::Error;
use wellhead_sdk::net::NetError;
use wellhead_sql::{SqlError, Statement};

/// The driver's words.
const NO_TLS: &str = "server does not support TLS";

/// The error of a statement.
/// `cause` is what became of the connection, which the driver says only there.
pub(crate) fn of_statement(statement: &Statement, error: &tokio_postgres::Error, cause: Option<Error>) -> Error {
    match error.as_db_error() {
        Some(error) => of_server(error, Some(statement)).into(),
        None => cause.unwrap_or_else(|| of_way(error)),
    }
}

/// The error of connecting and logging in.
pub(crate) fn of_login(error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(error) => of_server(error, None).into(),
        None => of_way(error),
    }
}

/// In the server's own words.
fn of_server(error: &DbError, statement: Option<&Statement>) -> SqlError {
    let mut shown = SqlError::of_sqlstate(error.code().code(), error.message());
    if let (Some(ErrorPosition::Original(position)), Some(statement)) = (error.position(), statement) {
        let before = usize::try_from(*position).ok().filter(|position| *position > 0);
        let whole = before.map(|position| statement.before().chars().count() + position);
        shown = shown.at_character(statement.whole(), whole.unwrap_or(0));
    }
    if let Some(detail) = error.detail() {
        shown = shown.detail(detail);
    }
    if let Some(hint) = error.hint() {
        shown = shown.hint(hint);
    }
    shown
}

/// What the host says of the connection, where it said something; else the driver's words.
pub(crate) fn of_way(error: &tokio_postgres::Error) -> Error {
    if let Some(found) = NetError::find(error) {
        return found.clone().into();
    }
    if let Some(too_long) = error.source().and_then(TooLong::find) {
        return Error::downstream(too_long);
    }
    if error.is_closed() {
        return Error::downstream("the server closed the connection: its log says why");
    }
    match error.source() {
        Some(source) if source.to_string() == NO_TLS => Error::downstream(format_args!(
            "the {NO_TLS}: set sslmode to disable if the way to it is safe, or turn ssl on in the server"
        )),
        Some(source) => Error::downstream(format_args!("{error}: {source}")),
        None => Error::downstream(error),
    }
}
