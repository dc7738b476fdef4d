//! A connection pool for any driver. It promises: never more connections than the maximum; connections go to calls in the
//! order they asked; a call that is dropped at any await loses neither its place to somebody else nor a connection.
//!
//! Written here and not taken from bb8 or deadpool: those want a runtime with timers and `Send` connections, and a guest
//! has one thread, the SDK's clock and no runtime; without them little is left of a pool but this.
//!
//! How a connection is made, checked and closed is the [`Manager`]'s; what goes over it is left to the driver.

mod config;
mod guard;
mod permits;
mod stats;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use wellhead_sdk::{Error, ErrorSource, task};

use permits::{Permit, Permits, Refused};
use stats::{Counts, Why};

pub use config::PoolConfig;
pub use guard::Pooled;
pub use stats::PoolStats;

/// What the server may take to take leave.
const GOODBYE: Duration = Duration::from_secs(2);
/// What it may take to say that it is still there. A way that was lost tells nobody: without this a call would wait for as
/// long as it may.
const CHECK: Duration = Duration::from_secs(5);

/// Makes, checks and closes connections of one kind.
pub trait Manager: 'static {
    /// A connection. Dropping it must close it.
    type Connection: 'static;

    /// Opens one, logged in and ready.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Error>>;

    /// Says whether one that was idle still answers, best by a round trip.
    fn check(&self, connection: &mut Self::Connection) -> impl Future<Output = Result<(), Error>>;

    /// True for one that is known to be of no more use: closed, out of step, in a transaction.
    fn is_broken(&self, connection: &Self::Connection) -> bool;

    /// Takes leave of the server; the connection is dropped in any case.
    fn close(&self, connection: Self::Connection) -> impl Future<Output = ()> {
        async { drop(connection) }
    }

    /// Drops one that is of no more use, in the middle of something perhaps, and waits until the server has let go of it,
    /// as far as that can be known: only then another may take its place. It may take as long as [`PoolConfig::abandon`].
    fn abandon(connection: Self::Connection) -> impl Future<Output = ()> + 'static {
        async { drop(connection) }
    }
}

/// A pool. Clones are the same pool.
///
/// ```
/// use wellhead_sdk::{Error, testing::block_on};
/// use wellhead_sql::pool::{Manager, Pool, PoolConfig};
///
/// struct Echo;
/// impl Manager for Echo {
///     type Connection = String;
///     async fn connect(&self) -> Result<String, Error> { Ok("hello".to_owned()) }
///     async fn check(&self, _: &mut String) -> Result<(), Error> { Ok(()) }
///     fn is_broken(&self, _: &String) -> bool { false }
/// }
///
/// let pool = Pool::new(Echo, PoolConfig::default());
/// # block_on(async {
/// let mut connection = pool.acquire().await?;
/// // Until the whole answer is read, a call that is dropped leaves a connection nobody else can use.
/// connection.mark_busy();
/// connection.push('!');
/// connection.mark_ready();
/// drop(connection);
/// assert_eq!(*pool.acquire().await?, "hello!");
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
pub struct Pool<M: Manager>(Rc<Inner<M>>);

impl<M: Manager> Clone for Pool<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// What it holds: connections may know secrets.
impl<M: Manager> fmt::Debug for Pool<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.stats()).finish()
    }
}

struct Inner<M: Manager> {
    manager: M,
    config: PoolConfig,
    permits: Rc<Permits>,
    /// Those used last are at the back, and are given out first, so that the others may age.
    idle: RefCell<VecDeque<Idle<M::Connection>>>,
    counts: Counts,
    /// Begun with the first call: before it there is nothing to look after, and no runtime to do it.
    is_kept_up: Cell<bool>,
}

struct Idle<C> {
    connection: C,
    opened: Duration,
    since: Duration,
}

impl<M: Manager> Pool<M> {
    /// A pool without connections.
    pub fn new(manager: M, config: PoolConfig) -> Self {
        let permits = Permits::new(config.max_open.max(1), config.max_waiting);
        let (idle, counts, is_kept_up) = (RefCell::default(), Counts::default(), Cell::new(false));
        Self(Rc::new(Inner { manager, config, permits, idle, counts, is_kept_up }))
    }

