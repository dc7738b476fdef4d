//! The updates of a channel that somebody has yet to read: one queue, in which every subscriber is a place.
//!
//! An update goes when all have read it, or when too much waits: whoever had not read it skips ahead. Not tokio's
//! broadcast channel, which bounds neither bytes nor what waits for nobody.

use super::charge::{Account, Budget};
use super::message::Message;
use std::collections::VecDeque;
use std::sync::Arc;

/// An update with the number of its schema; 0 for what has none.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) message: Arc<Message>,
    pub(super) schema: u64,
}

struct Entry {
    item: Item,
    /// Subscribers who have yet to read it. Grows along the queue.
    readers: usize,
}

pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// The place of the first entry.
    first: u64,
    held: Arc<Account>,
    budget: Budget,
    max_entries: usize,
    max_bytes: usize,
}

impl Log {
    pub(super) fn new(max_entries: usize, max_bytes: usize, budget: Budget) -> Self {
        let (entries, held) = (VecDeque::new(), Arc::default());
        Self { entries, first: 0, held, budget, max_entries: max_entries.max(1), max_bytes }
    }

    /// The place of the oldest update that waits: whoever is at one before it was too slow.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The place of the update that comes next.
    pub(super) fn next(&self) -> u64 {
        self.first.saturating_add(self.entries.len() as u64)
    }

    /// Adds an update that so many have to read: all there are.
    pub(super) fn push(&mut self, item: Item, readers: usize) {
        if readers == 0 {
            return;
        }
        item.message.charge.enter(&self.held);
        self.entries.push_back(Entry { item, readers });
        // The newest stays, whatever it weighs: one frame's size has its own limit.
        while self.entries.len() > 1 && self.is_too_much() {
            self.pop();
        }
    }

    fn is_too_much(&self) -> bool {
        let short_of_memory = || self.held.exceeds(SHARE) && self.budget.is_exceeded();
        self.entries.len() > self.max_entries || self.held.exceeds(self.max_bytes) || short_of_memory()
    }

    /// What is at a subscriber's place, which moves on; and how many it was too slow for.
    ///
    /// One that fell off the end skips half of what waits, not only what is gone: else a subscriber who is always too slow
    /// would miss some before every update it reads, and each of those has to be made for it alone.
    pub(super) fn read(&mut self, place: &mut u64) -> Option<(Item, u64)> {
        let mut dropped = self.first.saturating_sub(*place);
        if dropped > 0 {
            let half = self.entries.len() / 2;
            self.entries.iter_mut().take(half).for_each(Entry::read);
            *place = self.first.saturating_add(half as u64);
            dropped = dropped.saturating_add(half as u64);
        }
        let index = usize::try_from(place.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let entry = self.entries.get_mut(index)?;
        entry.read();
        *place = place.saturating_add(1);
        let item = entry.item.clone();
        self.let_go();
        Some((item, dropped))
    }

    /// A subscriber at this place reads no more.
    pub(super) fn leave(&mut self, place: u64) {
        let read = usize::try_from(place.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.entries.iter_mut().skip(read).for_each(Entry::read);
        self.let_go();
    }

    fn let_go(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.readers == 0) {
            self.pop();
        }
        if self.entries.is_empty() && self.entries.capacity() > ROOM_KEPT {
            self.entries = VecDeque::new();
        }
    }

    fn pop(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            entry.item.message.charge.leave();
            self.first = self.first.saturating_add(1);
        }
    }
}

/// Bytes that may wait in any channel, however much the others have.
const SHARE: usize = 1 << 20;
/// Entries whose room an empty log keeps.
const ROOM_KEPT: usize = 64;

