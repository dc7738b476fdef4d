//! What is resident while nothing happens, and at most for one large query. Every figure is of processes of its own, that
//! did nothing before.

use crate::bench::{Options, Slot, slots};
use crate::figures::Figures;
use crate::figures::Metric::{Memory, Peak};
use crate::memory::{forget_peak_of, held_by, peak_of, resident_of};
use crate::tables_of::{case, grouped};
use anyhow::Result;
use std::time::Duration;
use wellhead_peer::{Call, Order, Table};

/// Over its table.
pub const WORK: &str = "Memory";
/// Plugins and data sources of each that are left idle.
pub const IDLE: [(usize, usize); 4] = [(1, 1), (1, 100), (1, 1_000), (10, 1)];
/// Of the query whose peak is looked at.
const ROWS: usize = 100_000;
/// Looks at a process, of which the least counts: what is freed goes back to the system with a delay.
const LOOKS: u32 = 5;
/// Between two.
const APART: Duration = Duration::from_millis(40);

/// `idle: 1 plugin, 1,000 data sources each`.
#[must_use]
pub fn idle_case(plugins: usize, sources: usize) -> String {
    let many = |count: usize, one: &str| format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" });
    format!("idle: {}, {} each", many(plugins, "plugin"), many(sources, "data source"))
}

/// Of the peak above what was resident before.
#[must_use]
pub fn peak_case() -> String {
    format!("a query of {}, above idle", case(Table::Series, ROWS))
}

pub(super) fn run(options: &Options, figures: &mut Figures) {
    let mut out = Vec::new();
    // The first round is for compilers and caches, and does not count.
    for round in 0..=options.rounds {
        for (plugins, sources) in IDLE {
            let case = idle_case(plugins, sources);
            for mut slot in slots(options) {
                once(round, &mut out, figures, &case, &slot.name.clone(), Memory, || idle(&mut slot, plugins, sources));
            }
        }
        let case = peak_case();
        for mut slot in slots(options) {
            once(round, &mut out, figures, &case, &slot.name.clone(), Peak, || peak(&mut slot));
        }
    }
}

/// One figure; who failed is out of this case.
fn once(
    round: usize,
    out: &mut Vec<(String, String)>,
    figures: &mut Figures,
    case: &str,
    name: &str,
    metric: crate::figures::Metric,
    measure: impl FnOnce() -> Result<u64>,
) {
    if out.iter().any(|(out_case, out_name)| out_case == case && out_name == name) {
        return;
    }
    match measure() {
        Ok(bytes) if round > 0 => figures.add(WORK, case, name, metric, bytes as f64),
        Ok(_) => {}
        Err(error) => {
            figures.miss(WORK, case, name, format!("{error:#}"));
            out.push((case.to_owned(), name.to_owned()));
        }
    }
}

fn idle(slot: &mut Slot, plugins: usize, sources: usize) -> Result<u64> {
    slot.order(&Order::Idle { plugins, sources })?;
    least(slot.peer()?.pids(), held_by)
}

fn peak(slot: &mut Slot) -> Result<u64> {
    let query = |rows| Order::Calls {
        call: Call::Query { table: Table::Series, rows },
        calls: 1,
        in_flight: 1,
        queries: 1,
        sources: 1,
    };
    slot.order(&query(1))?;
    let pids = slot.peer()?.pids().to_vec();
    let before = least(&pids, resident_of)?;
    pids.iter().try_for_each(|&pid| forget_peak_of(pid))?;
    slot.order(&query(ROWS))?;
    let peak: u64 = pids.iter().map(|&pid| peak_of(pid)).sum::<Result<u64>>()?;
    Ok(peak.saturating_sub(before))
}

/// The least sum over all processes of some looks.
fn least(pids: &[u32], look: fn(u32) -> Result<u64>) -> Result<u64> {
    let mut least = u64::MAX;
    for _ in 0..LOOKS {
        std::thread::sleep(APART);
        least = least.min(pids.iter().map(|&pid| look(pid)).sum::<Result<u64>>()?);
    }
    Ok(least)
}
