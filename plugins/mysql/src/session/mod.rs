//! One connection to the server, logged in: statements are prepared on it and run.

mod limit;
mod set_up;

use crate::error;
use crate::login::log_in;
use crate::parameter;
use crate::plan::Plan;
use crate::protocol::{Definition, End, Prepared, Reader, ServerError, Wire, capability, command, header, malformed};
use crate::server::Login;
use futures::channel::oneshot;
use limit::Limit;
use serde_json::Value;
use set_up::SetUp;
use std::rc::Rc;
use std::time::Duration;
use wellhead_sdk::Error;
use wellhead_sdk::net::Connection;
use wellhead_sql::{Dialect, RecentStatements, Statement};

pub(crate) use set_up::Identity;

/// The manifest's name for the server.
const SERVER: &str = "server";
/// What all definitions of a statement's columns may have together, in bytes.
const LONGEST_DEFINITIONS: usize = 16 << 20;
/// The server does not prepare this statement, or no more statements.
const UNSUPPORTED: u16 = 1295;
const TOO_MANY_PREPARED: u16 = 1461;
const UNKNOWN_VARIABLE: u16 = 1193;

/// A connection that is logged in. Dropping it ends it.
pub(crate) struct Session {
    wire: Wire,
    login: Login,
    thread: u32,
    capabilities: u32,
    limit: Limit,
    set_up: SetUp,
    recent: RecentStatements<Prepared>,
    /// Those of no more use, which the server is to forget.
    retired: Vec<u32>,
    /// The server's last word is still to come, or the way to it failed.
    is_asked: bool,
    /// The server has ended it.
    is_ended: bool,
    /// A statement of somebody's has run since it was new.
    is_used: bool,
    /// Comes when what ran in it last is over, or is killed.
    killed: Option<oneshot::Receiver<()>>,
}

/// What a statement answers with.
pub(crate) enum Answer {
    /// No rows.
    Done(End, Form),
    /// Rows of these columns.
    Rows(Rc<[Plan]>, Form),
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Binary,
    Text,
}

impl Session {
    /// Connects and logs in.
    pub(crate) async fn open(login: Login) -> Result<Self, Error> {
        let connection = Connection::connect(SERVER).await?;
        let (wire, greeting) = log_in(connection, login.settings(), login.password()).await?;
        let mut session = Self {
            wire,
            thread: greeting.thread,
            capabilities: greeting.capabilities,
            limit: Limit::of(&greeting.version),
            set_up: SetUp::default(),
            recent: RecentStatements::default(),
            retired: Vec::new(),
            is_asked: false,
            is_ended: false,
            is_used: false,
            killed: None,
            login,
        };
        session.set_up(&greeting.version).await?;
        Ok(session)
    }

    /// Whose SQL it is, as `sql_mode` has it.
    pub(crate) fn dialect(&self) -> Dialect {
        self.set_up.dialect()
    }

