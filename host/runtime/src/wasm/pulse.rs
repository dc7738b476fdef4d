//! How an instance spends its time: turns of its event loop, whether it computes, whether it hogs its thread.
//!
//! Everything here is written by the task that owns the Store and read from outside it, without locks on a call's way.
//! What follows from it (a kill, a turn at the gate, another replica) others decide.

use super::gate::{Gate, Turn};
use super::in_turn::InTurn;
use super::thread_clock;
use futures::task::AtomicWaker;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Ticks a guest may compute in a row before it has to take turns with the others that do.
const TICKS_BEFORE_TURNS: u32 = 2;
/// The stretch of time over which being busy is judged.
const WINDOW: Duration = Duration::from_millis(100);
/// Share of a window, in thousandths, from which an instance counts as busy. Callers whose threads run it are on those
/// themselves for the rest: of small calls that is a third.
const BUSY: u32 = 600;
/// Share from which it counts as in use.
const IN_USE: u32 = 200;

/// CPU time of a poll that does little, for each call that it begins.
const BRIEF: Duration = Duration::from_micros(250);
/// After so long nothing more is begun on a thread of somebody else's.
const LONG_TURN: Duration = Duration::from_micros(200);
/// So many polls in a row have to be brief before it is counted on that the next one is.
const BRIEF_IN_A_ROW: u32 = 16;

/// One per instance.
#[derive(Debug)]
pub(super) struct Pulse {
    born: Instant,
    gate: Gate,
    /// When the current poll began, in nanoseconds since birth.
    slice: AtomicU64,
    /// Whether this poll ended because of a tick.
    cut: AtomicBool,
    /// Polls in a row that were cut.
    cuts: AtomicU32,
    /// Polls in a row that were brief.
    brief: AtomicU32,
    /// Calls that this poll has begun.
    begun: AtomicU32,
    /// The place at the gate this poll runs under.
    turn: Mutex<Option<Turn>>,
    /// When the event loop last had a turn, in nanoseconds since birth.
    turned: AtomicU64,
    event_loop: AtomicWaker,
    pub(super) in_turn: Arc<InTurn>,
    window: Mutex<Window>,
    /// Share of the last window spent computing or waiting to compute, in thousandths, and when it ended.
    busy: AtomicU32,
    judged: AtomicU64,
}

#[derive(Debug, Default)]
struct Window {
    /// In nanoseconds since birth.
    began: u64,
    busy: u64,
    /// When the last poll ended, where it was cut: the wait that follows is for the gate.
    cut_at: Option<u64>,
}

/// What a guest that is still running at a tick has to do.
pub(super) enum AtTick {
    /// It has only just begun: go on.
    GoOn,
    /// Let the others of its thread run.
    Yield,
    /// Wait for its turn among those that compute.
    TakeTurns,
}

