//! Where a connection leaves a channel's rows and notices, and where its run takes them as frames. Leaving never waits:
//! what nobody takes collects, up to a bound.

use crate::document::Json;
use crate::mapping::{Budget, Mapper, Rows, Tally, Trouble};
use crate::query::Query;
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Duration;
use wellhead_sdk::frame::{Frame, FrameMeta, Notice, Severity};
use wellhead_sdk::{Error, task};

/// Notices that wait for a frame; more than that is told the same in fewer.
const MOST_NOTICES: usize = 16;

/// So many do not wait for rows: the loss of a connection, that it is back, and the next loss.
const TOLD_WITHOUT_ROWS: usize = 3;

/// What a channel's run has yet to send.
#[derive(Debug)]
pub(crate) struct Inbox(RefCell<State>);

#[derive(Debug)]
struct State {
    mapper: Mapper,
    rows: Rows,
    tally: Tally,
    notices: Vec<Notice>,
    /// Whether the notices go out although there are no rows.
    is_urgent: bool,
    failure: Option<Error>,
    waker: Option<Waker>,
}

impl State {
    fn is_ready(&self) -> bool {
        let has_trouble = || !self.tally.is_empty() && self.tally.is_due(task::monotonic());
        !self.rows.is_empty() || self.is_urgent || self.failure.is_some() || has_trouble()
    }

    fn take(&mut self) -> Option<Result<Frame, Error>> {
        let (frame, dropped) = match self.rows.next() {
            Some((Ok(frame), dropped)) => (Some(frame), dropped),
            Some((Err(error), _)) => return Some(Err(error)),
            None => (None, 0),
        };
        self.is_urgent = false;
        let mut notices = std::mem::take(&mut self.notices);
        if dropped > 0 {
            let text = format!(
                "{dropped} rows were dropped, the oldest first: they came faster than they were taken. Ask for less with \
                 `filter` or `fields`"
            );
            notices.push(Notice::new(Severity::Warning, text));
        }
        if !self.tally.is_empty() {
            // What is not told with the last frame is never told.
            let is_last = self.failure.is_some() && self.rows.is_empty();
            notices.extend(if is_last { self.tally.tell_all() } else { self.tally.tell(task::monotonic()) });
        }
        if frame.is_none() && notices.is_empty() {
            return self.failure.take().map(Err);
        }
        let mut frame = frame.unwrap_or_else(|| self.rows.none());
        if !notices.is_empty() {
            let meta = FrameMeta { notices, ..FrameMeta::default() };
            if let Err(error) = frame.set_meta(Some(meta)) {
                return Some(Err(error.into()));
            }
        }
        Some(Ok(frame))
    }
}

impl Inbox {
    pub(crate) fn new(query: &Query, budget: Budget) -> Self {
        Self(RefCell::new(State {
            mapper: Mapper::new(query),
            rows: Rows::new(budget),
            tally: Tally::default(),
            notices: Vec::new(),
            is_urgent: false,
            failure: None,
            waker: None,
        }))
    }

    /// Leaves a message's rows. [`wake`](Self::wake) tells the run, once for many messages.
    pub(crate) fn leave(&self, message: &Json<'_>, arrived: i64) {
        let State { mapper, rows, tally, .. } = &mut *self.0.borrow_mut();
        mapper.take(message, arrived, rows, tally);
    }

    /// Counts what could not be used.
    pub(crate) fn count(&self, trouble: Trouble, example: &str) {
        self.0.borrow_mut().tally.count(trouble, || Some(example.to_owned()));
    }

    /// Leaves a notice: for the next frame with rows, or at once.
    pub(crate) fn tell(&self, severity: Severity, text: &str, at_once: bool) {
        let mut state = self.0.borrow_mut();
        if state.notices.len() < MOST_NOTICES {
            state.notices.push(Notice::new(severity, text));
        }
        // Where losses follow each other and no rows come in between, nobody would hear of them.
        state.is_urgent |= at_once || state.notices.len() >= TOLD_WITHOUT_ROWS;
    }

    /// Ends the run, when what was left before has been taken.
    pub(crate) fn fail(&self, error: Error) {
        self.0.borrow_mut().failure.get_or_insert(error);
    }

    /// Waits until it is so.
    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        poll_fn(|cx| {
            let mut state = self.0.borrow_mut();
            if is_so(&state) {
                return Poll::Ready(());
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Tells the run to look.
    pub(crate) fn wake(&self) {
        let mut state = self.0.borrow_mut();
        if state.is_ready()
            && let Some(waker) = state.waker.take()
        {
            waker.wake();
        }
    }
}

/// Takes an inbox's frames, no more often than each `interval`.
#[derive(Debug)]
pub(crate) struct Outlet {
    interval: Duration,
    /// When frames were last taken.
    taken: Option<Duration>,
    /// Frames that follow each other without a pause: rows too many for one.
    burst: usize,
}

impl Outlet {
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, taken: None, burst: 0 }
    }

    /// Waits for the next frame. Giving up waiting loses nothing.
    pub(crate) async fn next(&mut self, inbox: &Inbox) -> Result<Frame, Error> {
        loop {
            inbox.until(State::is_ready).await;
            if self.burst == 0 && !self.interval.is_zero() {
                let now = task::monotonic();
                let due = self.taken.map_or(Duration::ZERO, |taken| taken + self.interval);
                if let Some(wait) = due.checked_sub(now).filter(|wait| !wait.is_zero()) {
                    // What there is before the end is not held back.
                    task::select(pin!(task::sleep(wait)), pin!(inbox.until(|state| state.failure.is_some()))).await;
                    if inbox.0.borrow().failure.is_none() {
                        continue;
                    }
                }
                self.taken = Some(now);
                self.burst = inbox.0.borrow().rows.frames();
            }
            self.burst = self.burst.saturating_sub(1);
            if let Some(frame) = inbox.0.borrow_mut().take() {
                return frame;
            }
        }
    }
}
