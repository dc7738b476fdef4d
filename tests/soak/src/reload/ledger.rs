//! Which build served when, by the host's own word: its events.

use super::builds::hash;
use crate::host::{PLUGIN, SOAKED};
use crate::load::Judge;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};
use wellhead::{PluginChange, PluginEvents};

/// What the host told of the plugin's code.
#[derive(Debug)]
pub(super) enum Told {
    Ready { hash: String, compile: Duration },
    Swapped { hash: String },
    Rejected { at: Instant, reason: String },
}

/// Kept by events and answers, asked by clients and by whoever replaces the file.
#[derive(Default)]
pub(super) struct Ledger {
    book: Mutex<Book>,
    answered: Notify,
}

#[derive(Default)]
struct Book {
    /// What was written, by hash. Bad files are not there: they must never serve.
    builds: HashMap<String, u32>,
    /// The builds that the data source's route turned to, in order.
    swaps: Vec<u32>,
    /// The last generation's number.
    number: u64,
    /// The build that was written last. It may serve before its swap is known.
    awaited: u32,
    /// When an answer of that build first came.
    first: Option<Instant>,
    faults: Vec<String>,
}

impl Ledger {
    /// From now on `wasm`, which is build `build`, may serve.
    pub(super) fn expect(&self, build: u32, wasm: &[u8]) -> String {
        let hash = hash(wasm);
        let mut book = self.book();
        book.builds.insert(hash.clone(), build);
        book.awaited = build;
        book.first = None;
        hash
    }

    /// Waits for the first answer of the build that was expected last.
    pub(super) async fn first_answer(&self) -> Instant {
        loop {
            let mut answered = std::pin::pin!(self.answered.notified());
            answered.as_mut().enable();
            if let Some(first) = self.book().first {
                return first;
            }
            answered.await;
        }
    }

    /// What the host did that it must not do.
    pub(super) fn faults(&self) -> Vec<String> {
        self.book().faults.clone()
    }

    /// Notes what happens, and passes it on, until the host is gone.
    pub(super) async fn follow(&self, mut events: PluginEvents, told: mpsc::UnboundedSender<Told>) {
        while let Some(event) = events.next().await {
            if !event.plugin_id.is_empty() && event.plugin_id != PLUGIN {
                continue;
            }
            let news = match &event.change {
                PluginChange::Ready { generation, compile } => {
                    Told::Ready { hash: generation.hash.to_string(), compile: *compile }
                }
                PluginChange::Swapped { uid, to, .. } if uid == SOAKED => {
                    self.swapped(&to.hash, to.number);
                    Told::Swapped { hash: to.hash.to_string() }
                }
                PluginChange::Rejected { reason, .. } => Told::Rejected { at: Instant::now(), reason: reason.clone() },
                PluginChange::Crashed { .. } | PluginChange::Quarantined { .. } | PluginChange::HeldBack { .. } => {
                    self.book().faults.push(event.to_string());
                    continue;
                }
                _ => continue,
            };
            // Nobody may be there to hear it any more.
            let _ = told.send(news);
        }
    }

    fn swapped(&self, hash: &str, number: u64) {
        let mut book = self.book();
        if number <= book.number {
            let before = book.number;
            book.faults.push(format!("the data source turned back from generation {before} to {number}"));
        }
        book.number = number;
        match book.builds.get(hash).copied() {
            Some(build) => book.swaps.push(build),
            None => book.faults.push(format!("generation {number} serves, which is a bad file or none at all")),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Judge for Ledger {
    fn sent(&self) -> usize {
        self.book().swaps.len()
    }

    /// The build may be the one that was live when the request was sent, any that came since, and the one whose swap
    /// is not told yet.
    fn answered(&self, build: u32, sent: usize) -> Result<(), String> {
        let mut book = self.book();
        if build == book.awaited {
            if book.first.is_none() {
                book.first = Some(Instant::now());
                drop(book);
                self.answered.notify_waiters();
            }
            return Ok(());
        }
        let since = book.swaps.get(sent.saturating_sub(1)..).unwrap_or_default();
        if since.contains(&build) {
            return Ok(());
        }
        Err(format!("build {build} answered a request that was sent after swap {sent}; since then served {since:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_may_come_from_what_was_live_when_it_was_asked_for_or_newer_and_from_nothing_older() {
        let ledger = Ledger::default();
        for (number, build) in (1..).zip([1, 2, 3]) {
            let hash = ledger.expect(build, &[u8::try_from(build).unwrap_or_default()]);
            ledger.swapped(&hash, number);
        }
        assert_eq!(ledger.answered(3, 3), Ok(()));
        assert_eq!(ledger.answered(2, 2), Ok(()), "it was live then");
        assert_eq!(ledger.answered(3, 2), Ok(()), "it is newer");
        assert!(ledger.answered(2, 3).is_err());
        assert!(ledger.answered(4, 3).is_err());
        ledger.expect(4, &[4]);
        assert_eq!(ledger.answered(4, 3), Ok(()), "its swap is not known yet");
        assert_eq!(ledger.faults(), [""; 0]);
    }

    #[test]
    fn turning_back_and_code_that_nobody_expected_are_faults() {
        let ledger = Ledger::default();
        let hash = ledger.expect(1, &[1]);
        ledger.swapped(&hash, 2);
        ledger.swapped(&hash, 1);
        ledger.swapped("of a bad file", 3);
        let faults = ledger.faults();
        assert_eq!(faults.len(), 2);
        assert!(faults.iter().any(|fault| fault.contains("turned back from generation 2 to 1")), "{faults:?}");
    }
}
