//! `wellhead stream`: subscribes to a live channel and prints its frames as they come.

use crate::ask::{Local, LocalArgs, RemoteChannel};
use crate::client::ServerArgs;
use crate::config::{LogFilter, LogFormat};
use crate::exit::Outcome;
use crate::logging;
use crate::output::{LiveFormat, LivePrinter};
use anyhow::{Context, Result, bail};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::pin::pin;
use std::time::Duration;
use tokio::runtime;
use wellhead::Frame;

const EXAMPLES: &str = r#"Examples:
  A channel of a data source of the server that runs on the data folder ./data:
    wellhead stream testdata random-2s-stream
  Of a server elsewhere, ten frames as CSV:
    wellhead stream --server https://wellhead.example.com --token "$TOKEN" --count 10 -o csv testdata random-20Hz-stream
  Of a plugin in this process, with what it is to be told:
    wellhead stream --plugin websocket.wasm --url wss://example.com/feed ticker --query '{"path":"/ticker"}'

Ctrl-C ends it."#;

/// Subscribe to a live channel of a data source and print its frames as they come
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StreamArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// The org of the data source [default: the caller's own]
    #[arg(long, value_name = "ID", conflicts_with = "plugin")]
    org: Option<u32>,
    #[command(flatten)]
    local: LocalArgs,
    /// What the plugin is to be told of the channel: a JSON document of its own
    #[arg(long, value_name = "JSON", default_value = "", hide_default_value = true)]
    query: String,
    /// End after so many frames
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Form of the output
    #[arg(short, long, value_enum, default_value_t = LiveFormat::Rows, value_name = "FORMAT")]
    output: LiveFormat,
    /// What to log on standard error: error, warn, info, debug, trace, or directives
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log_level: LogFilter,
    /// The data source's uid and the channel's path; the path alone with --plugin
    #[arg(required = true, num_args = 1..=2, value_names = ["UID", "PATH"])]
    channel: Vec<String>,
}

pub(crate) fn run(args: &StreamArgs) -> Result<Outcome> {
    let mut printer = LivePrinter::new(args.output)?;
    logging::start(&args.log_level, LogFormat::Human);
    if !args.query.is_empty() {
        serde_json::from_str::<serde::de::IgnoredAny>(&args.query).context("--query is not JSON")?;
    }
    let runtime =
        runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
    runtime.block_on(async {
        if args.local.plugin.is_some() {
            let [path] = args.channel.as_slice() else {
                bail!("name the channel's path alone: with --plugin there is one data source");
            };
            let local = Local::new(&args.local, Duration::from_secs(30)).await?;
            let printed = match local.frames(path, &args.query).await {
                Ok(frames) => print(frames.map(Ok).boxed(), args.count, &mut printer).await,
                Err(error) => Err(error),
            };
            local.shutdown().await;
            printed
        } else {
            let [uid, path] = args.channel.as_slice() else {
                bail!("name the data source's uid and the channel's path, as in `wellhead stream testdata random-2s-stream`");
            };
            let server = args.server.connect(None)?.for_org(args.org);
            let channel = RemoteChannel::subscribe(&server, uid, path, &args.query).await?;
            print(channel.frames().boxed(), args.count, &mut printer).await
        }
    })
}

/// Prints frames until there are no more, there were enough, or somebody presses Ctrl-C.
async fn print(
    mut frames: BoxStream<'_, Result<Frame>>,
    count: Option<u64>,
    printer: &mut LivePrinter,
) -> Result<Outcome> {
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let mut printed = 0_u64;
    while count.is_none_or(|count| printed < count) {
        let frame = tokio::select! {
            biased;
            _ = &mut interrupted => break,
            frame = frames.next() => frame,
        };
        let Some(frame) = frame.transpose()? else { break };
        printer.print(&frame)?;
        printed = printed.saturating_add(u64::from(frame.num_rows() > 0));
    }
    Ok(Outcome::Done)
}
