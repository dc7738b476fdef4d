//! Ends that nobody asked for: panics, traps, exits, stacks that run out.

use crate::deed::{self, Deed, Outcome};
use crate::wellhead::plugin::cache;
use crate::wellhead::plugin::types::DataQuery;
use std::hint::black_box;

pub(crate) fn query(deed: &Deed, query: &DataQuery) -> Option<Outcome> {
    match deed.name() {
        "panic" => panic!("asked to panic by query {}", query.ref_id),
        // The cache outlives the instance.
        "panic-once" => {
            if cache::get("panicked").is_none() {
                cache::set("panicked", &[1], 60_000);
                panic!("asked to panic once by query {}", query.ref_id);
            }
            None
        }
        "panic-secret" => panic!("the password is {}", deed::secret()),
        "panic-long" => panic!("{}", "x".repeat(10 << 20)),
        "panic-lines" => panic!("one\ntwo\u{1b}[2Jthree\r\nfour"),
        "trap" => std::process::abort(),
        "unreachable" => core::arch::wasm32::unreachable(),
        "exit" => std::process::exit(0),
        "exit-1" => std::process::exit(1),
        "recurse" => Some(Outcome::Told(format!("came back from {}", deeper(black_box(1))))),
        "recurse-wide" => Some(Outcome::Told(format!("came back from {}", wider(&[black_box(1); 4096])))),
        "out-of-bounds" => {
            let nowhere: *const u64 = std::ptr::without_provenance(black_box(0xffff_ff00));
            // SAFETY: none: the address is outside the memory, so that the engine traps.
            let read = unsafe { nowhere.read_volatile() };
            Some(Outcome::Told(format!("read {read}")))
        }
        "wrong-call" => {
            let one = black_box(plus as fn(u64) -> u64);
            // SAFETY: none: a call of another type than the function's, so that the engine traps.
            let other: fn(f32, f32, f32) -> f32 = unsafe { std::mem::transmute(one) };
            Some(Outcome::Told(format!("called {}", black_box(other)(1.0, 2.0, 3.0))))
        }
        _ => None,
    }
}

fn plus(one: u64) -> u64 {
    one + 1
}

/// On the engine's stack: nothing of it needs the guest's memory.
#[expect(unconditional_recursion, reason = "the stack is to run out")]
#[inline(never)]
fn deeper(count: u64) -> u64 {
    black_box(deeper(count.wrapping_add(1))).wrapping_add(count)
}

/// On the guest's own stack, which lies in its memory.
#[expect(unconditional_recursion, reason = "the stack is to run out")]
#[inline(never)]
fn wider(page: &[u64; 4096]) -> u64 {
    let mut copy = *black_box(page);
    copy[0] = copy[0].wrapping_add(1);
    wider(black_box(&copy)).wrapping_add(copy[1])
}
