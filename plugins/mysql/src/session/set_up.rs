//! What a session has before anybody's statement runs in it, and how it comes back to that after one.

use super::{Answer, Form, Row, Session, query};
use crate::error;
use crate::protocol::{Reader, ServerError, command, malformed};
use std::rc::Rc;
use wellhead_sdk::Error;
use wellhead_sql::{Dialect, RecentStatements};

/// What a server says of itself fits many times.
const LONGEST_ROW: usize = 16 << 10;

/// Which server it is. A proxy or a name may lead to several, each of which counts its connections by itself.
pub(crate) type Identity = Rc<str>;

/// What the server said of the session when it was set up.
#[derive(Default)]
pub(super) struct SetUp {
    sql_mode: String,
    identity: Option<Identity>,
    /// The server does nothing for a new session (`init_connect`) that it would not do for one that is reset.
    is_repeatable: bool,
}

impl SetUp {
    pub(super) fn dialect(&self) -> Dialect {
        let has = |flag| self.sql_mode.split(',').any(|mode| mode.eq_ignore_ascii_case(flag));
        Dialect::MySql { ansi_quotes: has("ANSI_QUOTES"), no_backslash_escapes: has("NO_BACKSLASH_ESCAPES") }
    }

    pub(super) fn identity(&self) -> Option<Identity> {
        self.identity.clone()
    }
}

impl Session {
    /// Time zone and `sql_mode`. What the latter is, the server is asked, because it decides how SQL is read.
    pub(super) async fn set_up(&mut self, version: &str) -> Result<(), Error> {
        let mode = match self.login.settings().ansi_quotes {
            true => ", sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')",
            false => "",
        };
        let set = format!("SET {}{mode}", self.time_zone());
        self.set(&set).await?.map_err(|error| error::of_server(&error))?;
        let identity = match version.contains("MariaDB") {
            true => "CONCAT_WS(' ', @@hostname, @@port, @@server_id)",
            false => "@@server_uuid",
        };
        let all = format!("SELECT @@sql_mode, {identity}, COALESCE(@@init_connect, '') = ''");
        let told = match self.first_row::<3>(&all).await? {
            Ok(told) => told,
            // What only speaks the protocol may not know all of these.
            Err(_) => {
                let mode = self.first_row::<1>("SELECT @@sql_mode").await?;
                let [mode] = mode.map_err(|error| error::of_server(&error))?;
                [mode, None, None]
            }
        };
        let [mode, identity, is_repeatable] = told;
        self.set_up = SetUp {
            sql_mode: mode.unwrap_or_default(),
            identity: identity.map(Rc::from),
            is_repeatable: is_repeatable.as_deref() == Some("1"),
        };
        Ok(())
    }

    /// Makes it as it was before anybody used it: no locks, no transaction, no variables, no temporary tables. False
    /// where the server cannot do that, and the session is as it was. Neither the database nor the role comes back,
    /// and MariaDB keeps FOUND_ROWS(), a number.
    pub(crate) async fn renew(&mut self) -> Result<bool, Error> {
        if !self.set_up.is_repeatable {
            return Ok(false);
        }
        self.ask(&[command::RESET_CONNECTION]).await?;
        if self.done().await?.is_err() {
            return Ok(false);
        }
        self.recent = RecentStatements::default();
        self.retired.clear();
        self.limit.forget();
        // MySQL goes back to the server's own character set, not to that of the log in. And the dialect stays as it is,
        // whatever the server's own mode has become.
        let mode = Dialect::mysql().quote_string(&self.set_up.sql_mode);
        let set = format!("SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, {}, sql_mode = {mode}", self.time_zone());
        self.set(&set).await?.map_err(|error| error::of_server(&error))?;
        self.is_used = false;
        Ok(true)
    }

    fn time_zone(&self) -> String {
        format!("time_zone = {}", Dialect::mysql().quote_string(&self.login.settings().timezone))
    }

    /// The values of a result's first row; nulls where there is none.
    async fn first_row<const N: usize>(
        &mut self,
        text: &str,
    ) -> Result<Result<[Option<String>; N], ServerError>, Error> {
        let mut values = [const { None }; N];
        self.ask(&query(text)).await?;
        match self.answer(Form::Text).await? {
            Ok(Answer::Rows(..)) => {}
            Ok(Answer::Done(..)) => return Ok(Ok(values)),
            Err(error) => return Ok(Err(error)),
        }
        loop {
            let row = match self.row().await? {
                Ok(Row::Values(row)) => row,
                Ok(Row::End(_)) => return Ok(Ok(values)),
                Err(error) => return Ok(Err(error)),
            };
            if row.len() > LONGEST_ROW {
                return Err(malformed("what it says of the session is too long"));
            }
            let mut reader = Reader::new(row);
            for value in &mut values {
                let text = reader.nullable_text().ok_or_else(|| malformed("a row that is cut short"))?;
                *value = text.map(|text| String::from_utf8_lossy(text).into_owned());
            }
        }
    }
}
