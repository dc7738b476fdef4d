//! Who may hold a connection: permits, given in the order they were asked for. A waiter that is dropped, before or after
//! its permit came, leaves nothing behind.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// So many permits, and a queue for them.
#[derive(Debug)]
pub(super) struct Permits {
    total: usize,
    free: Cell<usize>,
    max_waiting: usize,
    queue: RefCell<VecDeque<Rc<Waiter>>>,
    closed: Cell<bool>,
}

#[derive(Debug, Default)]
struct Waiter {
    state: Cell<State>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Waiting,
    /// The permit is the waiter's, which has not noticed yet.
    Granted,
    Closed,
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// As many wait as may.
    QueueFull,
    /// There will be none any more.
    Closed,
}

impl Permits {
    pub(super) fn new(total: usize, max_waiting: usize) -> Rc<Self> {
        let (free, queue, closed) = (Cell::new(total), RefCell::default(), Cell::new(false));
        Rc::new(Self { total, free, max_waiting, queue, closed })
    }

    /// Permits that are given out.
    pub(super) fn held(&self) -> usize {
        self.total - self.free.get()
    }

    /// True once nobody gets any.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Who wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.borrow().len()
    }

    /// A permit, if one is free and nobody waits for it.
    pub(super) fn try_acquire(self: &Rc<Self>) -> Option<Permit> {
        let free = self.free.get();
        if self.closed.get() || free == 0 {
            return None;
        }
        self.free.set(free - 1);
        Some(Permit(self.clone()))
    }

    /// A permit, in its turn.
    pub(super) fn acquire(self: &Rc<Self>) -> Acquire {
        Acquire { permits: self.clone(), waiter: None }
    }

    /// Refuses everybody from now on.
    pub(super) fn close(&self) {
        self.closed.set(true);
        for waiter in self.queue.take() {
            waiter.notify(State::Closed);
        }
    }

    /// To whoever waits longest; free permits and waiters are never there at once.
    fn release(&self) {
        let next = self.queue.borrow_mut().pop_front();
        match next {
            Some(waiter) => waiter.notify(State::Granted),
            None => self.free.set(self.free.get() + 1),
        }
    }
}

impl Waiter {
    fn notify(&self, state: State) {
        self.state.set(state);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// The right to hold a connection; goes to the next in the queue when it is dropped.
#[derive(Debug)]
pub(super) struct Permit(Rc<Permits>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Waits for a permit.
#[derive(Debug)]
pub(super) struct Acquire {
    permits: Rc<Permits>,
    waiter: Option<Rc<Waiter>>,
}

impl Future for Acquire {
    type Output = Result<Permit, Refused>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(waiter) = &self.waiter else {
            if self.permits.closed.get() {
                return Poll::Ready(Err(Refused::Closed));
            }
            if let Some(permit) = self.permits.try_acquire() {
                return Poll::Ready(Ok(permit));
            }
            if self.permits.waiting() >= self.permits.max_waiting {
                return Poll::Ready(Err(Refused::QueueFull));
            }
            let waiter = Rc::new(Waiter { waker: RefCell::new(Some(cx.waker().clone())), ..Waiter::default() });
            self.permits.queue.borrow_mut().push_back(waiter.clone());
            self.waiter = Some(waiter);
            return Poll::Pending;
        };
        match waiter.state.get() {
            State::Waiting => {
                *waiter.waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
            State::Granted => {
                self.waiter = None;
                Poll::Ready(Ok(Permit(self.permits.clone())))
            }
            State::Closed => {
                self.waiter = None;
                Poll::Ready(Err(Refused::Closed))
            }
        }
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter.take() else { return };
        match waiter.state.get() {
            State::Waiting => self.permits.queue.borrow_mut().retain(|other| !Rc::ptr_eq(other, &waiter)),
            State::Granted => self.permits.release(),
            State::Closed => {}
        }
    }
}
