//! Computing for ever: in the call, behind its back, in the host's own errands, in loops over cheap imports.

use crate::allocator::{self, Next};
use crate::deed::{Deed, Outcome, response};
use crate::exports::wellhead::plugin::datasource::QueryReply;
use crate::frames::valid;
use crate::wellhead::plugin::cache;
use crate::wellhead::plugin::types::DataQuery;
use crate::wit_stream;
use wasip3::clocks::{monotonic_clock, system_clock};
use wasip3::random::random;
use wit_bindgen::rt::async_support::yield_blocking;
use wit_bindgen::{spawn_local, yield_async};

/// A loop that asks nobody anything.
pub(crate) fn forever() -> ! {
    let mut count = 0_u64;
    loop {
        count = std::hint::black_box(count.wrapping_add(1));
    }
}

pub(crate) fn query(deed: &Deed, query: &DataQuery) -> Option<Outcome> {
    let well = || Outcome::Answers(vec![response(&query.ref_id, vec![])]);
    match deed.name() {
        "spin" => forever(),
        // Twenty milliseconds of work, as a plugin that computes has.
        "compute-20" => {
            let began = monotonic_clock::now();
            while monotonic_clock::now() - began < 20_000_000 {
                std::hint::black_box((0..1_000_u64).sum::<u64>());
            }
            Some(well())
        }
        "spin-in-task" => {
            spawn_local(async {
                yield_async().await;
                forever()
            });
            Some(well())
        }
        "busy-task" => {
            spawn_local(async {
                loop {
                    yield_async().await;
                }
            });
            Some(well())
        }
        "spin-between-pieces" => {
            let (mut pieces, rest) = wit_stream::new();
            let begin = valid::begin(&query.ref_id, 1);
            spawn_local(async move {
                pieces.write_one(begin).await;
                forever()
            });
            Some(Outcome::Reply(Ok(QueryReply { ready: vec![], rest: Some(rest) })))
        }
        "spin-in-realloc" => in_realloc(Next::Spin),
        "lie-in-realloc" => in_realloc(Next::Lie),
        "trap-in-realloc" => in_realloc(Next::Trap),
        // The host lowers the next call's parameters, and finds the trap there.
        "arm-spin-in-realloc" => {
            spawn_local(async {
                yield_async().await;
                allocator::arm(Next::Spin);
            });
            Some(well())
        }
        "yield-loop" => loop {
            yield_blocking();
        },
        "clock-loop" => loop {
            monotonic_clock::now();
            system_clock::now();
        },
        "random-loop" => loop {
            std::hint::black_box(random::get_random_bytes(64 << 10));
        },
        "cache-loop" => loop {
            cache::set("k", &[0; 1 << 10], 60_000);
            cache::get("k");
        },
        _ => None,
    }
}

/// Has the host ask for room while it serves an import.
fn in_realloc(next: Next) -> Option<Outcome> {
    cache::set("room", &[0; 64], 60_000);
    allocator::arm(next);
    let got = cache::get("room").is_some();
    Some(Outcome::Told(format!("got it: {got}")))
}
