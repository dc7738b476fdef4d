//! What callers and an instance's own task share: the calls in flight, the switches that end it, the reason it ended.

use super::call::Kind;
use super::deadlines;
use super::pulse::Pulse;
use crate::Limits;
use futures::task::AtomicWaker;
use prometheus_client::metrics::counter::Counter;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// How long a guest that is past a call's deadline has to give its event loop a turn. Several epoch ticks: on a loaded
/// machine a good guest may have to wait for its thread.
const A_TURN: Duration = Duration::from_millis(50);

/// Streams that send nothing may use as much CPU in so long as one call may.
const QUIET: Duration = Duration::from_secs(60);

/// Why an instance is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It was told to, or nobody holds it any more.
    Stopped,
    /// The guest trapped or broke a limit; with its last words.
    Crashed(String),
    /// It had to be ended from outside.
    Killed(String),
    /// It went past a limit that cannot be kept otherwise.
    Limit(Excess),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("its instance was stopped"),
            Self::Crashed(reason) => write!(f, "its instance crashed: {reason}"),
            Self::Killed(reason) => write!(f, "its instance was ended: {reason}"),
            Self::Limit(Excess { name, limit, actual, .. }) => {
                write!(f, "its instance was ended: limit {name:?} exceeded: {actual} asked, {limit} allowed")
            }
        }
    }
}

/// A limit that an instance went past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excess {
    pub(crate) name: &'static str,
    pub(crate) limit: u64,
    pub(crate) actual: u64,
    /// The call that is to blame.
    pub(crate) call: Option<CallId>,
}

/// One call of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallId(u64);

/// What is told of an instance's end, before its callers are.
type OnEnd = Box<dyn Fn(&Exit) + Send + Sync>;

/// Shared between an instance's task and everybody who calls it.
pub(crate) struct Control {
    pub(super) pulse: Arc<Pulse>,
    /// Mirrors the book's length, so that asking for it takes no lock.
    in_flight: AtomicUsize,
    /// The same of calls that are no streams.
    calls: AtomicUsize,
    /// Mirrors among how many the guest's CPU is shared.
    sharing: AtomicUsize,
    /// Whether a stream has sent something since the guest's CPU was last looked at.
    sent: AtomicBool,
    /// Whether one has since the streams' share began.
    progress: AtomicBool,
    book: Mutex<Book>,
    /// Guest CPU that each call in flight has to answer for since the instance began, in nanoseconds.
    share: AtomicU64,
    idle: Notify,
    /// Whether it takes no more calls: asked at every call, so that it is a flag beside what can be waited for.
    ending: AtomicBool,
    stop: CancellationToken,
    kill: Switch,
    kill_reason: OnceLock<Exit>,
    exit: watch::Sender<Option<Exit>>,
    on_end: OnceLock<OnEnd>,
    cpu_seconds: Counter<f64, AtomicU64>,
    limits: Arc<Limits>,
    io: Handle,
}

/// The calls in flight and what each had to answer for when it began.
#[derive(Debug, Default)]
struct Book {
    next: u64,
    calls: BTreeMap<CallId, u64>,
    streams: Streams,
    /// The share when the last call ended.
    idle_share: u64,
}

/// Streams in flight. They go on for days, so that what counts is not all they ever used.
#[derive(Debug, Default)]
struct Streams {
    ids: BTreeSet<CallId>,
    /// The share when one of them last sent something, or the last quiet minute was over, and when that was.
    share: u64,
    since: Option<Instant>,
}

/// Something that happens once, that one waits for.
#[derive(Debug, Default)]
struct Switch {
    on: AtomicBool,
    waiter: AtomicWaker,
}

impl Switch {
    fn turn_on(&self) {
        self.on.store(true, Ordering::Release);
        self.waiter.wake();
    }

