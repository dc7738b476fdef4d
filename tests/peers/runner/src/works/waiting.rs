//! A hundred queries at once that wait for an upstream, of one instance. What is least is the wait.

use crate::bench::names::WELLHEAD;
use crate::bench::{Options, Slot, contestant};
use crate::contest::{self, Plan};
use crate::figures::Figures;
use crate::figures::Metric::{Cpu, P99, Time};
use crate::http::upstream::Upstream;
use anyhow::Result;
use std::time::Duration;
use wellhead_peer::{Call, Order};

/// Over its table.
pub const WORK: &str = "Waiting";
/// Its only case.
pub const CASE: &str = "100 queries that wait 50 ms upstream";
const QUERIES: usize = 100;
const WAIT: Duration = Duration::from_millis(50);

pub(super) fn run(options: &Options, slots: &mut [Slot], figures: &mut Figures) -> Result<()> {
    let upstream = Upstream::start(WAIT)?;
    let order = |_| Order::Calls {
        call: Call::Upstream { url: upstream.url.clone() },
        calls: QUERIES,
        in_flight: QUERIES,
        queries: 1,
        sources: 1,
    };
    let plan = Plan { most_calls: 1, ..options.plan(1, &[Time, P99, Cpu]) };
    let mut one_instance = Slot::new(WELLHEAD, options.own("peer-wellhead", &["--replicas", "1"]));
    let others = slots.iter_mut().filter(|slot| slot.name != WELLHEAD);
    let contestants = [&mut one_instance].into_iter().chain(others).map(|slot| contestant(CASE, slot, &order));
    contest::run(figures, WORK, &plan, contestants.collect());
    Ok(())
}
