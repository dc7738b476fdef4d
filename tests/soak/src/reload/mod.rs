//! A plugin replaced under full load: no request is lost, none is answered by code older than what was live when it
//! was sent, bad files never serve, nothing is left over.
//!
//! The load is open loop, the driver replaces the file as soon as the last replacement has taken effect. What must be
//! the same at the end as after some swaps is measured with the load stopped, so that it is the host's alone.

mod builds;
mod driver;
mod figures;
mod ledger;
mod place;
mod plan;

use crate::Report;
use crate::host::Host;
use crate::load::{Healthy, Http, Library, Load, Tally};
use crate::process::Held;
use anyhow::Result;
use builds::Builds;
use driver::{Driver, Took};
use figures::Seen;
use futures::future::try_join_all;
use ledger::Ledger;
use plan::Step;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use wellhead_runtime::PluginState;

/// Requests a second to the data source of the plugin that nobody touches.
const HEALTHY_RATE: u32 = 50;
/// How long what was left over may take to go: tokio's idle threads stay for ten seconds.
const LEFT_OVER: Duration = Duration::from_secs(20);

/// How much of everything.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Options {
    /// How often the file is replaced
    #[arg(long, env = "WELLHEAD_SOAK_SWAPS", default_value_t = 500)]
    pub swaps: usize,
    /// How many of these bring code that was never compiled before
    #[arg(long, env = "WELLHEAD_SOAK_COLD", default_value_t = 20)]
    pub cold: usize,
    /// How many of these are bad files
    #[arg(long, env = "WELLHEAD_SOAK_BAD", default_value_t = 50)]
    pub bad: usize,
    /// After how many swaps is measured what must be the same at the end
    #[arg(long, env = "WELLHEAD_SOAK_BASELINE", default_value_t = 50)]
    pub baseline: usize,
    /// Requests a second through the library
    #[arg(long, env = "WELLHEAD_SOAK_LIBRARY_RATE", default_value_t = 2_000)]
    pub library_rate: u32,
    /// Requests a second over HTTP
    #[arg(long, env = "WELLHEAD_SOAK_HTTP_RATE", default_value_t = 500)]
    pub http_rate: u32,
    /// Clients of the library
    #[arg(long, env = "WELLHEAD_SOAK_CLIENTS", default_value_t = 64)]
    pub clients: usize,
    /// Clients over HTTP, a connection each
    #[arg(long, env = "WELLHEAD_SOAK_HTTP_CLIENTS", default_value_t = 16)]
    pub http_clients: usize,
    /// Milliseconds from a replacement's effect to the next one
    #[arg(long, env = "WELLHEAD_SOAK_PAUSE_MS", default_value_t = 20)]
    pub pause_ms: u64,
    /// Milliseconds of load without replacements, to compare with
    #[arg(long, env = "WELLHEAD_SOAK_QUIET_MS", default_value_t = 10_000)]
    pub quiet_ms: u64,
    /// Milliseconds that idle threads have to end before anything is measured
    #[arg(long, env = "WELLHEAD_SOAK_SETTLE_MS", default_value_t = 11_000)]
    pub settle_ms: u64,
    /// Where compiled code is kept; without it in a folder of this run, so that every build is compiled once
    #[arg(long, env = "WELLHEAD_SOAK_COMPILE_CACHE")]
    pub compile_cache: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            swaps: 500,
            cold: 20,
            bad: 50,
            baseline: 50,
            library_rate: 2_000,
            http_rate: 500,
            clients: 64,
            http_clients: 16,
            pause_ms: 20,
            quiet_ms: 10_000,
            settle_ms: 11_000,
            compile_cache: None,
        }
    }
}

impl Options {
    /// A few seconds of it, for a machine that is busy with other tests.
    #[must_use]
    pub fn short() -> Self {
        Self {
            swaps: 24,
            cold: 1,
            bad: 3,
            // After the cold one: the thread that compiled it stays for ten seconds.
            baseline: 16,
            library_rate: 400,
            http_rate: 100,
            clients: 16,
            http_clients: 4,
            quiet_ms: 500,
            settle_ms: 0,
            ..Self::default()
        }
    }
}

