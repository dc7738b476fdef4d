//! `wellhead query`: asks a data source and prints what it answers.

use crate::ask::{Local, LocalArgs, QueryDefaults, Remote, Request};
use crate::client::ServerArgs;
use crate::config::{LogFilter, LogFormat};
use crate::exit::Outcome;
use crate::logging;
use crate::output::OutputArgs;
use anyhow::{Context, Result, bail};
use std::io::Read;
use std::time::Duration;
use tokio::runtime;

const EXAMPLES: &str = r#"Examples:
  Ask a data source of the server that runs on the data folder ./data, or of one elsewhere:
    wellhead query --datasource prom '{"expr":"up"}'
    wellhead query --server https://wellhead.example.com --token "$TOKEN" --datasource prom '{"expr":"up"}'
  Ask a plugin in this process, with no server at all:
    wellhead query --plugin prometheus.wasm --url http://127.0.0.1:9090 '{"expr":"up"}'
  The last five minutes of two queries, as CSV:
    wellhead query --plugin prometheus.wasm --settings prom.yaml --from now-5m -o csv \
      '[{"expr":"up"},{"expr":"go_goroutines"}]'

A query is the plugin's own JSON object; refId, intervalMs and maxDataPoints may stand in it."#;

/// Ask a data source, of a server or of a plugin in this process, and print the answer
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Which data source of the server to ask, unless the queries name their own
    #[arg(long, value_name = "UID", conflicts_with = "plugin")]
    datasource: Option<String>,
    /// The org of the data source [default: the caller's own]
    #[arg(long, value_name = "ID", conflicts_with = "plugin")]
    org: Option<u32>,
    #[command(flatten)]
    local: LocalArgs,
    #[command(flatten)]
    defaults: QueryDefaults,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    #[command(flatten)]
    output: OutputArgs,
    /// What to log on standard error: error, warn, info, debug, trace, or directives
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log_level: LogFilter,
    /// Queries: JSON objects, or arrays of them; - reads standard input
    #[arg(required = true, value_name = "QUERY")]
    queries: Vec<String>,
}

pub(crate) fn run(args: &QueryArgs) -> Result<Outcome> {
    args.output.check()?;
    logging::start(&args.log_level, LogFormat::Human);
    let request = Request::parse(&texts(&args.queries)?, &args.defaults)?;
    let timeout = Duration::from_secs(args.timeout);
    let runtime =
        runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
    let answers = if args.local.plugin.is_some() {
        runtime.block_on(async { Local::new(&args.local, timeout).await?.ask(request).await })?
    } else {
        let request = match &args.datasource {
            Some(uid) => request.of_data_source(uid),
            None => request,
        };
        if let Some(ref_id) = request.without_data_source() {
            bail!(
                "query {ref_id} names no data source: add --datasource UID, or \"datasource\":{{\"uid\":\"…\"}} to the query"
            );
        }
        let remote = Remote::new(args.server.connect(Some(timeout))?.for_org(args.org));
        runtime.block_on(remote.ask(&request))?
    };
    args.output.print(&answers)
}

/// The queries as text, `-` read from standard input.
fn texts(queries: &[String]) -> Result<Vec<String>> {
    let read = |query: &String| {
        if query != "-" {
            return Ok(query.clone());
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read queries from standard input")?;
        Ok(text)
    };
    queries.iter().map(read).collect()
}
