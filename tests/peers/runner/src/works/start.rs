//! From a plugin's file on disk to its first answer, and from the write of another file to the first answer of that one.

use crate::bench::{Options, Slot, contestant};
use crate::contest::{self, Plan};
use crate::figures::Figures;
use crate::figures::Metric::Time;
use wellhead_peer::Order;

/// Over its table.
pub const WORK: &str = "Start";

/// `first answer, warm`.
#[must_use]
pub fn case(is_reload: bool, warm: bool) -> String {
    let what = if is_reload { "reload" } else { "first answer" };
    format!("{what}, {}", if warm { "warm cache" } else { "cold" })
}

pub(super) fn run(options: &Options, slots: &mut [Slot], figures: &mut Figures) {
    for is_reload in [false, true] {
        for warm in [false, true] {
            let order = |_| if is_reload { Order::Reload { warm } } else { Order::FirstAnswer { warm } };
            let plan = Plan { most_calls: 1, ..options.plan(1, &[Time]) };
            let name = case(is_reload, warm);
            let contestants = slots.iter_mut().map(|slot| contestant(&name, slot, &order)).collect();
            contest::run(figures, WORK, &plan, contestants);
        }
    }
}
