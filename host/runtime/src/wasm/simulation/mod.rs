//! [`Determinism`](crate::Determinism) as WASI is told of it: one instant, clocks that only a wait moves, and the same
//! random numbers for every instance.

mod clock;
mod numbers;

use crate::Determinism;
use clock::StandingClock;
use numbers::SplitMix64;
use wasmtime_wasi::WasiCtxBuilder;

pub(super) use clock::{SimulatedClock, SimulatedView, simulate_monotonic};

/// Gives the context the instant and the random numbers.
pub(super) fn simulate(determinism: Determinism, wasi: &mut WasiCtxBuilder) {
    let numbers = |stream| SplitMix64(determinism.seed ^ stream);
    wasi.wall_clock(StandingClock(determinism.since_epoch()));
    wasi.secure_random(numbers(0)).insecure_random(numbers(1)).insecure_random_seed(u128::from(determinism.seed));
}