    /// Which server it is, where that says so.
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.set_up.identity()
    }

    pub(crate) fn thread(&self) -> u32 {
        self.thread
    }

    pub(crate) fn login(&self) -> Login {
        self.login.clone()
    }

    /// Whether it can be asked: the server has said its last word on all that it was asked.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_asked
    }

    /// Whether the server has said that it has ended it, or will.
    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whether a statement has run in it since it was new.
    pub(crate) fn is_used(&self) -> bool {
        self.is_used
    }

    /// Whether the server still answers.
    pub(crate) async fn check(&mut self) -> Result<(), Error> {
        self.ask(&[command::PING]).await?;
        self.done().await?.map_err(|error| error::of_server(&error))
    }

    /// Kills what runs on another connection of the same user.
    pub(crate) async fn kill(&mut self, thread: u32) -> Result<(), Error> {
        self.set(&format!("KILL QUERY {thread}")).await?.map_err(|error| error::of_server(&error))
    }

    /// Whether another connection of the same user is there.
    pub(crate) async fn has(&mut self, thread: u32) -> Result<bool, Error> {
        // An error where it is not.
        let shown = self.set(&format!("KILL QUERY {thread}")).await?;
        Ok(shown.is_ok())
    }

    /// What runs in it from here on is killed by somebody who tells so by this.
    pub(crate) fn dies_with(&mut self, killed: oneshot::Receiver<()>) {
        self.killed = Some(killed);
    }

    /// Ends it wherever it is, and waits until the server has let go of it.
    pub(crate) async fn end(self) {
        if self.is_idle() {
            return self.quit().await;
        }
        let killed = self.killed;
        drop(self.wire);
        if let Some(killed) = killed {
            let _ = killed.await;
        }
    }

    /// Takes leave.
    pub(crate) async fn quit(self) {
        self.wire.quit().await;
    }

    /// Runs a statement, which the server ends by itself after `timeout`.
    pub(crate) async fn run(
        &mut self,
        statement: &Statement,
        parameters: &[Value],
        timeout: Duration,
    ) -> Result<Answer, Error> {
        self.is_used = true;
        self.limit(timeout).await?;
        let text = statement.text();
        let prepared = match self.recent.get(text) {
            Some(known) => Ok(known),
            None => self.prepare(text).await?,
        };
        let form = match prepared {
            Ok(prepared) => {
                let (given, expected) = (parameters.len(), usize::from(prepared.parameters));
                if given != expected {
                    let what =
                        format_args!("query.params: the statement has {expected} parameters, and {given} are given");
                    return Err(Error::bad_request(what));
                }
                self.ask(&parameter::execute(prepared, parameters)).await?;
                Form::Binary
            }
            Err(error) if matches!(error.code, UNSUPPORTED | TOO_MANY_PREPARED) && parameters.is_empty() => {
                self.ask(&query(text)).await?;
                Form::Text
            }
            Err(error) => return Err(error::of_statement(statement, &error)),
        };
        let answer = self.answer(form).await?;
        answer.map_err(|error| {
            // A table that has changed since makes the plan useless; the next one is made anew.
            self.retired.extend(self.recent.remove(text).map(|prepared| prepared.id));
            error::of_statement(statement, &error)
        })
    }

    /// What comes after a command, or after rows that are not the last ones.
    pub(crate) async fn answer(&mut self, form: Form) -> Result<Result<Answer, ServerError>, Error> {
        let packet = match self.packet().await? {
            Ok(packet) => packet,
            Err(error) => return Ok(Err(error)),
        };
        let columns = match packet.first() {
            Some(&header::OK) => {
                let end = End::of_ok(packet).ok_or_else(|| malformed("an OK that is cut short"))?;
                self.is_asked = end.more;
                return Ok(Ok(Answer::Done(end, form)));
            }
            Some(&header::LOCAL_INFILE) => {
                return Err(Error::bad_request(
                    "the statement reads a file of the client (LOAD DATA LOCAL), which has none",
                ));
            }
            _ => Reader::new(packet).length().and_then(|columns| u16::try_from(columns).ok()),
        };
        let columns = columns.ok_or_else(|| malformed("a number of columns that is none"))?;
        let mut plans = Vec::new();
        let mut bytes = 0_usize;
        for _ in 0..columns {
            let packet = match self.packet().await? {
                Ok(packet) => packet,
                Err(error) => return Ok(Err(error)),
            };
            bytes = bytes.saturating_add(packet.len());
            let column = Definition::read(packet).filter(|_| bytes <= LONGEST_DEFINITIONS);
            plans.push(Plan::from(column.ok_or_else(|| malformed("a column's definition that is none"))?));
        }
        self.skip_end_of_definitions().await?;
        Ok(Ok(Answer::Rows(plans.into(), form)))
    }

    /// The next packet of rows, or how they end.
    pub(crate) async fn row(&mut self) -> Result<Result<Row<'_>, ServerError>, Error> {
        let capabilities = self.capabilities;
        let (is_asked, is_ended, answer) = (&mut self.is_asked, &mut self.is_ended, self.wire.answer().await?);
        Ok(match answer {
            Ok(packet) => Ok(match End::of_rows(packet, capabilities) {
                Some(end) => {
                    *is_asked = end.more;
                    Row::End(end)
                }
                None => Row::Values(packet),
            }),
            Err(error) => {
                *is_asked = false;
                *is_ended |= error.ends_session();
                Err(error)
            }
        })
    }

    /// Has the server end statements after this time by itself: should nobody be left to kill them.
    async fn limit(&mut self, timeout: Duration) -> Result<(), Error> {
        let Some(set) = self.limit.set(timeout) else { return Ok(()) };
        match self.set(&set).await? {
            Ok(()) => Ok(()),
            Err(error) if error.code == UNKNOWN_VARIABLE => {
                self.limit = Limit::None;
                Ok(())
            }
            Err(error) => Err(error::of_server(&error)),
        }
    }

    async fn prepare(&mut self, text: &str) -> Result<Result<Prepared, ServerError>, Error> {
        for id in std::mem::take(&mut self.retired) {
            let mut close = vec![command::CLOSE_STATEMENT];
            close.extend_from_slice(&id.to_le_bytes());
            // Nothing comes back.
            self.wire.ask(&close).await?;
        }
        let mut prepare = vec![command::PREPARE];
        prepare.extend_from_slice(text.as_bytes());
        self.ask(&prepare).await?;
        let prepared = match self.packet().await? {
            Ok(packet) => Prepared::read(packet).ok_or_else(|| malformed("no statement where one was prepared"))?,
            Err(error) => return Ok(Err(error)),
        };
        // Said again when it runs, and true only then.
        for definitions in [prepared.parameters, prepared.columns] {
            for _ in 0..definitions {
                self.packet().await?.map_err(|error| error::of_server(&error))?;
            }
            if definitions > 0 {
                self.skip_end_of_definitions().await?;
            }
        }
        self.is_asked = false;
        self.retired.extend(self.recent.put(text, prepared).map(|retired| retired.id));
        Ok(Ok(prepared))
    }

    async fn skip_end_of_definitions(&mut self) -> Result<(), Error> {
        if self.capabilities & capability::DEPRECATE_EOF == 0 {
            self.packet().await?.map_err(|error| error::of_server(&error))?;
        }
        Ok(())
    }

    /// Runs a statement that has no rows.
    async fn set(&mut self, text: &str) -> Result<Result<(), ServerError>, Error> {
        self.ask(&query(text)).await?;
        self.done().await
    }

    /// The end of something that has no rows.
    async fn done(&mut self) -> Result<Result<(), ServerError>, Error> {
        let done = self.packet().await?.map(|_| ());
        self.is_asked = false;
        Ok(done)
    }

    async fn ask(&mut self, command: &[u8]) -> Result<(), Error> {
        self.is_asked = true;
        let asked = self.wire.ask(command).await;
        // A statement that is too long was not sent.
        self.is_asked = asked.as_ref().map_or_else(|error| error.status() != 400, |()| true);
        asked
    }

    /// The next packet; what the server says no with is its last word.
    async fn packet(&mut self) -> Result<Result<&[u8], ServerError>, Error> {
        let (is_asked, is_ended) = (&mut self.is_asked, &mut self.is_ended);
        Ok(self.wire.answer().await?.inspect_err(|error| {
            *is_asked = false;
            *is_ended |= error.ends_session();
        }))
    }
}

/// A packet of rows.
pub(crate) enum Row<'a> {
    Values(&'a [u8]),
    End(End),
}

fn query(text: &str) -> Vec<u8> {
    let mut query = vec![command::QUERY];
    query.extend_from_slice(text.as_bytes());
    query
}
