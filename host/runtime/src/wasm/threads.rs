//! The threads guests run on: one queue, first come, first served.
//!
//! A task that yields goes to the queue's end, so that guests that compute take turns. Whoever wakes a task wakes one
//! thread, the one that was busy last, whose caches know most. Whoever knows that a task does little may also run it where
//! he is ([`GuestThreads::run_here`]): to wake another thread and to be woken by it costs more than a small call.
//!
//! What the tasks need of an async runtime, timers and sockets, is the I/O runtime's.

use async_task::{Runnable, ScheduleInfo, WithInfo};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::Thread;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::task::coop::unconstrained;

/// Dropping it ends its threads, and drops the tasks that are left.
pub(super) struct GuestThreads {
    shared: Arc<Shared>,
    io: Handle,
}

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    /// What can go on.
    queue: VecDeque<Runnable>,
    /// Threads without work, the one that was busy last at the end.
    parked: Vec<Thread>,
    /// Every task that is not done, woken to be dropped at the end.
    tasks: HashMap<u64, Waker>,
    next: u64,
    closed: bool,
}

thread_local! {
    /// What becomes of a task that this thread schedules.
    static HERE: Cell<Here> = const { Cell::new(Here::Elsewhere) };
    static CAUGHT: RefCell<Option<Runnable>> = const { RefCell::new(None) };
}

/// Where a task is scheduled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Here {
    /// On a thread of somebody else's: a guest thread has to wake.
    Elsewhere,
    /// On a guest thread, which looks for more to do anyway.
    GuestThread,
    /// On a thread that will run it: the task that is woken there, and then that task alone when it wakes itself.
    Catching,
    Running,
}

/// A task that is run where its waker is, and goes on waking itself, has so long before it goes to its own threads.
const HERE_AT_MOST: Duration = Duration::from_micros(250);

/// Whether this thread is somebody else's, who lends it for a short while.
pub(super) fn is_lent() -> bool {
    HERE.get() == Here::Running
}

impl GuestThreads {
    /// Starts so many threads.
    ///
    /// # Errors
    /// Where the system has no more of them.
    pub(super) fn start(threads: usize, io: &Handle) -> io::Result<Self> {
        let started = Self { shared: Arc::default(), io: io.clone() };
        for _ in 0..threads {
            let (shared, io) = (started.shared.clone(), io.clone());
            let thread = std::thread::Builder::new().name("wellhead-guest".into());
            thread.spawn(move || {
                let _runtime = io.enter();
                HERE.set(Here::GuestThread);
                shared.work();
            })?;
        }
        Ok(started)
    }

    /// Runs a task to its end, or to that of the threads.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let id = {
            let mut state = self.shared.state();
            state.next = state.next.wrapping_add(1);
            state.next
        };
        let done = Done { id, shared: self.shared.clone() };
        let shared = self.shared.clone();
        let schedule = WithInfo(move |runnable, info: ScheduleInfo| shared.schedule(runnable, info));
        let task = async move {
            let _done = done;
            // Whose thread it may run on has a budget of its own.
            unconstrained(task).await;
        };
        let (runnable, task) = async_task::spawn(task, schedule);
        task.detach();
        let mut state = self.shared.state();
        if state.closed {
            drop(state);
            return drop(runnable);
        }
        state.tasks.insert(id, runnable.waker());
        drop(state);
        runnable.schedule();
    }

    /// Has the task that `wake` wakes go on on this thread, unless it is waiting for a thread or has one already.
    pub(super) fn run_here(&self, wake: impl FnOnce()) {
        if HERE.get() != Here::Elsewhere {
            return wake();
        }
        HERE.set(Here::Catching);
        wake();
        HERE.set(Here::Running);
        if let Some(mut runnable) = CAUGHT.take() {
            let _runtime = self.io.enter();
            let begun = Instant::now();
            loop {
                run(runnable);
                runnable = match CAUGHT.take() {
                    Some(again) if begun.elapsed() < HERE_AT_MOST => again,
                    Some(again) => break self.shared.enqueue(again, true),
                    None => break,
                };
            }
        }
        HERE.set(Here::Elsewhere);
    }

    /// Ends the threads, once what runs on them returns, and drops all tasks.
    pub(super) fn close(&self) {
        let (queue, parked, tasks) = {
            let mut state = self.shared.state();
            state.closed = true;
            let State { queue, parked, tasks, .. } = &mut *state;
            (std::mem::take(queue), std::mem::take(parked), std::mem::take(tasks))
        };
        drop(queue);
        // Each is scheduled a last time, and dropped there.
        tasks.into_values().for_each(Waker::wake);
        parked.iter().for_each(Thread::unpark);
    }
}

impl Drop for GuestThreads {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn schedule(&self, runnable: Runnable, info: ScheduleInfo) {
        let caught = match HERE.get() {
            Here::Catching => CAUGHT.with_borrow(Option::is_none),
            Here::Running => info.woken_while_running,
            Here::Elsewhere | Here::GuestThread => false,
        };
        if caught {
            return CAUGHT.set(Some(runnable));
        }
        // One that was woken while it ran is scheduled by the thread it ran on, which is free now.
        self.enqueue(runnable, !(info.woken_while_running && HERE.get() == Here::GuestThread));
    }

    fn enqueue(&self, runnable: Runnable, wakes: bool) {
        let mut state = self.state();
        if state.closed {
            drop(state);
            return drop(runnable);
        }
        state.queue.push_back(runnable);
        let idle = if wakes { state.parked.pop() } else { None };
        drop(state);
        if let Some(thread) = idle {
            thread.unpark();
        }
    }

