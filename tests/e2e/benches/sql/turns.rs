//! Two ways to read the same rows, in turns, and how their times compare.

use anyhow::{Context, Result, ensure};
use arrow_array::RecordBatch;
use futures::StreamExt;
use serde_json::{Value, json};
use std::fmt;
use std::time::{Duration, Instant};
use wellhead_e2e::host::Host;
use wellhead_e2e::sql::table;
use wellhead_runtime::{DataQuery, Piece, QueryDataRequest};

/// Rows of the table that is read.
pub(crate) const ROWS: usize = 1_000_000;
const ROUNDS: usize = 9;

/// What both took.
pub(crate) struct Compared {
    peer: Vec<Duration>,
    sandboxed: Vec<Duration>,
}

/// Runs both in turns. Each gives the number of rows it read.
pub(crate) async fn in_turns(
    mut peer: impl AsyncFnMut() -> Result<usize>,
    sandboxed: impl AsyncFnMut() -> Result<usize>,
) -> Result<Compared> {
    let timed = async || {
        let started = Instant::now();
        ensure!(peer().await? == ROWS);
        Ok(started.elapsed())
    };
    in_turns_timed(timed, sandboxed).await
}

/// As [`in_turns`], where the peer tells itself how long it took.
pub(crate) async fn in_turns_timed(
    mut peer: impl AsyncFnMut() -> Result<Duration>,
    mut sandboxed: impl AsyncFnMut() -> Result<usize>,
) -> Result<Compared> {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let peers = peer().await?;
        let started = Instant::now();
        ensure!(sandboxed().await? == ROWS);
        let ours = started.elapsed();
        // The first round makes instance, connections and the server's cache.
        if round > 0 {
            here.push(peers);
            there.push(ours);
        }
    }
    Ok(Compared { peer: here, sandboxed: there })
}

impl Compared {
    /// Prints both, and the ratio of their medians beside what is aimed at; gives every round for those who read JSON.
    pub(crate) fn print(&self, server: &str, peer: &str, aim: f64) -> Value {
        let (here, there) = (Spread::of(&self.peer), Spread::of(&self.sandboxed));
        let ratio = there.median.as_secs_f64() / here.median.as_secs_f64();
        println!("{server} to Arrow, {ROWS} rows x 4 columns, median of {ROUNDS} rounds in turns (least to most)");
        println!("  {peer:<22} {here}");
        println!("  {:<22} {there}", "in the sandbox");
        println!("  {:<22} {ratio:.2} (aim: at most {aim})", "ratio");
        let seconds = |times: &[Duration]| times.iter().map(Duration::as_secs_f64).collect::<Vec<_>>();
        json!({
            "server": server,
            "rows": ROWS,
            "peer": peer,
            "peer_seconds": seconds(&self.peer),
            "sandboxed_seconds": seconds(&self.sandboxed),
        })
    }
}

struct Spread {
    least: Duration,
    median: Duration,
    most: Duration,
}

impl Spread {
    fn of(times: &[Duration]) -> Self {
        let mut times = times.to_vec();
        times.sort_unstable();
        let at = |place: usize| times.get(place).copied().unwrap_or_default();
        Self { least: at(0), median: at(times.len() / 2), most: at(times.len() - 1) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0?} ({:.0?} to {:.0?})", self.median, self.least, self.most)
    }
}

/// Reads a table through the host, and keeps all of it to the end, as the peers do.
pub(crate) async fn read_sandboxed(host: &Host, sql: &str) -> Result<usize> {
    let query = DataQuery { ref_id: "A".to_owned(), model: table(sql).to_string(), ..DataQuery::default() };
    let request = QueryDataRequest { queries: vec![query] };
    let reply = host.runtime().client().query_data(host.context(), request).await?;
    let mut pieces = reply.rest.context("pieces")?;
    let mut batches = Vec::new();
    while let Some(piece) = pieces.next().await {
        match piece? {
            Piece::Batch { batch, .. } => batches.push(batch),
            Piece::Done(response) => ensure!(response.error.is_none(), "{:?}", response.error),
            Piece::Begin { .. } => {}
        }
    }
    Ok(batches.iter().map(RecordBatch::num_rows).sum())
}
