//! How the cost of a query grows: with the data sources there are, with the calls under way, with the queries of a
//! request. Each query has one row.

use crate::bench::names::{ACTOR, EMBEDDED};
use crate::bench::{Options, Slot, compare, contestant};
use crate::contest;
use crate::figures::Figures;
use crate::figures::Metric::{Cpu, P50, P99, Rate};
use crate::tables_of::grouped;
use wellhead_peer::{Call, Order, Table};

/// Over one table.
pub const SOURCES: &str = "Growth: data sources configured";
/// Over another.
pub const IN_FLIGHT: &str = "Growth: calls in flight";
/// Over the third.
pub const QUERIES: &str = "Growth: queries a request";

/// Data sources in the store.
pub const CONFIGURED: [usize; 5] = [1, 10, 100, 1_000, 10_000];
/// Of which at most so many are asked, by turns.
pub const LIVE: usize = 1_000;
/// Calls at once.
pub const AT_ONCE: [usize; 6] = [1, 4, 16, 64, 256, 1_000];
/// In one request.
pub const IN_A_REQUEST: [usize; 5] = [1, 2, 4, 8, 16];
/// Calls at once, where that does not grow.
const STEADY: usize = 32;

const ONE_ROW: Call = Call::Query { table: Table::Series, rows: 1 };

/// `1,000 configured, 1,000 live`.
#[must_use]
pub fn sources_case(configured: usize) -> String {
    format!("{} configured, {} live", grouped(configured), grouped(configured.min(LIVE)))
}

/// `64 in flight`.
#[must_use]
pub fn in_flight_case(at_once: usize) -> String {
    format!("{} in flight", grouped(at_once))
}

/// `4 queries a request`.
#[must_use]
pub fn queries_case(queries: usize) -> String {
    format!("{queries} queries a request")
}

pub(super) fn run(options: &Options, slots: &mut [Slot], figures: &mut Figures) {
    let hosts = CONFIGURED.map(|configured| {
        let program = options.own("peer-wellhead", &["--configured", &configured.to_string()]);
        (configured, Slot::new(EMBEDDED, program))
    });
    // So many instances have no room in a processor's caches, whoever calls them: what that costs without a host.
    let actors = CONFIGURED.map(|configured| (configured, Slot::new(ACTOR, options.own("peer-bare", &["--actor"]))));
    let actors = actors.into_iter().filter(|(configured, _)| *configured <= LIVE);
    // Every data source is asked in every round.
    let plan = options.plan(2 * LIVE, &[P50, P99, Rate, Cpu]);
    let order = |configured: usize| {
        let sources = configured.min(LIVE);
        move |calls| Order::Calls { call: ONE_ROW, calls, in_flight: STEADY, queries: 1, sources }
    };
    let mut all: Vec<_> = hosts.into_iter().chain(actors).map(|(of, slot)| (of, slot, order(of))).collect();
    let contestants = all.iter_mut().map(|(of, slot, order)| contestant(&sources_case(*of), slot, order));
    contest::run(figures, SOURCES, &plan, contestants.collect());
    drop(all);

    for at_once in AT_ONCE {
        let plan = options.plan(2 * at_once, &[P50, P99, Rate, Cpu]);
        let order = |calls| Order::Calls { call: ONE_ROW, calls, in_flight: at_once, queries: 1, sources: 1 };
        compare(figures, IN_FLIGHT, &in_flight_case(at_once), &plan, slots, &order);
    }
    for queries in IN_A_REQUEST {
        let plan = options.plan(2 * STEADY, &[P50, P99, Rate, Cpu]);
        let order = |calls| Order::Calls { call: ONE_ROW, calls, in_flight: STEADY, queries, sources: 1 };
        compare(figures, QUERIES, &queries_case(queries), &plan, slots, &order);
    }
}
