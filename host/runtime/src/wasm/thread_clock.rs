//! What a turn on a thread used of its CPU.
//!
//! Not what the clock on the wall says: a loaded machine must not look like a guest that computes. But to ask the kernel
//! twice at every turn would cost as much as some turns. So a turn that was over before the kernel could have taken the
//! thread away has used what the wall's clock says, which is read without the kernel; for any other the kernel is asked,
//! and before it where it was asked last too long ago. A long turn may look shorter than it was by [`FRESH`], no turn longer.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// So long a reading is gone on from. Shorter than any time slice of a kernel's.
const FRESH: Duration = Duration::from_micros(250);

thread_local! {
    static LAST: Cell<Option<Reading>> = const { Cell::new(None) };
}

/// CPU time of a thread.
#[derive(Clone, Copy)]
struct Reading {
    /// When the kernel told it.
    told: Instant,
    /// When it was this.
    at: Instant,
    /// Told, or at most this: the thread may have waited since it was told.
    cpu: Duration,
}

impl Reading {
    fn told(now: Instant) -> Self {
        Self { told: now, at: now, cpu: thread_cpu() }
    }

    /// As if the thread had done nothing but compute.
    fn going_on(self, now: Instant) -> Self {
        Self { at: now, cpu: self.cpu.saturating_add(now.saturating_duration_since(self.at)), ..self }
    }
}

/// A turn on this thread that has begun.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    began: Reading,
}

impl Turn {
    pub(super) fn begin() -> Self {
        let now = Instant::now();
        let began = match LAST.get() {
            Some(last) if now.saturating_duration_since(last.told) < FRESH => last.going_on(now),
            _ => Reading::told(now),
        };
        Self { began }
    }

    pub(super) fn began(&self) -> Instant {
        self.began.at
    }

    /// When it ended, and the CPU time it used.
    pub(super) fn end(self) -> (Instant, Duration) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.began.at);
        let ended = if took < FRESH { self.began.going_on(now) } else { Reading::told(now) };
        LAST.set(Some(ended));
        (now, ended.cpu.saturating_sub(self.began.cpu).min(took))
    }
}

fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has this thread compute for so long, by the kernel's account.
    fn compute(how_long: Duration) {
        let begun = thread_cpu();
        while thread_cpu().saturating_sub(begun) < how_long {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn a_turn_that_waits_has_used_next_to_nothing() {
        let wait = Duration::from_millis(50);
        for _ in 0..3 {
            let turn = Turn::begin();
            std::thread::sleep(wait);
            let (_, used) = turn.end();
            assert!(used < wait / 2, "{used:?}");
        }
    }

    #[test]
    fn a_turn_that_computes_has_used_what_it_computed_whatever_came_before_it() {
        let work = Duration::from_millis(5);
        for brief_before in 0..20 {
            for _ in 0..brief_before {
                Turn::begin().end();
            }
            // Time that a turn before it, or none, has used.
            std::thread::sleep(FRESH / 5);
            let turn = Turn::begin();
            compute(work);
            let (ended, used) = turn.end();
            assert!(used >= work - FRESH && used <= ended - turn.began(), "{used:?}");
        }
    }

    #[test]
    fn brief_turns_add_up_to_no_more_than_the_time_they_took() {
        let begun = Instant::now();
        let mut all = Duration::ZERO;
        for _ in 0..1_000 {
            let turn = Turn::begin();
            std::hint::black_box((0..100).sum::<u64>());
            all += turn.end().1;
        }
        assert!(all > Duration::ZERO && all <= begun.elapsed(), "{all:?}");
    }
}
