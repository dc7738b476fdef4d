//! The peer `Wellhead`: through the runtime's plugin client, as `wellhead serve` sets it up, with its code compiled by a
//! process of its own; with `--configured` through the embedding API, whose data sources come out of a store.
//!
//! Limits are the default ones, but for what a table of a million rows, a thousand calls at once and a hundred that wait,
//! each on a connection of its own (32 are the default), need.

mod client;
mod embedded;
mod files;
mod start;

use anyhow::{Context, Result, bail};
use clap::Parser;
use client::Client;
use embedded::Embedded;
use files::Files;
use std::path::PathBuf;
use wellhead_egress::{Egress, EgressLimits};
use wellhead_peer::{Answer, Call, Hello, Order, serve};
use wellhead_peers::{Ask, PATIENCE};
use wellhead_runtime::{CompileCommand, Limits, Runtime, RuntimeBuilder};

#[derive(Parser)]
struct Args {
    /// The plugin's file.
    #[arg(long, required_unless_present = "worker")]
    guest: Option<PathBuf>,
    /// Where files of this run may be left.
    #[arg(long, required_unless_present = "worker")]
    scratch: Option<PathBuf>,
    /// So many data sources in a store, of which orders ask as many as they say.
    #[arg(long)]
    configured: Option<usize>,
    /// Instances that a data source has at most; as many as there are cores, where nothing is said.
    #[arg(long)]
    replicas: Option<usize>,
    /// So many tasks make the calls, as a server's connections do; one, where nothing is said, as for peers that have one.
    #[arg(long)]
    tasks: Option<usize>,
    /// Compiles a component for the process that started this one.
    #[arg(long, exclusive = true)]
    worker: bool,
}

/// How hosts are set up here.
pub(crate) struct Setup {
    pub(crate) files: Files,
    replicas: Option<usize>,
    /// That make the calls.
    pub(crate) tasks: usize,
}

impl Setup {
    pub(crate) fn limits(&self) -> Limits {
        let limits = Limits {
            calls_in_flight: 1_024,
            memory_bytes: 2 << 30,
            guest_cpu: PATIENCE,
            call_deadline: PATIENCE,
            ..Limits::default()
        };
        Limits { replicas: self.replicas.unwrap_or(limits.replicas), ..limits }
    }

    pub(crate) fn worker() -> CompileCommand {
        CompileCommand::this_program(["--worker"])
    }

    /// A host that has no plugin yet, whose compiled code is in `cache`.
    pub(crate) fn host(&self, cache: PathBuf) -> Result<RuntimeBuilder> {
        let egress =
            Egress::builder().limits(EgressLimits { max_connections: 256, ..EgressLimits::default() }).build()?;
        let builder = Runtime::builder().egress(egress).limits(self.limits());
        Ok(builder.compile_cache(cache).compile_in_child(Self::worker()))
    }
}

/// What is there between orders.
enum Host {
    None,
    Client(Box<Client>),
    Embedded(Embedded),
}

fn main() -> Result<()> {
    let args = Args::parse();
    if args.worker {
        return wellhead_runtime::compile_worker(std::io::stdin(), std::io::stdout()).context("cannot compile");
    }
    let guest = args.guest.context("--guest is missing")?;
    let files = Files::new(guest, args.scratch.context("--scratch is missing")?);
    let same = |works: &[&str], why: &str| works.iter().map(|work| ((*work).to_owned(), why.to_owned())).collect();
    let (name, cannot) = match (args.configured, args.tasks) {
        (None, None) => ("Wellhead", Vec::new()),
        (None, Some(_)) => {
            ("Wellhead, a task a core", same(&["upstream", "first-answer", "reload", "idle"], "as with one task"))
        }
        (Some(_), _) => {
            let works = ["upstream", "first-answer", "reload", "idle"];
            ("Wellhead, embedded", same(&works, "as through the plugin client"))
        }
    };
    let hello = Hello { name: name.to_owned(), built_from: "wasmtime 48".to_owned(), cannot };
    let io = tokio::runtime::Runtime::new().context("no threads")?;
    let setup = Setup { files, replicas: args.replicas, tasks: args.tasks.unwrap_or(1) };
    let mut host = Host::None;
    serve(&hello, |order| io.block_on(work(&setup, args.configured, &mut host, order)))
}

async fn work(setup: &Setup, configured: Option<usize>, host: &mut Host, order: Order) -> Result<Answer> {
    match (order, configured) {
        (Order::Calls { call, calls, in_flight, queries, sources }, None) => {
            let url = match &call {
                Call::Upstream { url } => url.as_str(),
                Call::Health | Call::Query { .. } => "",
            };
            let client = match std::mem::replace(host, Host::None) {
                Host::Client(client) if client.is(sources, url) => client,
                other => {
                    other.end().await;
                    Box::new(Client::new(setup, 1, sources, url).await?)
                }
            };
            let answer = client.calls(&Ask::of(&call, queries)?, calls, in_flight).await;
            *host = Host::Client(client);
            answer
        }
        (Order::Calls { call, calls, in_flight, queries, sources }, Some(configured)) => {
            let embedded = match std::mem::replace(host, Host::None) {
                Host::Embedded(embedded) if embedded.is(sources) => embedded,
                other => {
                    other.end().await;
                    Embedded::new(setup, configured, sources).await?
                }
            };
            let answer = embedded.calls(&call, queries, calls, in_flight).await;
            *host = Host::Embedded(embedded);
            answer
        }
        (_, Some(_)) => bail!("only calls are asked of the embedding API"),
        (Order::FirstAnswer { warm }, None) => start::first_answer(setup, warm).await,
        (Order::Reload { warm }, None) => start::reload(setup, warm).await,
        (Order::Idle { plugins, sources }, None) => {
            std::mem::replace(host, Host::None).end().await;
            let began = std::time::Instant::now();
            *host = Host::Client(Box::new(Client::new(setup, plugins, sources, "").await?));
            Ok(Answer::once(began.elapsed()))
        }
    }
}

impl Host {
    async fn end(self) {
        match self {
            Self::None => {}
            Self::Client(client) => client.end().await,
            Self::Embedded(embedded) => embedded.end().await,
        }
    }
}