    /// A connection that answers: an idle one, or a new one, or the next that is given back.
    ///
    /// # Errors
    /// The manager's, where connecting fails; 503 where too many wait already or the pool is closed; 504 where none came
    /// free in time.
    pub async fn acquire(&self) -> Result<Pooled<M>, Error> {
        let inner = &self.0;
        if !inner.is_kept_up.replace(true) {
            task::spawn(self.keep_up());
        }
        // Dropped last: whatever comes of this call, being given up too, the host is told what the pool holds then.
        let _tell = Tell(inner);
        // Dropped after the connection: the next one may connect only then.
        let permit = self.permit().await?;
        loop {
            let Some(mut idle) = self.pop_idle() else { break };
            let now = task::monotonic();
            if inner.is_worn(&idle, now) {
                self.say_goodbye(idle.connection, Why::Worn).await;
                continue;
            }
            let checked = now.saturating_sub(idle.since) < inner.config.check_after
                || matches!(task::timeout(CHECK, inner.manager.check(&mut idle.connection)).await, Ok(Ok(())));
            if checked && !inner.manager.is_broken(&idle.connection) {
                return Ok(Pooled::new(self.0.clone(), idle.connection, idle.opened, permit));
            }
            inner.counts.discarded(Why::Broken);
        }
        let connection = self.connect().await?;
        Ok(Pooled::new(self.0.clone(), connection, task::monotonic(), permit))
    }

    /// What the pool holds now.
    pub fn stats(&self) -> PoolStats {
        self.0.stats()
    }

    /// Closes idle connections that are too old, then opens as many as should be idle; done now and then from the first
    /// call on. A failure to connect is left for the next call to find.
    pub async fn refresh(&self) {
        let now = task::monotonic();
        // Under a permit, so that what is being closed counts as open.
        while let Some(permit) = self.0.permits.try_acquire() {
            let worn = {
                let mut idle = self.0.idle.borrow_mut();
                let place = idle.iter().position(|idle| self.0.is_worn(idle, now));
                place.and_then(|place| idle.remove(place))
            };
            let Some(worn) = worn else { break };
            self.say_goodbye(worn.connection, Why::Worn).await;
            drop(permit);
        }
        // As many tries as there should be idle ones: a server that hangs up at once must not keep this going.
        let wanted = self.0.config.min_idle.min(self.0.config.max_idle);
        for _ in 0..wanted {
            let stats = self.stats();
            if stats.idle >= wanted || stats.idle + stats.in_use >= self.0.config.max_open {
                break;
            }
            let Some(permit) = self.0.permits.try_acquire() else { break };
            let Ok(connection) = self.connect().await else { break };
            drop(Pooled::new(self.0.clone(), connection, task::monotonic(), permit));
        }
        self.0.export();
    }

    /// Calls [`refresh`](Self::refresh) now and then, until the last clone of the pool is gone.
    fn keep_up(&self) -> impl Future<Output = ()> + 'static {
        let pool = Rc::downgrade(&self.0);
        let config = &self.0.config;
        let shortest = config.idle_time.into_iter().chain(config.life_time).min().unwrap_or(Duration::from_secs(60));
        let pause = (shortest / 2).clamp(Duration::from_secs(1), Duration::from_secs(60));
        async move {
            loop {
                let Some(inner) = pool.upgrade() else { return };
                Self(inner).refresh().await;
                task::sleep(pause).await;
            }
        }
    }

    /// Refuses all calls from now on, those that wait, too, and closes what is idle. Connections in use are closed when
    /// they are given back.
    pub async fn close(&self) {
        self.0.permits.close();
        while let Some(idle) = self.pop_idle() {
            self.say_goodbye(idle.connection, Why::Worn).await;
        }
        self.0.export();
    }

    async fn permit(&self) -> Result<Permit, Error> {
        let inner = &self.0;
        if let Some(permit) = inner.permits.try_acquire() {
            return Ok(permit);
        }
        let started = task::monotonic();
        let waiting = async {
            let mut waiting = pin!(inner.permits.acquire());
            // The first look takes the place in the queue, and others should see it there.
            let first = poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx))).await;
            inner.export();
            match first {
                Poll::Ready(permit) => permit,
                Poll::Pending => waiting.await,
            }
        };
        let permit = match inner.config.wait {
            Some(limit) => task::timeout(limit, waiting).await.map_err(|_| inner.waited_in_vain(limit))?,
            None => waiting.await,
        };
        inner.counts.waited(task::monotonic().saturating_sub(started));
        permit.map_err(|refused| inner.refused(refused))
    }

    async fn connect(&self) -> Result<M::Connection, Error> {
        // One that is being made counts, and making it may take a while.
        self.0.export();
        let limit = self.0.config.connect;
        let connected = match task::timeout(limit, self.0.manager.connect()).await {
            Ok(connected) => connected,
            Err(_) => Err(Error::new(
                504,
                ErrorSource::Downstream,
                format_args!("the server did not let us in within {} s (connectionTimeout)", limit.as_secs()),
            )),
        };
        self.0.counts.connected(connected.is_ok());
        connected
    }

    async fn say_goodbye(&self, connection: M::Connection, why: Why) {
        self.0.counts.discarded(why);
        // A server that does not answer is left without one.
        let _ = task::timeout(GOODBYE, self.0.manager.close(connection)).await;
    }

    fn pop_idle(&self) -> Option<Idle<M::Connection>> {
        self.0.idle.borrow_mut().pop_back()
    }
}