impl Entry {
    fn read(&mut self) {
        self.readers = self.readers.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Content;
    use super::*;
    use prometheus_client::metrics::gauge::Gauge;

    fn item(bytes: usize) -> Item {
        charged(bytes, &boundless())
    }

    fn charged(bytes: usize, budget: &Budget) -> Item {
        let channel = Arc::new("1/stream/a/b".parse().unwrap());
        let content = Content::Json(vec![b'1'; bytes].into());
        Item { message: Arc::new(Message::new(channel, content, 1 << 20, Arc::default(), budget)), schema: 0 }
    }

    fn boundless() -> Budget {
        Budget::new(Gauge::default(), usize::MAX)
    }

    fn log(max_entries: usize, max_bytes: usize, pushed: &[Item], readers: usize) -> Log {
        let mut log = Log::new(max_entries, max_bytes, boundless());
        pushed.iter().for_each(|item| log.push(item.clone(), readers));
        log
    }

    /// Which of `of` it is.
    fn which(of: &[Item], (item, dropped): (Item, u64)) -> (usize, u64) {
        (of.iter().position(|one| Arc::ptr_eq(&one.message, &item.message)).unwrap(), dropped)
    }

    #[test]
    fn what_all_have_read_is_let_go_and_what_one_has_not_stays() {
        let items = [item(1), item(1), item(1)];
        let mut log = log(9, 1 << 20, &items, 2);
        let (mut fast, mut slow) = (0, 0);
        let read = std::iter::from_fn(|| log.read(&mut fast)).map(|read| which(&items, read)).collect::<Vec<_>>();
        assert_eq!(read, [(0, 0), (1, 0), (2, 0)]);
        assert_eq!((log.entries.len(), Arc::strong_count(&items[0].message)), (3, 2));
        assert_eq!(which(&items, log.read(&mut slow).unwrap()), (0, 0));
        assert_eq!((log.entries.len(), Arc::strong_count(&items[0].message)), (2, 1));
        log.leave(slow);
        assert_eq!((log.entries.len(), log.held.exceeds(0), log.next()), (0, false, 3));
    }

    #[test]
    fn one_that_is_too_slow_skips_half_of_what_waits_and_is_told_how_many() {
        let items: Vec<_> = (0..10).map(|_| item(1)).collect();
        let mut log = log(4, 1 << 20, &items, 1);
        let mut place = 0;
        let read: Vec<_> = std::iter::from_fn(|| log.read(&mut place)).map(|read| which(&items, read)).collect();
        assert_eq!(read, [(8, 8), (9, 0)]);
        assert!(log.entries.is_empty());
    }

    #[test]
    fn bytes_bound_it_as_numbers_do_and_the_newest_stays_whatever_it_weighs() {
        let items = [item(5_000), item(5_000), item(50_000)];
        let log = log(9, 12_000, &items, 1);
        assert_eq!((log.entries.len(), log.first), (1, 2));
        let items = [item(5_000), item(5_000)];
        let mut log = self::log(9, 14_000, &items, 1);
        assert_eq!(log.entries.len(), 2);
        items[0].message.wire(super::super::Wire::WebSocket, false, |_, json| [json, json].concat());
        log.push(item(1), 1);
        assert_eq!(log.entries.len(), 2, "what is made of an update counts");
    }

    #[test]
    fn what_nobody_listens_to_is_not_kept() {
        let mut log = log(4, 1 << 20, &[], 0);
        log.push(item(1), 0);
        assert_eq!((log.next(), log.entries.len()), (0, 0));
    }

    #[test]
    fn a_log_has_its_share_where_others_hold_too_much() {
        let held = Gauge::default();
        let budget = Budget::new(held.clone(), 3_000_000);
        let [mut greedy, mut other] = [(); 2].map(|()| Log::new(9, 1 << 30, budget.clone()));
        let push = |log: &mut Log| log.push(charged(900_000, &budget), 1);
        (0..3).for_each(|_| push(&mut greedy));
        (0..3).for_each(|_| push(&mut other));
        assert_eq!((greedy.entries.len(), other.entries.len()), (3, 1));
        push(&mut greedy);
        assert_eq!((greedy.entries.len(), other.entries.len()), (2, 1), "until there is room again");
        drop((greedy, other));
        assert_eq!(held.get(), 0);
    }
}
