//! What a call costs: a health check and a query of one row, by how many are under way.

use crate::bench::{Options, Slot, compare};
use crate::figures::Figures;
use crate::figures::Metric::{Cpu, HostCpu, P50, P99, PluginCpu, Rate};
use wellhead_peer::{Call, Order, Table};

/// Over its table.
pub const WORK: &str = "Calls";
/// Of a health check.
pub const HEALTH: &str = "health";
/// Of a query of one row.
pub const ONE_ROW: &str = "one row";
/// How many are under way at once. 64 is there for the aim at it.
pub const IN_FLIGHT: [usize; 4] = [1, 32, 64, 256];

/// `health, 32 in flight`.
#[must_use]
pub fn case(call: &str, in_flight: usize) -> String {
    format!("{call}, {in_flight} in flight")
}

pub(super) fn run(options: &Options, slots: &mut [Slot], figures: &mut Figures) {
    let one_row = Call::Query { table: Table::Series, rows: 1 };
    for (name, call) in [(HEALTH, Call::Health), (ONE_ROW, one_row)] {
        for in_flight in IN_FLIGHT {
            let plan = options.plan(in_flight.max(16), &[P50, P99, Rate, Cpu, HostCpu, PluginCpu]);
            let order = |calls| Order::Calls { call: call.clone(), calls, in_flight, queries: 1, sources: 1 };
            compare(figures, WORK, &case(name, in_flight), &plan, slots, &order);
        }
    }
}