    async fn is_on(&self) {
        std::future::poll_fn(|cx| {
            // Registered before the flag is read, so that nothing happens between the two.
            self.waiter.register(cx.waker());
            if self.on.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Book {
    fn in_flight(&self) -> usize {
        self.calls.len().saturating_add(self.streams.ids.len())
    }

    /// Streams count as one: a hundred of them that wait would hide a call that computes.
    fn sharing(&self) -> usize {
        self.calls.len().saturating_add(usize::from(!self.streams.ids.is_empty()))
    }
}

impl Streams {
    /// Forgets what was used until now, where that was for something or is no stream's to answer for.
    fn start_anew(&mut self, share: u64, forgiven: bool) {
        if forgiven || self.since.is_none_or(|since| since.elapsed() >= QUIET) {
            (self.share, self.since) = (share, Some(Instant::now()));
        }
    }
}

impl Control {
    pub(super) fn new(
        pulse: Arc<Pulse>,
        limits: Arc<Limits>,
        cpu_seconds: Counter<f64, AtomicU64>,
        io: Handle,
    ) -> Arc<Self> {
        Arc::new(Self {
            pulse,
            in_flight: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            sharing: AtomicUsize::new(0),
            sent: AtomicBool::new(false),
            progress: AtomicBool::new(false),
            book: Mutex::default(),
            share: AtomicU64::new(0),
            idle: Notify::new(),
            ending: AtomicBool::new(false),
            stop: CancellationToken::new(),
            kill: Switch::default(),
            kill_reason: OnceLock::new(),
            exit: watch::Sender::new(None),
            on_end: OnceLock::new(),
            cpu_seconds,
            limits,
            io,
        })
    }

    /// Tells `on_end` of the end, where it has not come yet.
    pub(super) fn on_end(&self, on_end: impl Fn(&Exit) + Send + Sync + 'static) {
        let _ = self.on_end.set(Box::new(on_end));
    }

    pub(super) fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    pub(super) fn call_begins(&self, kind: Kind) -> CallId {
        let mut book = self.book();
        let id = CallId(book.next);
        book.next = book.next.wrapping_add(1);
        let share = self.share.load(Ordering::Relaxed);
        if kind == Kind::Stream {
            // Those that are there answer for what they used, however many begin beside them.
            let first = book.streams.ids.is_empty();
            book.streams.ids.insert(id);
            book.streams.start_anew(share, first);
        } else {
            book.calls.insert(id, share);
        }
        self.mirror(&book);
        id
    }

    pub(super) fn call_is_over(&self, id: CallId) {
        let mut book = self.book();
        if book.calls.remove(&id).is_none() {
            book.streams.ids.remove(&id);
        }
        let left = book.in_flight();
        if left == 0 {
            book.idle_share = self.share.load(Ordering::Relaxed);
        }
        self.mirror(&book);
        drop(book);
        if left == 0 {
            self.idle.notify_waiters();
        }
    }

    fn mirror(&self, book: &Book) {
        self.in_flight.store(book.in_flight(), Ordering::Release);
        self.calls.store(book.calls.len(), Ordering::Release);
        self.sharing.store(book.sharing(), Ordering::Release);
    }

    /// A stream has sent something: what its guest used for it is forgotten.
    pub(super) fn stream_sent(&self) {
        self.sent.store(true, Ordering::Relaxed);
        self.progress.store(true, Ordering::Relaxed);
    }

    /// Calls in flight now that are no streams, of which there is a limit of their own.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    /// Calls and streams in flight now.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// The guest used `cpu`: shared by the calls in flight, and too much for one of them ends the instance, because
    /// there is no ending one call.
    pub(super) fn spent(&self, cpu: Duration) {
        self.cpu_seconds.inc_by(cpu.as_secs_f64());
        // What was used for a stream's frames is no call's to answer for; one that computes beside it has its deadline.
        if self.sent.swap(false, Ordering::Relaxed) {
            return;
        }
        let nanoseconds = u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX);
        let sharing = u64::try_from(self.sharing.load(Ordering::Acquire)).unwrap_or(u64::MAX).max(1);
        let each = nanoseconds.checked_div(sharing).unwrap_or(nanoseconds);
        let share = self.share.fetch_add(each, Ordering::Relaxed).saturating_add(each);
        let limit = u64::try_from(self.limits.guest_cpu.as_nanos()).unwrap_or(u64::MAX);
        // Nobody can have used more than all of it.
        if share <= limit {
            return;
        }
        let mut book = self.book();
        book.streams.start_anew(share, self.progress.swap(false, Ordering::Relaxed));
        let streams = (!book.streams.ids.is_empty()).then_some(book.streams.share);
        let (call, began, name) = match (book.calls.first_key_value(), streams) {
            (Some((id, began)), _) if share.saturating_sub(*began) > limit => {
                (Some(*id), *began, "guest CPU of one call, ms")
            }
            // What it uses looks like the streams' as well, and they were there before it: it is judged first.
            (Some((_, began)), Some(_)) if share.saturating_sub(*began) > limit / 2 => return,
            (_, Some(began)) => (None, began, "guest CPU of streams that send nothing, ms"),
            (Some(_), None) => return,
            (None, None) => (None, book.idle_share, "guest CPU between calls, ms"),
        };
        let used = share.saturating_sub(began);
        if used <= limit {
            return;
        }
        drop(book);
        let [limit, actual] = [limit, used].map(|nanoseconds| nanoseconds / 1_000_000);
        self.end_with(Exit::Limit(Excess { name, limit, actual, call }));
    }

    /// Waits until no call is in flight.
    pub(crate) async fn idle(&self) {
        loop {
            let mut idle = std::pin::pin!(self.idle.notified());
            // Registered before the count is read, so that the last call cannot slip between.
            idle.as_mut().enable();
            if self.in_flight() == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Takes no more calls, finishes those in flight, says `shutdown` to the guest and ends.
    pub(crate) fn stop(&self) {
        self.ending.store(true, Ordering::Release);
        self.stop.cancel();
        self.pulse.ask();
    }

    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Ends the instance, whatever it is doing, within an epoch tick.
    pub(crate) fn kill(&self, reason: impl Into<String>) {
        self.end_with(Exit::Killed(reason.into()));
    }

    fn end_with(&self, exit: Exit) {
        let _ = self.kill_reason.set(exit);
        self.ending.store(true, Ordering::Release);
        self.kill.turn_on();
    }

    /// Waits for `kill`, and says why. One may wait: the task that owns the Store.
    pub(super) async fn killed(&self) -> Exit {
        self.kill.is_on().await;
        self.kill_reason.get().cloned().unwrap_or(Exit::Stopped)
    }

    /// Says why the instance ended. The first word is the last; who asked to be told hears it before the callers.
    pub(super) fn ended(&self, exit: Exit) {
        self.ending.store(true, Ordering::Release);
        if let Some(on_end) = self.on_end.get() {
            on_end(&exit);
        }
        self.exit.send_if_modified(|now| {
            let first = now.is_none();
            if first {
                *now = Some(exit);
            }
            first
        });
    }

    /// Whether it takes no more calls.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.exit.borrow().is_some()
    }

    /// Waits for the instance's end.
    pub(crate) async fn end(&self) -> Exit {
        let mut exit = self.exit.subscribe();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.clone().unwrap_or(Exit::Stopped),
            Err(_) => Exit::Stopped,
        }
    }

    /// Kills the instance when a canceled call goes on past the grace; at once where it was canceled by its deadline
    /// and the guest gives its event loop no turn, so that no token will ever reach it.
    ///
    /// The watch is kept on the I/O threads: guests that hold all of theirs do not hold it up.
    pub(super) fn watch_abandoned(self: &Arc<Self>, over: oneshot::Receiver<()>, overdue: bool) {
        let control = self.clone();
        self.io.spawn(async move {
            let mut over = over;
            let grace = control.limits.cancel_grace;
            let asked = control.pulse.ask();
            if tokio::time::timeout(A_TURN.min(grace), &mut over).await.is_ok() {
                return;
            }
            if overdue && !control.pulse.answered(&asked) {
                control.kill("a call was past its deadline and the guest did not return to its event loop");
            } else if tokio::time::timeout(grace.saturating_sub(A_TURN), over).await.is_err() {
                control.kill(format!("a canceled call went on for more than {grace:?}"));
            }
        });
    }

    /// Kills the instance when a call that could not be canceled goes on past its deadline and the grace.
    pub(super) fn watch_forgotten(self: &Arc<Self>, over: oneshot::Receiver<()>, deadline: Instant) {
        let control = self.clone();
        self.io.spawn(async move {
            let mut over = over;
            let until = deadlines::after(deadline, control.limits.cancel_grace);
            if tokio::time::timeout_at(until.into(), &mut over).await.is_err() {
                control.kill("a call went on past its deadline");
            }
        });
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::gate::Gate;
    use super::*;
    use futures::FutureExt;

    fn control() -> Arc<Control> {
        let limits = Arc::new(Limits { guest_cpu: Duration::from_secs(1), ..Limits::default() });
        Control::new(Pulse::new(Gate::new(1)), limits, Counter::default(), Handle::current())
    }

    fn excess(control: &Control) -> Option<Excess> {
        match control.killed().now_or_never()? {
            Exit::Limit(excess) => Some(excess),
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn a_stream_that_begins_does_not_have_the_quiet_ones_start_anew() {
        let control = control();
        // What was used before there were any is not theirs.
        control.spent(Duration::from_millis(900));
        control.call_begins(Kind::Stream);
        for millis in [400, 400, 150] {
            control.spent(Duration::from_millis(millis));
            assert_eq!(excess(&control), None);
            let another = control.call_begins(Kind::Stream);
            control.call_is_over(another);
        }
        control.spent(Duration::from_millis(100));
        let Excess { name, actual, call, .. } = excess(&control).unwrap();
        assert_eq!((name, actual, call), ("guest CPU of streams that send nothing, ms", 1_050, None));
    }

    #[tokio::test]
    async fn a_call_that_computes_beside_streams_is_blamed_and_not_they() {
        let control = control();
        control.call_begins(Kind::Stream);
        // Of what is used from here on, half is the streams' and half the call's.
        control.spent(Duration::from_millis(100));
        let computes = control.call_begins(Kind::Call);
        for _ in 0..19 {
            control.spent(Duration::from_millis(100));
            assert_eq!(excess(&control), None);
        }
        control.spent(Duration::from_millis(200));
        let Excess { name, call, .. } = excess(&control).unwrap();
        assert_eq!((name, call), ("guest CPU of one call, ms", Some(computes)));
    }
}
