//! A connection that is in use, and goes back when it is dropped.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::time::Duration;

use super::permits::Permit;
use super::{Inner, Manager};

/// A connection from a pool. Dropped, it goes back, or is closed where it is broken, busy or too old.
pub struct Pooled<M: Manager> {
    connection: ManuallyDrop<M::Connection>,
    sound: bool,
    opened: Duration,
    pool: Rc<Inner<M>>,
    permit: ManuallyDrop<Permit>,
}

impl<M: Manager> Pooled<M> {
    pub(super) fn new(pool: Rc<Inner<M>>, connection: M::Connection, opened: Duration, permit: Permit) -> Self {
        let (connection, permit) = (ManuallyDrop::new(connection), ManuallyDrop::new(permit));
        Self { connection, sound: true, opened, pool, permit }
    }

    /// From here on the connection is in the middle of something: dropped now, it is closed. To be said before a request
    /// is sent, because a call may be dropped at any await.
    pub fn mark_busy(&mut self) {
        self.sound = false;
    }

    /// The answer is read to its end: the next call may have the connection.
    pub fn mark_ready(&mut self) {
        self.sound = true;
    }
}

impl<M: Manager> fmt::Debug for Pooled<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled").field("sound", &self.sound).finish_non_exhaustive()
    }
}

impl<M: Manager> Deref for Pooled<M> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        &self.connection
    }
}

impl<M: Manager> DerefMut for Pooled<M> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        &mut self.connection
    }
}

impl<M: Manager> Drop for Pooled<M> {
    fn drop(&mut self) {
        // SAFETY: they are taken here only, and nothing reads them afterwards: a value is dropped once.
        let (connection, permit) =
            unsafe { (ManuallyDrop::take(&mut self.connection), ManuallyDrop::take(&mut self.permit)) };
        self.pool.give_back(connection, self.opened, self.sound, permit);
        self.pool.export();
    }
}
