//! The subscribers of a channel: where each is, and whom to wake.

use super::SubscriptionEnd;
use super::log::Item;
use std::collections::VecDeque;
use std::task::Waker;

/// Which subscriber. The number is never given twice, though the place in the table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SeatId {
    index: usize,
    number: u64,
}

/// What a subscriber has read, and what it waits for.
pub(super) struct Seat {
    number: u64,
    /// What the channel had before it came.
    pub(super) backlog: VecDeque<Item>,
    /// Its place in the log.
    pub(super) place: u64,
    /// The last schema it was told; 0 for none.
    pub(super) schema: u64,
    /// Updates it missed and was not told of yet.
    pub(super) dropped: u64,
    /// Why it alone gets no more.
    pub(super) end: Option<SubscriptionEnd>,
    pub(super) waker: Option<Waker>,
}

impl Seat {
    pub(super) fn free_backlog(&mut self) {
        if self.backlog.capacity() > 0 {
            self.backlog = VecDeque::new();
        }
    }
}

#[derive(Default)]
pub(super) struct Seats {
    seats: Vec<Option<Seat>>,
    free: Vec<usize>,
    taken: usize,
    numbers: u64,
}

impl Seats {
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    pub(super) fn take(&mut self, place: u64, backlog: VecDeque<Item>) -> SeatId {
        self.numbers = self.numbers.wrapping_add(1);
        let number = self.numbers;
        let seat = Seat { number, backlog, place, schema: 0, dropped: 0, end: None, waker: None };
        self.taken += 1;
        let free = self.free.pop().and_then(|index| Some((index, self.seats.get_mut(index)?)));
        let index = match free {
            Some((index, place)) => {
                *place = Some(seat);
                index
            }
            None => {
                self.seats.push(Some(seat));
                self.seats.len() - 1
            }
        };
        SeatId { index, number }
    }

    pub(super) fn get(&mut self, id: SeatId) -> Option<&mut Seat> {
        self.seats.get_mut(id.index)?.as_mut().filter(|seat| seat.number == id.number)
    }

    pub(super) fn give_back(&mut self, id: SeatId) -> Option<Seat> {
        self.get(id)?;
        let seat = self.seats.get_mut(id.index)?.take()?;
        self.taken -= 1;
        if self.taken == 0 {
            // The room that a crowd took is given back when it is gone.
            (self.seats, self.free) = (Vec::new(), Vec::new());
        } else {
            self.free.push(id.index);
        }
        Some(seat)
    }

    /// Those who have not begun to read what the log had for them from this place on, when that is gone, have no use for
    /// what was there before either: else what is kept for slow ones would have no bound.
    pub(super) fn overtaken(&mut self, first: u64) {
        let behind = self.seats.iter_mut().flatten().filter(|seat| seat.place < first && !seat.backlog.is_empty());
        for seat in behind {
            seat.dropped = seat.dropped.saturating_add(seat.backlog.len() as u64);
            seat.free_backlog();
        }
    }

    /// Those who wait, to be woken without the lock.
    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        self.seats.iter_mut().flatten().filter_map(|seat| seat.waker.take()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_taken_again_is_another_one() {
        let mut seats = Seats::default();
        let (first, stays) = (seats.take(0, VecDeque::new()), seats.take(0, VecDeque::new()));
        assert!(seats.give_back(first).is_some());
        let second = seats.take(7, VecDeque::new());
        assert_eq!((first.index, seats.len()), (second.index, 2));
        assert!(seats.get(first).is_none() && seats.give_back(first).is_none());
        assert_eq!(seats.get(second).map(|seat| seat.place), Some(7));
        for id in [second, stays] {
            assert!(seats.give_back(id).is_some());
        }
        assert_eq!((seats.len(), seats.seats.capacity()), (0, 0));
    }
}
