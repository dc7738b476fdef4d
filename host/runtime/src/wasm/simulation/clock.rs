//! Clocks that tell every run the same. The wall clock stands still. The monotonic clock moves when a wait for it has
//! ended, to the very instant that was waited for: how long work and answers really took is nowhere to be read. Waits
//! take the time they are for, or a time-out would ring before the answer that it guards.

use crate::wasm::state::HostState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use wasmtime::component::{Accessor, HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock as p2;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::p3::bindings::clocks::monotonic_clock as p3;
use wasmtime_wasi::{HostWallClock, async_trait};

/// What a monotonic clock begins with, in nanoseconds: a day. A guest that goes back from it does not fall below zero.
const BEGIN: u64 = 86_400_000_000_000;

pub(super) struct StandingClock(pub(super) Duration);

impl HostWallClock for StandingClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

/// An instance's monotonic clock, in nanoseconds.
#[derive(Clone)]
pub(in crate::wasm) struct SimulatedClock(Arc<AtomicU64>);

impl Default for SimulatedClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(BEGIN)))
    }
}

impl SimulatedClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A wait of so many nanoseconds that begins now.
    fn wait_for(&self, how_long: u64) -> Wait {
        Wait {
            clock: self.clone(),
            until: self.now().saturating_add(how_long),
            // Further away than time goes is never.
            ends: Instant::now().checked_add(Duration::from_nanos(how_long)),
            has_yielded: false,
        }
    }

    fn wait_until(&self, when: u64) -> Wait {
        self.wait_for(when.saturating_sub(self.now()))
    }
}

struct Wait {
    clock: SimulatedClock,
    /// What the clock says at its end.
    until: u64,
    /// When that is by the machine's clock.
    ends: Option<Instant>,
    has_yielded: bool,
}

#[async_trait]
impl Pollable for Wait {
    async fn ready(&mut self) {
        // As wasmtime-wasi's own: a guest that looks again and again lets what it looks for happen.
        if !std::mem::replace(&mut self.has_yielded, true) {
            tokio::task::yield_now().await;
        }
        match self.ends {
            Some(ends) => tokio::time::sleep_until(ends).await,
            None => std::future::pending().await,
        }
        self.clock.0.fetch_max(self.until, Ordering::Relaxed);
    }
}

/// Has guests read the clock of their Store where they would read the machine's.
pub(in crate::wasm) fn simulate_monotonic(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    p2::add_to_linker::<_, Simulated>(linker, HostState::simulated)?;
    p3::add_to_linker::<_, Simulated>(linker, HostState::simulated)?;
    linker.allow_shadowing(false);
    Ok(())
}

struct Simulated;

impl HasData for Simulated {
    type Data<'a> = SimulatedView<'a>;
}

/// What of a Store the imports work on.
pub(in crate::wasm) struct SimulatedView<'a> {
    pub(in crate::wasm) clock: &'a SimulatedClock,
    pub(in crate::wasm) table: &'a mut ResourceTable,
}

impl SimulatedView<'_> {
    fn subscribe(&mut self, wait: Wait) -> wasmtime::Result<Resource<DynPollable>> {
        let wait = self.table.push(wait)?;
        subscribe(self.table, wait)
    }
}

impl p2::Host for SimulatedView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock.now())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.subscribe(self.clock.wait_until(when))
    }

    fn subscribe_duration(&mut self, how_long: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.subscribe(self.clock.wait_for(how_long))
    }
}

impl p3::Host for SimulatedView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.clock.now())
    }

    fn get_resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1)
    }
}

impl<T> p3::HostWithStore<T> for Simulated {
    async fn wait_until(accessor: &Accessor<T, Self>, when: u64) -> wasmtime::Result<()> {
        let mut wait = accessor.with(|mut access| access.get().clock.wait_until(when));
        wait.ready().await;
        Ok(())
    }

    async fn wait_for(accessor: &Accessor<T, Self>, how_long: u64) -> wasmtime::Result<()> {
        let mut wait = accessor.with(|mut access| access.get().clock.wait_for(how_long));
        wait.ready().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_wait_that_has_ended_moves_it_and_to_what_was_waited_for() {
        let clock = SimulatedClock::default();
        let (mut short, mut long) = (clock.wait_for(3_000_000), clock.wait_until(BEGIN + 60_000_000_000));
        tokio::time::timeout(Duration::from_millis(5), long.ready()).await.unwrap_err();
        assert_eq!(clock.now(), BEGIN);
        short.ready().await;
        assert_eq!(clock.now(), BEGIN + 3_000_000);
        clock.wait_until(BEGIN).ready().await;
        short.ready().await;
        assert_eq!(clock.now(), BEGIN + 3_000_000);
        assert!(clock.wait_for(u64::MAX).until == u64::MAX);
    }
}