/// Tells the host what the pool holds, when it is dropped.
struct Tell<'a, M: Manager>(&'a Inner<M>);

impl<M: Manager> Drop for Tell<'_, M> {
    fn drop(&mut self) {
        self.0.export();
    }
}

impl<M: Manager> Inner<M> {
    fn is_worn(&self, idle: &Idle<M::Connection>, now: Duration) -> bool {
        let past =
            |since: Duration, limit: Option<Duration>| limit.is_some_and(|limit| now.saturating_sub(since) >= limit);
        past(idle.opened, self.config.life_time) || past(idle.since, self.config.idle_time)
    }

    /// Takes a connection back, or throws it away. Cannot wait, because it is called when calls are dropped: the permit of
    /// what is thrown away stays with it until the server has let go.
    fn give_back(self: &Rc<Self>, connection: M::Connection, opened: Duration, sound: bool, permit: Permit) {
        let now = task::monotonic();
        let idle = Idle { connection, opened, since: now };
        let why = match () {
            () if !sound || self.manager.is_broken(&idle.connection) => Why::Broken,
            () if self.is_worn(&idle, now) || self.permits.is_closed() => Why::Worn,
            () if self.idle.borrow().len() >= self.config.max_idle && self.permits.waiting() == 0 => Why::Surplus,
            () => {
                self.idle.borrow_mut().push_back(idle);
                return;
            }
        };
        self.counts.discarded(why);
        let pool = Rc::clone(self);
        task::spawn(async move {
            let _ = match why {
                Why::Broken => task::timeout(pool.config.abandon, M::abandon(idle.connection)).await,
                Why::Worn | Why::Surplus => task::timeout(GOODBYE, pool.manager.close(idle.connection)).await,
            };
            drop(permit);
            pool.export();
        });
    }

    fn stats(&self) -> PoolStats {
        PoolStats {
            in_use: self.permits.held(),
            idle: self.idle.borrow().len(),
            waiting: self.permits.waiting(),
            waits: self.counts.waits.get(),
            connects: self.counts.connects.get(),
            discarded: self.counts.discarded.get(),
        }
    }

    fn export(&self) {
        stats::export(self.stats());
    }

    fn refused(&self, refused: Refused) -> Error {
        let PoolConfig { max_open, max_waiting, .. } = self.config;
        match refused {
            Refused::QueueFull => Error::new(
                503,
                ErrorSource::Plugin,
                format_args!(
                    "all {max_open} connections are in use and {max_waiting} calls wait for one, which is the limit: ask less at once, or raise maxOpenConns"
                ),
            ),
            Refused::Closed => Error::new(503, ErrorSource::Plugin, "the data source is being closed"),
        }
    }

    fn waited_in_vain(&self, limit: Duration) -> Error {
        let (max_open, millis) = (self.config.max_open, limit.as_millis());
        Error::new(
            504,
            ErrorSource::Downstream,
            format_args!(
                "no connection came free within {millis} ms; at most {max_open} are open (maxOpenConns), and queries hold all of them"
            ),
        )
    }
}

#[cfg(test)]
mod tests;
