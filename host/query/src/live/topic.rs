//! A channel with the data its subscribers sent along: what is fed once and read by all of them.
//!
//! Publishing waits for nobody. Who feeds it, and when it ends, is the run's and the hub's to say.

use super::charge::Budget;
use super::log::{Item, Log};
use super::message::{Content, Message};
use super::metrics::LiveMetrics;
use super::retained::Retained;
use super::schemas::Schemas;
use super::seats::{Seat, SeatId, Seats};
use super::{Channel, ChannelStatus, LiveError, LiveLimits, SubscriptionEnd, Update, notice};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use wellhead_frame::{Frame, Severity};

/// Frames with more bytes than this are written as JSON off the async threads.
const ENCODE_INLINE_BYTES: usize = 256 << 10;

pub(super) struct Topic {
    channel: Arc<Channel>,
    data: String,
    max_json: usize,
    /// Whether somebody has read a frame as JSON.
    read_as_json: Arc<AtomicBool>,
    metrics: Arc<LiveMetrics>,
    budget: Budget,
    state: Mutex<State>,
    /// Subscribers came or went, or the end did: for whoever keeps the run.
    changed: Notify,
    /// The data source's settings may have changed.
    settings: Notify,
    start: watch::Sender<Start>,
}

/// Whether subscribers may be let in.
#[derive(Clone)]
enum Start {
    /// The first run has not begun.
    Awaited,
    Open,
    Failed(LiveError),
}

struct State {
    log: Log,
    seats: Seats,
    /// Seats that read the log: all but those that were ended.
    readers: usize,
    schemas: Schemas,
    retained: Retained,
    frames: u64,
    last_error: Option<String>,
    /// Since when nobody subscribes.
    idle_since: Option<Instant>,
    end: Option<SubscriptionEnd>,
}

/// Why a run is kept no longer.
pub(super) enum Over {
    /// Somebody ended the topic.
    Ended,
    /// Nobody has subscribed for as long as a run lingers.
    Unheard,
}

impl Topic {
    /// A topic that waits for its first run where it is `fed` by one.
    pub(super) fn new(
        channel: Arc<Channel>,
        data: String,
        fed: bool,
        limits: &LiveLimits,
        metrics: Arc<LiveMetrics>,
        budget: &Budget,
    ) -> Self {
        let state = State {
            log: Log::new(limits.queue_frames, limits.queue_bytes, budget.clone()),
            seats: Seats::default(),
            readers: 0,
            schemas: Schemas::default(),
            retained: Retained::new(limits.retained_frames, limits.queue_bytes),
            frames: 0,
            last_error: None,
            idle_since: Some(Instant::now()),
            end: None,
        };
        Self {
            channel,
            data,
            max_json: limits.queue_bytes,
            read_as_json: Arc::default(),
            metrics,
            budget: budget.clone(),
            state: Mutex::new(state),
            changed: Notify::new(),
            settings: Notify::new(),
            start: watch::Sender::new(if fed { Start::Awaited } else { Start::Open }),
        }
    }

    pub(super) fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    pub(super) fn data(&self) -> &str {
        &self.data
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that could panic half-way is done under it but allocating.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat, with what the channel has to show where it is to be `replayed`.
    pub(super) fn join(&self, limit: Option<usize>, replayed: bool) -> Result<SeatId, LiveError> {
        let mut state = self.state();
        let (limit, actual) = (limit.unwrap_or(usize::MAX), state.seats.len() + 1);
        if actual > limit {
            return Err(LiveError::LimitExceeded {
                name: "subscribers_per_channel",
                limit: limit as u64,
                actual: actual as u64,
                cure: "leave the channel elsewhere, or raise the limit",
            });
        }
        let backlog = state.retained.for_newcomer(replayed);
        let place = state.log.next();
        state.idle_since = None;
        state.readers += 1;
        Ok(state.seats.take(place, backlog))
    }

    /// Gives a seat back.
    pub(super) fn leave(&self, id: SeatId) {
        let mut state = self.state();
        let Some(seat) = state.seats.give_back(id) else { return };
        if seat.end.is_none() {
            state.readers = state.readers.saturating_sub(1);
            state.log.leave(seat.place);
        }
        if state.seats.len() == 0 {
            state.idle_since = Some(Instant::now());
            self.changed.notify_one();
        }
        drop(state);
        // Outside the lock: a waker may be the last of somebody's task, and that task may hold a subscription.
        drop(seat);
    }

    /// Since when nobody subscribes; `None` where somebody does.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.state().idle_since
    }