/// Runs it. Takes two to three minutes with the default options.
///
/// # Errors
/// Where it could not be run to its end; what the host did wrong is in the report.
pub async fn run(options: Options) -> Result<Report> {
    let builds = Builds::read()?;
    let ledger = Arc::new(Ledger::default());
    let first = builds.good(1)?;
    ledger.expect(1, &first);
    let host = Host::start(&first, options.compile_cache.as_deref()).await?;
    let (told, tellings) = mpsc::unbounded_channel();
    let following = {
        let (ledger, events) = (ledger.clone(), host.wellhead.events());
        tokio::spawn(async move { ledger.follow(events, told).await })
    };
    let pause = Duration::from_millis(options.pause_ms);
    let mut driver = Driver::new(builds, ledger.clone(), host.plugin_file(), tellings, pause);

    // Every build is compiled once before anything counts.
    let load = start(&host, &ledger, &options).await?;
    driver.warm_up().await?;
    load.stop().await?;

    let load = start(&host, &ledger, &options).await?;
    tokio::time::sleep(Duration::from_millis(options.quiet_ms)).await;
    let quiet = load.stop().await?;

    let steps = plan::steps(&options);
    let (before, after) = steps.split_at(options.baseline.min(steps.len()));
    let began = Instant::now();
    let (mut soak, mut took) = under_load(&host, &mut driver, before, &options).await?;
    let baseline = settled(&host, &options, None).await?;
    let (rest, more) = under_load(&host, &mut driver, after, &options).await?;
    soak.merge(rest);
    took.extend(more);
    let lasted = began.elapsed();
    let end = settled(&host, &options, Some(baseline)).await?;

    let faults = [ledger.faults(), driver.into_faults()].concat();
    let report = figures::report(&Seen { options, quiet, soak, took, baseline, end, faults, lasted });
    following.abort();
    host.stop().await?;
    Ok(report)
}

/// Sets all clients to work.
async fn start(host: &Host, ledger: &Arc<Ledger>, options: &Options) -> Result<Load> {
    let mut load = Load::new();
    let library = (0..options.clients).map(|_| Library(host.wellhead.clone()));
    load.add(library.collect(), options.library_rate, ledger);
    let http = try_join_all((0..options.http_clients).map(|_| Http::connect(host.address))).await?;
    load.add(http, options.http_rate, ledger);
    load.add(vec![Healthy(host.wellhead.clone())], HEALTHY_RATE, ledger);
    Ok(load)
}

async fn under_load(
    host: &Host,
    driver: &mut Driver,
    steps: &[Step],
    options: &Options,
) -> Result<(Tally, Vec<(Step, Took)>)> {
    let load = start(host, driver.ledger(), options).await?;
    let mut took = Vec::with_capacity(steps.len());
    for step in steps {
        took.push((*step, driver.replace(*step).await?));
    }
    Ok((load.stop().await?, took))
}

/// Measures when drains are over and idle threads have ended. What is above `before` gets time to go.
async fn settled(host: &Host, options: &Options, before: Option<Held>) -> Result<Held> {
    let began = Instant::now();
    while !is_drained(host) && began.elapsed() < LEFT_OVER {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(options.settle_ms)).await;
    loop {
        let held = Held::now().await?;
        let is_more =
            |before: Held| held.threads > before.threads || held.files > before.files || held.tasks > before.tasks;
        if !before.is_some_and(is_more) || began.elapsed() > LEFT_OVER {
            return Ok(held);
        }
    }
}

fn is_drained(host: &Host) -> bool {
    let status = host.wellhead.runtime().plugin_status(crate::host::PLUGIN);
    status.and_then(|status| status.previous).is_none_or(|previous| previous.state == PluginState::Retired)
}
