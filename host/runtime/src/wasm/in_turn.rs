//! Wakes that need no turn of their own: what an instance's event loop is told while its task has the thread, it looks at
//! before it gives the thread back.
//!
//! A task that is woken while it runs is run again, whatever it did about it. Most of what wakes the event loop comes out of
//! the guest's own turn, and a turn for nothing costs as much as a small call does.

use futures::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

/// One per instance. As a waker it wakes the instance's task, where that does not run.
#[derive(Debug, Default)]
pub(super) struct InTurn {
    task: AtomicWaker,
    runs: AtomicBool,
    due: AtomicBool,
}

impl InTurn {
    /// The task has the thread.
    pub(super) fn begins(&self, task: &Waker) {
        self.task.register(task);
        self.runs.store(true, Ordering::SeqCst);
    }

    /// The task gives the thread back: what was not looked at gets a turn of its own.
    pub(super) fn ends(&self) {
        self.runs.store(false, Ordering::SeqCst);
        if self.due.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }

    /// Whether there is something to look at, which whoever asks does now.
    pub(super) fn take(&self) -> bool {
        self.due.swap(false, Ordering::SeqCst)
    }
}

impl Wake for InTurn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// In this order, as `ends` asks in the other: one of the two sees what the other did.
    fn wake_by_ref(self: &Arc<Self>) {
        self.due.store(true, Ordering::SeqCst);
        if !self.runs.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_wake_within_the_turn_wakes_the_task_only_where_nobody_looked() {
        let woken = Arc::new(Woken::default());
        let (task, in_turn) = (Waker::from(woken.clone()), Arc::new(InTurn::default()));
        in_turn.begins(&task);
        in_turn.wake_by_ref();
        assert!(in_turn.take());
        in_turn.ends();
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        in_turn.begins(&task);
        in_turn.wake_by_ref();
        in_turn.ends();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(in_turn.take());
    }

    #[test]
    fn a_wake_between_turns_wakes_the_task() {
        let woken = Arc::new(Woken::default());
        let (task, in_turn) = (Waker::from(woken.clone()), Arc::new(InTurn::default()));
        in_turn.begins(&task);
        in_turn.ends();
        in_turn.wake_by_ref();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(in_turn.take());
        assert!(!in_turn.take());
    }
}
