//! The misdeeds: each breaks one rule, and no other.

use crate::wellhead::plugin::types::{DataQuery, DataResponse, PluginError};
use crate::{refused, upstream};
use futures::future::{Either, select};
use serde_json::Value;
use std::cell::Cell;
use std::hint::black_box;
use std::mem::forget;
use std::pin::pin;
use std::thread;
use std::time::Duration;
use wasip3::clocks::monotonic_clock;

/// A key of settings and queries that the suite tries and nobody knows.
const UNKNOWN: &str = "conformanceUnknownKey";
/// An upstream that has not answered by then hangs, in nanoseconds.
const HANGS: u64 = 100_000_000;
/// How long a blocking plugin sleeps on its only thread.
const BLOCKED: Duration = Duration::from_secs(10);
/// How often who minds company looks for it, and how long he waits in between, in nanoseconds.
const LOOKS: usize = 10;
const LOOK: u64 = 2_000_000;
/// Calls that are looked about in: a rule that asks thousands of times asks one after another.
const LOOKED_ABOUT: usize = 40;

thread_local! {
    static COMMITTED: Cell<Misdeed> = const { Cell::new(Misdeed::None) };
    /// Calls that are inside, and those that ever were.
    static INSIDE: Cell<usize> = const { Cell::new(0) };
    static CAME: Cell<usize> = const { Cell::new(0) };
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misdeed {
    None,
    /// `configure`: asks the upstream before it is asked anything, and waits for it.
    DialsAtStart,
    /// `settings-errors`: a key it does not know traps it.
    TrapsOnSettings,
    /// `settings-errors`: refuses such a key without a word.
    RefusesInSilence,
    /// `bad-queries`: such a key in a query traps it.
    TrapsOnQueries,
    /// `bad-queries`: a query with such a key fails without a word.
    FailsInSilence,
    /// `ref-ids`: two answers to one question.
    AnswersTwice,
    /// `ref-ids`: no answer to any but the first.
    LeavesOut,
    /// `frames`: bytes that are no Arrow.
    SendsGarbage,
    /// `health`: whatever its upstream says.
    SaysItIsWell,
    /// `cancellation`: goes on waiting when nobody else does.
    IgnoresCancel,
    /// `no-blocking`: sleeps as a thread would while it waits.
    Blocks,
    /// `concurrency`: cannot be entered while a call waits.
    IsEnteredOnce,
    /// `concurrency`: traps where another call is inside, too, once its upstream has answered.
    TrapsInCompany,
    /// `concurrency`: fails there.
    FailsInCompany,
    /// `memory`: keeps a kibibyte of every query.
    Leaks,
}

/// What the plugin does from now on.
pub(crate) fn commit(misdeed: Misdeed) {
    COMMITTED.set(misdeed);
}

/// What it does.
pub(crate) fn committed() -> Misdeed {
    COMMITTED.get()
}

/// Counts a call as inside.
pub(crate) struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(INSIDE.get() - 1);
    }
}

/// Whether another call is inside. Who is alone waits a moment for others.
async fn has_company() -> bool {
    if CAME.get() > LOOKED_ABOUT {
        return false;
    }
    for _ in 0..LOOKS {
        if INSIDE.get() > 1 {
            return true;
        }
        monotonic_clock::wait_for(LOOK).await;
    }
    INSIDE.get() > 1
}

fn has_unknown(json: &str) -> bool {
    serde_json::from_str::<Value>(json).is_ok_and(|json| json.get(UNKNOWN).is_some())
}

impl Misdeed {
    /// `None` where the settings name one by something else than text.
    pub(crate) fn of_settings(json_data: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(json_data).unwrap_or_default();
        let name = match json.get("misdeed") {
            None => return Some(Self::None),
            Some(name) => name.as_str()?,
        };
        Some(match name {
            "dials-at-start" => Self::DialsAtStart,
            "traps-on-settings" => Self::TrapsOnSettings,
            "refuses-in-silence" => Self::RefusesInSilence,
            "fails-in-silence" => Self::FailsInSilence,
            "traps-in-company" => Self::TrapsInCompany,
            "fails-in-company" => Self::FailsInCompany,
            "traps-on-queries" => Self::TrapsOnQueries,
            "answers-twice" => Self::AnswersTwice,
            "leaves-out" => Self::LeavesOut,
            "sends-garbage" => Self::SendsGarbage,
            "says-it-is-well" => Self::SaysItIsWell,
            "ignores-cancel" => Self::IgnoresCancel,
            "blocks" => Self::Blocks,
            "is-entered-once" => Self::IsEnteredOnce,
            "leaks" => Self::Leaks,
            _ => Self::None,
        })
    }

    pub(crate) async fn in_configure(self, json_data: &str) -> Result<(), PluginError> {
        match self {
            Self::DialsAtStart => drop(upstream::get(&crate::url()).await),
            Self::TrapsOnSettings if has_unknown(json_data) => panic!("{UNKNOWN} is no key of mine"),
            Self::RefusesInSilence if has_unknown(json_data) => return Err(refused("")),
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn before_asking(self, query: &DataQuery) {
        match self {
            Self::TrapsOnQueries if has_unknown(&query.model) => panic!("{UNKNOWN} is no key of mine"),
            Self::Leaks => forget(black_box(vec![1_u8; 1024])),
            _ => {}
        }
    }

    /// Where one that is entered once may be alone.
    pub(crate) fn enter(self) -> Inside {
        let others = INSIDE.replace(INSIDE.get() + 1);
        CAME.set(CAME.get() + 1);
        assert!(self != Self::IsEnteredOnce || others == 0, "already in use");
        Inside
    }

    pub(crate) async fn ask(self, url: &str) {
        let asked = pin!(upstream::get(url));
        if self != Self::Blocks {
            // Whatever it says: what matters is that it was asked.
            let _ = asked.await;
            return;
        }
        if let Either::Right((_, asked)) = select(asked, pin!(monotonic_clock::wait_for(HANGS))).await {
            thread::sleep(BLOCKED);
            let _ = asked.await;
        }
    }

    /// What it holds against a query that its upstream has answered.
    pub(crate) async fn minds(self, query: &DataQuery) -> Option<PluginError> {
        match self {
            Self::FailsInSilence if has_unknown(&query.model) => Some(refused("")),
            Self::FailsInCompany if has_company().await => Some(refused("one at a time")),
            Self::TrapsInCompany if has_company().await => panic!("one at a time"),
            _ => None,
        }
    }

    pub(crate) fn answers(self, answer: DataResponse, ready: &mut Vec<DataResponse>) {
        match self {
            Self::AnswersTwice => ready.extend([answer.clone(), answer]),
            Self::LeavesOut if !ready.is_empty() => {}
            Self::SendsGarbage => ready.push(DataResponse { frames: vec![vec![0xff; 64]], ..answer }),
            _ => ready.push(answer),
        }
    }
}
