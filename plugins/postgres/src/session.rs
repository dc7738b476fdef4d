//! One connection to the server, logged in: statements are prepared on it and run.

use crate::cancel::{Canceller, Running};
use crate::decode::Kind;
use crate::error;
use crate::life::Life;
use crate::parameter::Parameter;
use crate::prepared::{Plan, Prepared};
use crate::rows::Rows;
use crate::settings::Settings;
use crate::way::{HostTls, Way};
use futures::future::try_join;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};
use wellhead_sdk::Error;
use wellhead_sdk::net::Connection;
use wellhead_sql::{Dialect, RecentStatements, Statement};

/// The manifest's name for the server.
pub(crate) const SERVER: &str = "server";
const APPLICATION: &str = "wellhead";

/// What the server may take for its last word to a session that is over: longer than cancelling is tried.
const LAST_WORD: Duration = Duration::from_secs(12);

/// A connection that is logged in. Dropping it ends it.
pub(crate) struct Session {
    client: Client,
    canceller: Canceller,
    prepared: RefCell<RecentStatements<Prepared>>,
    /// What `statement_timeout` stands at, in milliseconds.
    timeout: Cell<Option<u64>>,
}

impl Session {
    /// Connects and logs in.
    pub(crate) async fn open(settings: &Settings, password: &str) -> Result<Self, Error> {
        let tls = HostTls(settings.sslmode.verify());
        let mode = if tls.0.is_some() { SslMode::Require } else { SslMode::Disable };
        let mut config = Config::new();
        config.user(&settings.user).password(password).dbname(&settings.database);
        config.application_name(APPLICATION).ssl_mode(mode);
        let way = Way::new(Connection::connect(SERVER).await?, tls);
        let opened = config.connect_raw(way, tls).await;
        let (client, driver) = opened.map_err(|error| error::of_login(&error))?;
        let canceller = Canceller { token: client.cancel_token(), tls, life: Life::begin(driver) };
        Ok(Self { client, canceller, prepared: RefCell::default(), timeout: Cell::new(None) })
    }

    /// Ends it, and waits until the server has let go of it.
    pub(crate) async fn end(self) {
        let life = self.canceller.life.clone();
        drop(self);
        life.ended().await;
    }

    /// Whether the server, or the way to it, has ended the connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.canceller.life.is_over()
    }

    /// Whether the server still answers.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        self.client.check_connection().await.map_err(|error| error::of_login(&error))
    }

    /// Runs a statement, for at most `timeout`; gives the plan of its columns and its rows.
    pub(crate) async fn run(
        &self,
        statement: &Statement,
        parameters: &[Parameter],
        timeout: Duration,
    ) -> Result<(Prepared, Rows), Error> {
        loop {
            let known = self.prepared.borrow_mut().get(statement.text());
            let is_known = known.is_some();
            let prepared = self.prepare(statement, known, timeout).await?;
            let (given, expected) = (parameters.len(), prepared.handle.params().len());
            if given != expected {
                let what = format_args!("query.params: the statement has {expected} parameters, and {given} are given");
                return Err(Error::bad_request(what));
            }
            let mut running = Running::on(&self.canceller);
            match self.client.query_raw(&prepared.handle, parameters).await {
                Ok(stream) => {
                    let rows = Rows::new(stream, statement.clone(), &prepared, running);
                    return Ok((prepared, rows));
                }
                Err(error) => {
                    let cause = running.failed(&error);
                    self.prepared.borrow_mut().remove(statement.text());
                    // A table that was changed since makes the plan useless: nothing was run.
                    if is_known && error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) {
                        continue;
                    }
                    return Err(error::of_statement(statement, &error, cause));
                }
            }
        }
    }

    /// Has a statement worked out by the server, unless that is `known`. Nothing is run yet.
    async fn prepare(
        &self,
        statement: &Statement,
        known: Option<Prepared>,
        timeout: Duration,
    ) -> Result<Prepared, Error> {
        let plan = async {
            match known {
                Some(prepared) => Ok(prepared),
                None => self.plan(statement).await,
            }
        };
        // A statement waits for locks while it is worked out.
        let mut running = Running::on(&self.canceller);
        // Sent together: one way there and back.
        let planned = try_join(self.limit(timeout), plan).await;
        running.over();
        let ((), prepared) = planned?;
        self.prepared.borrow_mut().put(statement.text(), prepared.clone());
        Ok(prepared)
    }

    /// Has the server end statements after this time by itself: should nobody be left to cancel them.
    async fn limit(&self, timeout: Duration) -> Result<(), Error> {
        // Whole seconds, so that calls with about the same budget do not set it anew each time.
        let millis = timeout.as_secs().saturating_add(1).saturating_mul(1_000).min(i32::MAX as u64);
        if self.timeout.replace(Some(millis)) == Some(millis) {
            return Ok(());
        }
        let set = self.client.batch_execute(&format!("SET statement_timeout = {millis}")).await;
        set.map_err(|error| {
            self.timeout.set(None);
            self.canceller.life.heed(&error);
            error::of_login(&error)
        })
    }

    async fn plan(&self, statement: &Statement) -> Result<Prepared, Error> {
        let handle = self.client.prepare(statement.text()).await;
        let handle = handle.map_err(|error| {
            self.canceller.life.heed(&error);
            error::of_statement(statement, &error, self.canceller.life.cause())
        })?;
        let columns = handle.columns().iter().map(|column| {
            let kind = Kind::of(column.type_())?;
            Some(Plan { name: column.name().to_owned(), kind })
        });
        match columns.collect() {
            Some(columns) => Ok(Prepared { handle, columns }),
            None => self.plan_as_text(statement, &handle).await,
        }
    }

    /// The same statement, of which the server writes as text what is not read here.
    async fn plan_as_text(
        &self,
        statement: &Statement,
        original: &tokio_postgres::Statement,
    ) -> Result<Prepared, Error> {
        let mut columns = Vec::new();
        let mut selected = Vec::new();
        for (number, column) in original.columns().iter().enumerate() {
            let known = Kind::of(column.type_());
            let cast = if known.is_some() { "" } else { "::text" };
            let name = Dialect::postgres().quote_name(column.name());
            selected.push(format!("c{number}{cast} AS {name}"));
            columns.push(Plan { name: column.name().to_owned(), kind: known.unwrap_or(Kind::Text) });
        }
        let names: Vec<String> = (0..columns.len()).map(|number| format!("c{number}")).collect();
        let (names, selected) = (names.join(", "), selected.join(", "));
        let around = format!("WITH q({names}) AS (\n{}\n) SELECT {selected} FROM q", statement.text());
        let handle = self.client.prepare(&around).await.map_err(|error| {
            let unread = original.columns().iter().find(|column| Kind::of(column.type_()).is_none());
            let (name, data_type) = unread.map_or(("", ""), |column| (column.name(), column.type_().name()));
            let why = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
            Error::bad_request(format_args!(
                "column {name:?} is of type {data_type}, which only the server can write, and it cannot do so around \
                 this statement ({why}): cast the column to text in the query"
            ))
        })?;
        Ok(Prepared { handle, columns: columns.into() })
    }
}

/// The driver goes on until all that was asked is answered. It has to come to an end, also where the server never answers.
impl Drop for Session {
    fn drop(&mut self) {
        self.canceller.life.end_within(LAST_WORD);
    }
}