    /// What a thread does.
    fn work(&self) {
        let me = std::thread::current();
        let mut state = self.state();
        while !state.closed {
            match state.queue.pop_front() {
                Some(runnable) => {
                    drop(state);
                    run(runnable);
                    state = self.state();
                }
                None => {
                    state.parked.push(me.clone());
                    drop(state);
                    std::thread::park();
                    state = self.state();
                    // It may have woken for no reason.
                    state.parked.retain(|thread| thread.id() != me.id());
                }
            }
        }
    }
}

/// A panic is the host's own mistake: the task is gone, its instance tells so, and the thread goes on.
fn run(runnable: Runnable) {
    let _ = std::panic::catch_unwind(AssertUnwindSafe(|| runnable.run()));
}

/// Forgets a task that is over.
struct Done {
    id: u64,
    shared: Arc<Shared>,
}

impl Drop for Done {
    fn drop(&mut self) {
        let forgotten = self.shared.state().tasks.remove(&self.id);
        drop(forgotten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::channel::oneshot;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn threads(count: usize) -> GuestThreads {
        GuestThreads::start(count, &Handle::current()).unwrap()
    }

    fn wait_until(done: impl Fn() -> bool) {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it never came");
            std::thread::yield_now();
        }
    }

    #[tokio::test]
    async fn every_task_runs_to_its_end_and_is_forgotten() {
        let threads = threads(3);
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..1_000 {
            let done = done.clone();
            threads.spawn(async move {
                for _ in 0..3 {
                    to_the_end_of_the_queue().await;
                }
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        wait_until(|| done.load(Ordering::Relaxed) == 1_000 && threads.shared.state().tasks.is_empty());
    }

    #[tokio::test]
    async fn a_task_that_yields_lets_the_others_go_first() {
        let threads = threads(1);
        let (order, seen) = std::sync::mpsc::channel();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let first = order.clone();
        threads.spawn(async move {
            held.recv().unwrap();
            to_the_end_of_the_queue().await;
            first.send("first").unwrap();
        });
        threads.spawn(async move { order.send("second").unwrap() });
        hold.send(()).unwrap();
        assert_eq!(seen.iter().collect::<Vec<_>>(), ["second", "first"]);
    }

    #[tokio::test]
    async fn a_task_that_panics_takes_neither_its_thread_nor_another_task_with_it() {
        let threads = threads(1);
        threads.spawn(async { std::panic::resume_unwind(Box::new("on purpose")) });
        let (sender, receiver) = oneshot::channel();
        threads.spawn(async move { sender.send(7).unwrap() });
        assert_eq!(receiver.await, Ok(7));
        wait_until(|| threads.shared.state().tasks.is_empty());
    }

    #[tokio::test]
    async fn tasks_that_wait_for_ever_are_dropped_with_the_threads() {
        let threads = threads(2);
        let (waits, dropped) = oneshot::channel::<()>();
        // Whoever could wake it goes on living.
        let (_waker, woken) = oneshot::channel::<()>();
        threads.spawn(async move {
            let _waits = waits;
            let _ = woken.await;
        });
        wait_until(|| threads.shared.state().parked.len() == 2);
        let shared = threads.shared.clone();
        drop(threads);
        assert!(dropped.await.is_err());
        assert!(shared.state().tasks.is_empty());
        let (late, dropped) = oneshot::channel::<()>();
        GuestThreads { shared, io: Handle::current() }.spawn(async move { drop(late) });
        assert!(dropped.await.is_err());
    }

    #[tokio::test]
    async fn timers_are_those_of_the_runtime_outside() {
        let threads = threads(1);
        let (sender, receiver) = oneshot::channel();
        threads.spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            sender.send(()).unwrap();
        });
        assert_eq!(receiver.await, Ok(()));
    }

    #[tokio::test]
    async fn a_task_that_is_run_here_goes_to_its_threads_when_it_goes_on_for_long() {
        let threads = threads(1);
        let (sender, receiver) = oneshot::channel::<()>();
        let (place, places) = std::sync::mpsc::channel();
        threads.spawn(async move {
            let told = || place.send(std::thread::current().id()).unwrap();
            told();
            receiver.await.unwrap();
            told();
            to_the_end_of_the_queue().await;
            told();
            let begun = Instant::now();
            while begun.elapsed() <= HERE_AT_MOST {
                std::hint::spin_loop();
            }
            to_the_end_of_the_queue().await;
            told();
        });
        let (here, its) = (std::thread::current().id(), places.recv().unwrap());
        assert_ne!(its, here);
        wait_until(|| !threads.shared.state().parked.is_empty());
        threads.run_here(|| sender.send(()).unwrap());
        let then: Vec<_> = places.iter().collect();
        // Where this thread was held up, it goes on with the others earlier.
        assert_eq!((then.first(), then.last(), then.len()), (Some(&here), Some(&its), 3));
    }

    #[tokio::test]
    async fn a_task_that_waits_for_its_thread_is_not_run_here() {
        let threads = threads(1);
        let (hold, held) = std::sync::mpsc::channel::<()>();
        threads.spawn(async move { held.recv().unwrap() });
        let (sender, receiver) = oneshot::channel();
        threads.spawn(async move { sender.send(std::thread::current().id()).unwrap() });
        threads.run_here(|| {});
        hold.send(()).unwrap();
        assert_ne!(receiver.await.unwrap(), std::thread::current().id());
    }

    async fn to_the_end_of_the_queue() {
        let mut yielded = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return std::task::Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }
}
