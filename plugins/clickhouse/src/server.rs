//! Requests to the server: which format, settings and names they bear, and what an answer that says no means.

use crate::exception::{Exception, TAIL};
use crate::json::Table;
use crate::mode::{Mode, TIME_LIMIT, decides_form};
use crate::running::{QueryIds, Running};
use crate::settings::Settings;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::time::Duration;
use wellhead_sdk::http::{Http, RequestBuilder, Response};
use wellhead_sdk::{Error, RequestContext};

/// The server tells its time zone by this, since 22.
const ZONE_HEADER: &str = "x-clickhouse-timezone";
/// And the exception's code by this, since 18; what is in the body says more, where it can be read.
const CODE_HEADER: &str = "x-clickhouse-exception-code";

/// How texts are sent.
const TEXT: &str = "text/plain; charset=utf-8";
/// Refused only for what comes beside it.
const PROBE: &str = "SELECT 1";

/// One ClickHouse.
#[derive(Debug)]
pub(crate) struct Server {
    http: Http,
    pub(crate) settings: Settings,
    mode: Cell<Mode>,
    ids: QueryIds,
    zone: OnceCell<String>,
}

/// An answer that has begun well.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) response: Response,
    pub(crate) running: Running,
    /// How its rows come.
    pub(crate) mode: Mode,
}

impl Server {
    pub(crate) fn new(http: Http, settings: Settings) -> Self {
        let (mode, ids, zone) = (Cell::new(Mode::NEWEST), QueryIds::default(), OnceCell::new());
        Self { http, settings, mode, ids, zone }
    }

    /// Sends a text; the answer's rows come as Arrow where that is wanted and the server can.
    pub(crate) async fn begin(
        self: &Rc<Self>,
        ctx: &RequestContext,
        sql: &str,
        params: &[(String, String)],
        arrow: bool,
    ) -> Result<Begun, Error> {
        loop {
            let known = self.mode.get();
            let mode = if arrow { known } else { known.without_arrow() };
            let mut running = Running::new(self, self.ids.next());
            let id = running.id();
            let request = self.request(ctx, mode, &id).queries(params.iter().map(|(name, value)| (name, value)));
            let mut response = request.body(TEXT, sql).send_any_status().await?;
            if response.status().is_success() {
                return Ok(Begun { response, running, mode });
            }
            let exception = refused(&mut response).await;
            running.over();
            let exception = exception?;
            if mode.after(&exception).is_none() {
                return Err(explained(exception, sql, params));
            }
            // Another call may have learnt it meanwhile; each round knows less than the one before.
            if self.mode.get() == known {
                match self.refused_itself(ctx, mode).await? {
                    Some(next) => self.mode.set(self.mode.get().without_lost(mode, next)),
                    None => return Err(explained(exception, sql, params)),
                }
            }
        }
    }

    /// The next mode, where the server refuses this one whatever the text is; `None` where it takes it, and the text itself
    /// sets what was refused. One user's text must not decide how all others' rows come.
    async fn refused_itself(&self, ctx: &RequestContext, mode: Mode) -> Result<Option<Mode>, Error> {
        let request = self.request(ctx, mode, &self.ids.next());
        let mut response = request.body(TEXT, PROBE).send_any_status().await?;
        if response.status().is_success() {
            return Ok(None);
        }
        let exception = refused(&mut response).await?;
        let next = mode.after(&exception);
        next.map(Some).ok_or_else(|| exception.of(PROBE))
    }

    /// Sends a text and reads all of its rows, which are few.
    pub(crate) async fn table(
        self: &Rc<Self>,
        ctx: &RequestContext,
        sql: &str,
        params: &[(String, String)],
    ) -> Result<Table, Error> {
        let Begun { response, mut running, .. } = self.begin(ctx, sql, params, false).await?;
        let body = response.bytes().await?;
        running.over();
        Table::parse(&body, sql)
    }

    /// Sends a text that is no query of anybody's, and gives the answer as text.
    pub(crate) async fn command(&self, ctx: &RequestContext, sql: &str) -> Result<String, Error> {
        let request = self.http.post(ctx, &self.settings.path).body(TEXT, sql);
        let mut response = request.send_any_status().await?;
        if response.status().is_success() {
            return response.text().await;
        }
        Err(refused(&mut response).await?.of(sql))
    }

    /// The server's time zone, by name.
    pub(crate) async fn zone(self: &Rc<Self>, ctx: &RequestContext, response: &Response) -> Result<String, Error> {
        let told = response.headers().get(ZONE_HEADER).and_then(|zone| zone.to_str().ok());
        if let Some(zone) = told.or(self.zone.get().map(String::as_str)) {
            return Ok(zone.to_owned());
        }
        let asked = self.command(ctx, "SELECT timezone()").await?;
        Ok(self.zone.get_or_init(|| asked.trim().to_owned()).clone())
    }

    fn request(&self, ctx: &RequestContext, mode: Mode, id: &str) -> RequestBuilder {
        let limit = ctx.remaining().min(self.settings.query_timeout);
        let mut request = self.http.post(ctx, &self.settings.path).timeout(limit);
        request = request.queries(mode.pairs()).query("query_id", id);
        if !self.settings.database.is_empty() {
            request = request.query("database", &self.settings.database);
        }
        let custom = self.settings.custom.iter().filter(|(name, _)| !decides_form(name));
        if mode.has_time_limit() && !custom.clone().any(|(name, _)| name == TIME_LIMIT) {
            request = request.query(TIME_LIMIT, whole_seconds(limit));
        }
        if self.settings.compressed {
            request = request.query("enable_http_compression", 1);
        } else {
            // Else the host offers gzip, and packing Arrow costs the server more than it saves the way.
            request = request.header("accept-encoding", "identity");
        }
        request.queries(custom.map(|(name, value)| (name, value)))
    }
}

/// Rounded up, as the server knows no fractions everywhere.
fn whole_seconds(limit: Duration) -> u64 {
    limit.as_secs().saturating_add(u64::from(limit.subsec_nanos() > 0)).max(1)
}

/// The exception of an answer that says no; an error where it is somebody else's no.
async fn refused(response: &mut Response) -> Result<Exception, Error> {
    let status = response.status();
    let mut body = Vec::with_capacity(TAIL);
    while body.len() < body.capacity() {
        let more;
        (body, more) = response.read(body).await;
        // What broke off is shown as far as it came.
        if more != Ok(true) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&body);
    if let Some(exception) = Exception::parse(&text).or_else(|| Exception::at_end(&body)) {
        return Ok(exception);
    }
    let message: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
    let code = response.headers().get(CODE_HEADER).and_then(|code| code.to_str().ok()?.parse().ok());
    match code {
        Some(code) if message.is_empty() => {
            Ok(Exception { code, message: format!("the server answered {} and no message", status.as_u16()) })
        }
        Some(code) => Ok(Exception { code, message }),
        None => Err(Error::upstream_status(
            status.as_u16(),
            format_args!("the server answered {status} without an exception of ClickHouse: {message}"),
        )),
    }
}

fn explained(exception: Exception, sql: &str, params: &[(String, String)]) -> Error {
    let unknown = |(name, _): &(String, String)| {
        exception.code == crate::exception::code::UNKNOWN_SETTING && exception.message.contains(name.as_str())
    };
    let too_old = params.iter().any(unknown);
    let error = exception.sql_error(sql);
    if too_old {
        return error.hint("this server is too old for parameters: write the values into the query").into();
    }
    error.into()
}
