//! The channels of one connection, each with its turn.

use std::task::{Context, Poll};
use wellhead::{Subscription, SubscriptionEnd, Update};

/// Updates of one channel in a row, so that looking through many quiet ones is paid for once in a while.
const IN_A_ROW: usize = 16;

/// What comes from a channel.
pub(super) enum News {
    Update(Update),
    /// It gives no more, and is left.
    End(String, SubscriptionEnd),
}

/// The subscriptions there are. Each wakes the connection's one task, which looks at them all: with as many as a connection
/// may have that costs microseconds.
#[derive(Default)]
pub(super) struct Channels {
    joined: Vec<(String, Subscription)>,
    /// Whose turn it is.
    turn: usize,
    /// How many updates in a row it has given.
    in_a_row: usize,
}

impl Channels {
    pub(super) fn count(&self) -> usize {
        self.joined.len()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.joined.iter().any(|(joined, _)| joined == name)
    }

    /// The name is the client's own for the channel.
    pub(super) fn join(&mut self, name: String, subscription: Subscription) {
        self.joined.push((name, subscription));
    }

    pub(super) fn leave(&mut self, name: &str) {
        self.joined.retain(|(joined, _)| joined != name);
        // Others keep the room of many channels no longer than those are there.
        self.joined.shrink_to(self.joined.len().saturating_mul(2));
    }

    /// The next from any channel that has something, in turns.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        for _ in 0..self.joined.len() {
            if self.turn >= self.joined.len() {
                self.turn = 0;
            }
            let Some((_, subscription)) = self.joined.get_mut(self.turn) else { break };
            match subscription.poll_next(cx) {
                Poll::Ready(Ok(update)) => {
                    self.in_a_row = self.in_a_row.saturating_add(1);
                    if self.in_a_row >= IN_A_ROW {
                        self.pass();
                    }
                    return Poll::Ready(News::Update(update));
                }
                Poll::Ready(Err(end)) => {
                    let (name, _) = self.joined.remove(self.turn);
                    self.in_a_row = 0;
                    return Poll::Ready(News::End(name, end));
                }
                Poll::Pending => self.pass(),
            }
        }
        Poll::Pending
    }

    fn pass(&mut self) {
        self.turn = self.turn.saturating_add(1);
        self.in_a_row = 0;
    }
}