    /// Whether a new subscriber would be shown something.
    pub(super) fn keeps_something(&self) -> bool {
        !self.state().retained.is_empty()
    }

    /// Hands something to all who subscribe, and keeps a frame for those who will.
    pub(super) fn publish(&self, content: Content) {
        self.hand_out(Arc::new(self.message(content)));
    }

    /// [`publish`](Self::publish) for what may be large: where subscribers read it as JSON, that is made beforehand, and
    /// not on the threads that serve their sockets.
    pub(super) async fn publish_prepared(&self, content: Content) {
        let message = Arc::new(self.message(content));
        if message.weight() > ENCODE_INLINE_BYTES && self.read_as_json.load(Ordering::Relaxed) {
            let starts_schema = message.frame().map(Frame::schema) != self.state().schemas.of_data();
            let prepared = Arc::clone(&message);
            // Where it fails, readers see to it themselves.
            let _ = tokio::task::spawn_blocking(move || prepared.json(starts_schema)).await;
        }
        self.hand_out(message);
    }

    fn message(&self, content: Content) -> Message {
        Message::new(Arc::clone(&self.channel), content, self.max_json, Arc::clone(&self.read_as_json), &self.budget)
    }

    fn hand_out(&self, message: Arc<Message>) {
        let mut state = self.state();
        if state.end.is_some() {
            return;
        }
        let item = state.item(message);
        state.recover();
        if item.schema != 0 {
            state.retained.keep(&item);
        }
        state.frames = state.frames.saturating_add(1);
        let waiting = state.push(item);
        drop(state);
        self.metrics.frames.inc();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// What was wrong is over.
    pub(super) fn is_well(&self) {
        self.state().recover();
    }

    /// Tells subscribers, and those to come until it is over, what is wrong: once as long as it is the same, which is
    /// whether it was told now.
    pub(super) fn tell(&self, trouble: &str, and_then: &str) -> bool {
        let mut state = self.state();
        if state.end.is_some() || state.last_error.as_deref() == Some(trouble) {
            return false;
        }
        state.last_error = Some(trouble.to_owned());
        let schema = state.schemas.of_data();
        let text = format!("{trouble}{and_then}");
        let frame = notice::alone(schema, Severity::Error, text);
        let item = state.notice(Arc::new(self.message(Content::frame(frame))));
        state.retained.keep_trouble(&item);
        let waiting = state.push(item);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        true
    }

    /// Whether a frame ever came of it.
    pub(super) fn has_given_frames(&self) -> bool {
        self.state().frames > 0
    }

    /// The next update for a seat; where there is none, `waker` is kept for when there is.
    pub(super) fn poll(&self, id: SeatId, cx: &mut Context<'_>) -> Poll<Result<Update, SubscriptionEnd>> {
        let mut state = self.state();
        if let Some(next) = state.next(id) {
            drop(state);
            return Poll::Ready(next.map(|read| self.update(read)));
        }
        let before = match state.seats.get(id) {
            Some(seat) if !seat.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) => {
                seat.waker.replace(cx.waker().clone())
            }
            _ => None,
        };
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// The next update for a seat, where there is one.
    pub(super) fn try_next(&self, id: SeatId) -> Option<Result<Update, SubscriptionEnd>> {
        let next = self.state().next(id)?;
        Some(next.map(|read| self.update(read)))
    }

    /// Outside the lock, because a frame after a gap is made anew.
    fn update(&self, Read { item, starts_schema, dropped }: Read) -> Update {
        if dropped > 0 {
            self.metrics.dropped.inc_by(dropped);
        }
        Update::new(item.message, starts_schema, dropped)
    }

    /// Ends one subscription at once.
    pub(super) fn end_one(&self, id: SeatId, end: SubscriptionEnd) {
        let mut state = self.state();
        let Some(seat) = state.seats.get(id).filter(|seat| seat.end.is_none()) else { return };
        seat.end = Some(end);
        // It reads nothing any more.
        seat.free_backlog();
        let (place, waker) = (seat.place, seat.waker.take());
        state.readers = state.readers.saturating_sub(1);
        state.log.leave(place);
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Ends it for all, once they have read what there is.
    pub(super) fn end(&self, end: SubscriptionEnd) {
        let mut state = self.state();
        if state.end.is_some() {
            return;
        }
        state.end = Some(end);
        // Nobody comes any more whom it could be shown to.
        state.retained.forget();
        let waiting = state.seats.take_wakers();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        // Who waits to be let in reads the end.
        self.open();
        self.changed.notify_one();
    }

    /// Lets subscribers in.
    pub(super) fn open(&self) {
        self.start.send_if_modified(|start| {
            let awaited = matches!(start, Start::Awaited);
            if awaited {
                *start = Start::Open;
            }
            awaited
        });
    }

    /// Turns away those who wait to be let in, where they were not let in before.
    pub(super) fn refuse(&self, error: LiveError) {
        self.start.send_if_modified(|start| {
            let awaited = matches!(start, Start::Awaited);
            if awaited {
                *start = Start::Failed(error);
            }
            awaited
        });
    }

    /// Whether subscribers wait for the first run.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(*self.start.borrow(), Start::Awaited)
    }

    /// Waits to be let in.
    pub(super) async fn admitted(&self) -> Result<(), LiveError> {
        let mut start = self.start.subscribe();
        let start = start.wait_for(|start| !matches!(start, Start::Awaited)).await;
        match start.as_deref() {
            Ok(Start::Failed(error)) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Waits until there is no reason to feed it. For one task at a time.
    pub(super) async fn over(&self, linger: Duration) -> Over {
        loop {
            let (ended, idle_since) = {
                let state = self.state();
                (state.end.is_some(), state.idle_since)
            };
            match (ended, idle_since) {
                (true, _) => return Over::Ended,
                (false, None) => self.changed.notified().await,
                (false, Some(since)) => match since.checked_add(linger) {
                    // It is fed for good.
                    None => self.changed.notified().await,
                    Some(until) => tokio::select! {
                        () = self.changed.notified() => {}
                        () = tokio::time::sleep_until(until) => return Over::Unheard,
                    },
                },
            }
        }
    }

    /// Has whoever feeds it look at the settings.
    pub(super) fn look_at_settings(&self) {
        self.settings.notify_one();
    }

    /// Waits for [`look_at_settings`](Self::look_at_settings). For one task at a time.
    pub(super) async fn settings_touched(&self) {
        self.settings.notified().await;
    }

    pub(super) fn status(&self) -> ChannelStatus {
        let state = self.state();
        ChannelStatus {
            channel: (*self.channel).clone(),
            data: self.data.clone(),
            subscribers: state.seats.len(),
            frames: state.frames,
            last_error: state.last_error.clone(),
        }
    }
}

/// What a subscriber gets next.
struct Read {
    item: Item,
    starts_schema: bool,
    dropped: u64,
}

impl State {
    fn item(&mut self, message: Arc<Message>) -> Item {
        let schema = message.frame().map_or(0, |frame| self.schemas.data(frame.schema(), &message.charge));
        Item { message, schema }
    }

    fn notice(&mut self, message: Arc<Message>) -> Item {
        let schema = message.frame().map_or(0, |frame| self.schemas.notice(frame.schema(), &message.charge));
        Item { message, schema }
    }

    fn recover(&mut self) {
        self.last_error = None;
        self.retained.forget_trouble();
    }

    #[must_use]
    fn push(&mut self, item: Item) -> Vec<Waker> {
        let first = self.log.first();
        self.log.push(item, self.readers);
        if self.log.first() > first {
            self.seats.overtaken(self.log.first());
        }
        self.seats.take_wakers()
    }

    fn next(&mut self, id: SeatId) -> Option<Result<Read, SubscriptionEnd>> {
        let Self { seats, log, end, .. } = self;
        let Some(seat) = seats.get(id) else { return Some(Err(SubscriptionEnd::ShutDown)) };
        if let Some(end) = &seat.end {
            return Some(Err(end.clone()));
        }
        let read = match seat.backlog.pop_front() {
            Some(item) => Some((item, 0)),
            None => {
                seat.free_backlog();
                log.read(&mut seat.place)
            }
        };
        match read {
            Some((item, dropped)) => Some(Ok(seat.reads(item, dropped))),
            None => end.clone().map(Err),
        }
    }
}

impl Seat {
    fn reads(&mut self, item: Item, dropped: u64) -> Read {
        self.dropped = self.dropped.saturating_add(dropped);
        if item.schema == 0 {
            // The next frame says what was dropped, and begins its schema anew.
            return Read { item, starts_schema: false, dropped: 0 };
        }
        let dropped = std::mem::take(&mut self.dropped);
        let starts_schema = dropped > 0 || self.schema != item.schema;
        // A frame with a notice has a schema of its own.
        self.schema = if dropped > 0 { 0 } else { item.schema };
        Read { item, starts_schema, dropped }
    }
}
