//! Frames to the host: rows made in the plugin, until their Arrow bytes are there. Wellhead and the native plugin end with
//! validated record batches; the others with bytes that nobody has looked into. Bytes a second are those of the same
//! table as Arrow IPC.

use crate::alone;
use crate::bench::{Options, Slot, compare, contestant};
use crate::contest::{self, Contestant};
use crate::figures::Figures;
use crate::figures::Metric::{Bytes, Cpu, HostCpu, P50, PluginCpu, Rate};
use crate::tables_of::{ROWS, case, frame};
use wellhead_peer::{Call, Order, Table};

/// Over its table.
pub const WORK: &str = "Frames to Arrow bytes at the host";
/// Copies of one size.
pub const MEMCPY: &str = "one memcpy of the same bytes";
/// Of those cases that say so.
pub const IN_FLIGHT: usize = 32;

/// `series, 1,000 rows, 32 in flight`.
#[must_use]
pub fn case_in_flight(table: Table, rows: usize) -> String {
    format!("{}, {IN_FLIGHT} in flight", case(table, rows))
}

/// The sizes of a run.
#[must_use]
pub fn rows(options: &Options) -> Vec<usize> {
    let most = if options.quick { 100_000 } else { usize::MAX };
    ROWS.into_iter().filter(|rows| *rows <= most).collect()
}

pub(super) fn run(options: &Options, slots: &mut [Slot], figures: &mut Figures) {
    for table in [Table::Series, Table::Mixed] {
        for rows in rows(options) {
            let plan = options.plan(1, &[P50, Rate, Cpu, HostCpu, PluginCpu, Bytes]);
            let call = Call::Query { table, rows };
            let order = |calls| Order::Calls { call: call.clone(), calls, in_flight: 1, queries: 1, sources: 1 };
            let name = case(table, rows);
            let mut contestants: Vec<Contestant<'_>> =
                slots.iter_mut().map(|slot| contestant(&name, slot, &order)).collect();
            match frame(table, rows).and_then(|frame| Ok(frame.to_ipc_stream()?)) {
                Ok(bytes) => {
                    let run = Box::new(alone::memcpy(bytes));
                    contestants.push(Contestant { case: name.clone(), name: MEMCPY.to_owned(), run });
                }
                Err(error) => figures.miss(WORK, &name, MEMCPY, format!("{error:#}")),
            }
            contest::run(figures, WORK, &plan, contestants);
        }
        for rows in [1_000, 10_000] {
            let plan = options.plan(IN_FLIGHT, &[P50, Rate, Cpu, HostCpu, PluginCpu, Bytes]);
            let call = Call::Query { table, rows };
            let order =
                |calls| Order::Calls { call: call.clone(), calls, in_flight: IN_FLIGHT, queries: 1, sources: 1 };
            compare(figures, WORK, &case_in_flight(table, rows), &plan, slots, &order);
        }
    }
}