impl Pulse {
    pub(super) fn new(gate: Gate) -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            gate,
            slice: AtomicU64::new(0),
            cut: AtomicBool::new(false),
            cuts: AtomicU32::new(0),
            brief: AtomicU32::new(0),
            begun: AtomicU32::new(0),
            turn: Mutex::new(None),
            turned: AtomicU64::new(0),
            event_loop: AtomicWaker::new(),
            in_turn: Arc::default(),
            window: Mutex::default(),
            busy: AtomicU32::new(0),
            judged: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        self.nanos_at(Instant::now())
    }

    /// In nanoseconds since birth.
    fn nanos_at(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.born).as_nanos()).unwrap_or(u64::MAX)
    }

    /// When its turn on the thread began.
    pub(super) fn computes_since(&self) -> Instant {
        self.born + Duration::from_nanos(self.slice.load(Ordering::Relaxed))
    }

    /// Whether the current poll has gone on for so long that others should have the thread.
    pub(super) fn turn_is_long(&self) -> bool {
        let ran = self.now().saturating_sub(self.slice.load(Ordering::Relaxed));
        u128::from(ran) >= LONG_TURN.as_nanos()
    }

    /// Called in the guest, at an epoch tick.
    pub(super) fn at_tick(&self, tick: Duration) -> AtTick {
        let ran = self.now().saturating_sub(self.slice.load(Ordering::Relaxed));
        if u128::from(ran) < tick.as_nanos() / 2 {
            return AtTick::GoOn;
        }
        self.cut.store(true, Ordering::Relaxed);
        if self.cuts.load(Ordering::Relaxed) < TICKS_BEFORE_TURNS { AtTick::Yield } else { AtTick::TakeTurns }
    }

    /// Waits for a turn at the gate; the poll that gets it runs under it.
    pub(super) async fn take_turn(self: Arc<Self>) {
        self.put_turn(None);
        // Whoever else wants the thread has it first, even where the gate is open.
        tokio::task::yield_now().await;
        let turn = self.gate.turn().await;
        self.put_turn(Some(turn));
    }

    fn put_turn(&self, turn: Option<Turn>) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
    }

    /// The event loop had a turn: the guest is not stuck. `context` is woken by [`ask`](Self::ask).
    pub(super) fn turned(&self, context: &Context<'_>) {
        self.event_loop.register(context.waker());
        self.turned.store(self.now(), Ordering::Release);
    }

    /// Asks the event loop for a turn: [`answered`](Self::answered) says whether it came.
    pub(super) fn ask(&self) -> Asked {
        let asked = Asked(self.now());
        self.event_loop.wake();
        asked
    }

    pub(super) fn answered(&self, asked: &Asked) -> bool {
        self.turned.load(Ordering::Acquire) > asked.0
    }

    /// Whether it has been computing most of the time lately.
    pub(super) fn is_busy(&self) -> bool {
        self.computed_lately(BUSY)
    }

    /// Whether it has been computing for a good part of the time lately.
    pub(super) fn is_in_use(&self) -> bool {
        self.computed_lately(IN_USE)
    }

    fn computed_lately(&self, share: u32) -> bool {
        let since = self.now().saturating_sub(self.judged.load(Ordering::Relaxed));
        self.busy.load(Ordering::Relaxed) >= share && u128::from(since) < 3 * WINDOW.as_nanos()
    }

    /// The current poll begins a call.
    pub(super) fn begins_call(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it has long done nothing that would hold up the thread of whoever called it.
    pub(super) fn is_brief(&self) -> bool {
        self.brief.load(Ordering::Relaxed) >= BRIEF_IN_A_ROW
    }

    fn slice_begins(&self, now: Instant) {
        let now = self.nanos_at(now);
        self.slice.store(now, Ordering::Relaxed);
        self.cut.store(false, Ordering::Relaxed);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cut_at) = window.cut_at.take() {
            window.busy = window.busy.saturating_add(now.saturating_sub(cut_at));
        }
    }

    fn slice_ends(&self, now: Instant, used: Duration) {
        self.put_turn(None);
        let begun = self.begun.swap(0, Ordering::Relaxed).max(1);
        let brief =
            if used <= BRIEF.saturating_mul(begun) { self.brief.load(Ordering::Relaxed).saturating_add(1) } else { 0 };
        self.brief.store(brief, Ordering::Relaxed);
        let cut = self.cut.load(Ordering::Relaxed);
        if cut {
            self.cuts.fetch_add(1, Ordering::Relaxed);
        } else {
            self.cuts.store(0, Ordering::Relaxed);
        }
        let now = self.nanos_at(now);
        let began = self.slice.load(Ordering::Relaxed);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.busy = window.busy.saturating_add(now.saturating_sub(began));
        window.cut_at = cut.then_some(now);
        let length = now.saturating_sub(window.began);
        if u128::from(length) >= WINDOW.as_nanos() {
            let share = window.busy.saturating_mul(1_000).checked_div(length).unwrap_or(0);
            self.busy.store(u32::try_from(share).unwrap_or(u32::MAX), Ordering::Relaxed);
            self.judged.store(now, Ordering::Relaxed);
            *window = Window { began: now, busy: 0, cut_at: window.cut_at };
        }
    }
}

/// When a turn was asked for.
#[derive(Debug)]
pub(super) struct Asked(u64);

/// Tells `spent` of the CPU time of every poll of `inner`, and a pulse of when it ran.
pub(super) struct Metered<'a, F, S> {
    pub(super) inner: Pin<&'a mut F>,
    pub(super) pulse: &'a Pulse,
    pub(super) spent: S,
}

impl<F: Future, S: FnMut(Duration) + Unpin> Future for Metered<'_, F, S> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let turn = thread_clock::Turn::begin();
        this.pulse.slice_begins(turn.began());
        this.pulse.in_turn.begins(cx.waker());
        let polled = this.inner.as_mut().poll(cx);
        this.pulse.in_turn.ends();
        let (ended, used) = turn.end();
        this.pulse.slice_ends(ended, used);
        (this.spent)(used);
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pulse whose instance has computed for so many of 100 ms, which ended so long ago.
    fn after(computed: u64, ago: Duration) -> Arc<Pulse> {
        let mut pulse = Pulse::new(Gate::new(1));
        let born = Instant::now().checked_sub(WINDOW + ago).unwrap();
        Arc::get_mut(&mut pulse).unwrap().born = born;
        let at = |millis| born + Duration::from_millis(millis);
        pulse.slice_begins(at(0));
        pulse.slice_ends(at(computed), Duration::ZERO);
        pulse.slice_begins(at(100));
        pulse.slice_ends(at(100), Duration::ZERO);
        pulse
    }

    #[test]
    fn how_much_it_computed_lately_says_whether_it_is_busy_or_in_use_until_that_is_long_ago() {
        let judged = |computed, ago| {
            let pulse = after(computed, ago);
            (pulse.is_in_use(), pulse.is_busy())
        };
        assert_eq!(judged(10, Duration::ZERO), (false, false));
        assert_eq!(judged(30, Duration::ZERO), (true, false));
        assert_eq!(judged(70, Duration::ZERO), (true, true));
        assert_eq!(judged(70, Duration::from_secs(1)), (false, false));
    }
}
