//! The pool against a server that is only counted, driven by hand: calls are polled, dropped and answered in any order.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Waker};

use proptest::prelude::*;
use wellhead_sdk::testing::block_on;

use super::*;

/// What the server sees.
#[derive(Default)]
struct Server {
    live: Cell<usize>,
    peak: Cell<usize>,
    goodbyes: Cell<usize>,
    /// How many times a connect, a check and a goodbye wait before they are done.
    slow: Cell<usize>,
    fail_connects: Cell<usize>,
    fail_checks: Cell<usize>,
    /// It does not let go of what was thrown away, and answers no check.
    is_stuck: Cell<bool>,
}

impl Server {
    async fn unstuck(&self) {
        while self.is_stuck.get() {
            task::yield_now().await;
        }
    }
}

/// A connection from the first packet on, so that one that is dropped while it is made counts, too.
struct Connection {
    server: Rc<Server>,
    number: usize,
    broken: Cell<bool>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.server.live.set(self.server.live.get() - 1);
    }
}

#[derive(Clone, Default)]
struct Fake(Rc<Server>, Rc<Cell<usize>>);

impl Fake {
    async fn wait(&self) {
        let mut left = self.0.slow.get();
        poll_fn(|cx| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    fn one_less(count: &Cell<usize>) -> bool {
        let left = count.get();
        count.set(left.saturating_sub(1));
        left > 0
    }
}

impl Manager for Fake {
    type Connection = Connection;

    async fn connect(&self) -> Result<Connection, Error> {
        let server = self.0.clone();
        server.live.set(server.live.get() + 1);
        server.peak.set(server.peak.get().max(server.live.get()));
        self.1.set(self.1.get() + 1);
        let connection = Connection { server, number: self.1.get(), broken: Cell::new(false) };
        self.wait().await;
        if Self::one_less(&self.0.fail_connects) {
            Err(Error::downstream("connection refused"))
        } else {
            Ok(connection)
        }
    }

    async fn check(&self, _: &mut Connection) -> Result<(), Error> {
        self.0.unstuck().await;
        self.wait().await;
        if Self::one_less(&self.0.fail_checks) { Err(Error::downstream("connection reset")) } else { Ok(()) }
    }

    fn is_broken(&self, connection: &Connection) -> bool {
        connection.broken.get()
    }

    async fn abandon(connection: Connection) {
        connection.server.unstuck().await;
    }

    async fn close(&self, connection: Connection) {
        self.0.goodbyes.set(self.0.goodbyes.get() + 1);
        drop(connection);
    }
}

fn config(max_open: usize) -> PoolConfig {
    PoolConfig { max_open, max_idle: max_open, wait: None, check_after: Duration::ZERO, ..PoolConfig::default() }
}

fn pool(config: PoolConfig) -> (Pool<Fake>, Rc<Server>) {
    let fake = Fake::default();
    let server = fake.0.clone();
    let pool = Pool::new(fake, config);
    // What is done now and then would come between the steps.
    pool.0.is_kept_up.set(true);
    (pool, server)
}

type Call = Pin<Box<dyn Future<Output = Result<Pooled<Fake>, Error>>>>;

fn call(pool: &Pool<Fake>) -> Call {
    let pool = pool.clone();
    Box::pin(async move { pool.acquire().await })
}

fn poll(call: &mut Call) -> Poll<Result<Pooled<Fake>, Error>> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_connection_that_is_given_back_is_given_out_again() {
    let (pool, server) = pool(config(3));
    let first = block_on(pool.acquire()).unwrap().number;
    assert_eq!((first, block_on(pool.acquire()).unwrap().number), (1, 1));
    assert_eq!(server.peak.get(), 1);
    assert_eq!(pool.stats(), PoolStats { idle: 1, connects: 1, ..PoolStats::default() });
}

#[test]
fn calls_get_connections_in_the_order_they_asked() {
    let (pool, _) = pool(config(1));
    let held = block_on(pool.acquire()).unwrap();
    let mut calls: Vec<_> = (0..5).map(|_| call(&pool)).collect();
    assert!(calls.iter_mut().all(|call| poll(call).is_pending()));
    assert_eq!(pool.stats().waiting, 5);
    drop(held);
    let mut late = call(&pool);
    assert!(poll(&mut late).is_pending(), "who comes later does not go first");
    drop(calls.remove(0));
    while !calls.is_empty() {
        assert!(calls.iter_mut().skip(1).all(|call| poll(call).is_pending()));
        assert!(matches!(poll(&mut calls.remove(0)), Poll::Ready(Ok(_))));
    }
    assert!(matches!(poll(&mut late), Poll::Ready(Ok(_))));
    assert_eq!((pool.stats().waits, pool.stats().in_use), (5, 0));
}

#[test]
fn a_queue_that_is_full_and_a_wait_that_is_long_are_errors_that_say_so() {
    let (pool, _) = pool(PoolConfig { max_waiting: 1, wait: Some(Duration::from_millis(1)), ..config(1) });
    let held = block_on(pool.acquire()).unwrap();
    let mut waiting = call(&pool);
    assert!(poll(&mut waiting).is_pending());
    let full = block_on(pool.acquire()).unwrap_err();
    assert_eq!((full.status(), full.error_source()), (503, ErrorSource::Plugin));
    assert!(full.message().starts_with("all 1 connections are in use and 1 calls wait"), "{full}");
    let late = block_on(waiting).unwrap_err();
    assert_eq!((late.status(), late.error_source()), (504, ErrorSource::Downstream));
    assert!(late.message().contains("within 1 ms; at most 1 are open (maxOpenConns)"), "{late}");
    drop(held);
    assert!(block_on(pool.acquire()).is_ok());
}

#[test]
fn broken_and_busy_connections_are_not_given_out_again() {
    let (pool, server) = pool(config(2));
    block_on(pool.acquire()).unwrap().broken.set(true);
    assert_eq!(block_on(pool.acquire()).unwrap().number, 2, "broken");
    block_on(pool.acquire()).unwrap().mark_busy();
    assert_eq!(block_on(pool.acquire()).unwrap().number, 3, "busy");
    server.fail_checks.set(1);
    assert_eq!(block_on(pool.acquire()).unwrap().number, 4, "the check failed");
    let mut connection = block_on(pool.acquire()).unwrap();
    connection.mark_busy();
    connection.mark_ready();
    drop(connection);
    assert_eq!(block_on(pool.acquire()).unwrap().number, 4);
    assert_eq!((server.live.get(), pool.stats().discarded), (1, 3));
}

#[test]
fn what_is_thrown_away_keeps_its_place_until_the_server_lets_go_or_long_enough() {
    block_on(async {
        for abandon in [Duration::from_secs(60), Duration::ZERO] {
            let (pool, server) = pool(PoolConfig { abandon, ..config(1) });
            pool.acquire().await.unwrap().mark_busy();
            server.is_stuck.set(true);
            let mut next = call(&pool);
            if abandon > Duration::ZERO {
                for _ in 0..100 {
                    task::yield_now().await;
                }
                assert!(poll(&mut next).is_pending());
                assert_eq!((pool.stats().in_use, server.live.get()), (1, 1));
                server.is_stuck.set(false);
            }
            assert_eq!(next.await.unwrap().number, 2);
            assert_eq!(server.peak.get(), 1);
        }
    });
}

#[test]
fn a_server_that_lets_nobody_in_is_an_error_that_names_the_setting() {
    let (pool, server) = pool(PoolConfig { connect: Duration::from_millis(1), ..config(1) });
    server.slow.set(usize::MAX);
    let error = block_on(pool.acquire()).unwrap_err();
    assert_eq!((error.status(), error.error_source()), (504, ErrorSource::Downstream));
    assert!(error.message().contains("(connectionTimeout)"), "{error}");
    server.slow.set(0);
    assert!(block_on(pool.acquire()).is_ok());
}

#[test]
fn a_failure_to_connect_is_the_managers_and_gives_the_place_back() {
    let (pool, server) = pool(config(1));
    server.fail_connects.set(1);
    assert_eq!(block_on(pool.acquire()).unwrap_err().message(), "connection refused");
    assert!(block_on(pool.acquire()).is_ok());
}

#[test]
fn connections_that_are_too_old_or_too_many_are_closed() {
    let (pool, server) = pool(PoolConfig { life_time: Some(Duration::ZERO), ..config(2) });
    drop(block_on(pool.acquire()).unwrap());
    assert_eq!((server.live.get(), pool.stats().idle), (0, 0), "too old");

    let (pool, server) = self::pool(PoolConfig { max_idle: 1, ..config(3) });
    let held: Vec<_> = (0..3).map(|_| block_on(pool.acquire()).unwrap()).collect();
    drop(held);
    assert_eq!((server.live.get(), pool.stats().idle), (1, 1), "too many");
}

#[test]
fn refreshing_closes_what_is_idle_too_long_and_opens_what_should_be_idle() {
    let (pool, server) = pool(PoolConfig { min_idle: 2, idle_time: Some(Duration::from_nanos(1)), ..config(3) });
    block_on(pool.refresh());
    assert_eq!((pool.stats().idle, server.live.get()), (2, 2));
    let since = task::monotonic();
    while task::monotonic() <= since {}
    block_on(pool.refresh());
    assert_eq!((pool.stats().idle, server.goodbyes.get(), server.peak.get()), (2, 2, 2));
    let held: Vec<_> = (0..3).map(|_| block_on(pool.acquire()).unwrap()).collect();
    block_on(pool.refresh());
    assert_eq!((pool.stats().idle, server.live.get(), held.len()), (0, 3, 3));
}

#[test]
fn from_the_first_call_on_what_should_be_idle_is_opened() {
    let fake = Fake::default();
    let pool = Pool::new(fake, PoolConfig { min_idle: 2, ..config(3) });
    block_on(async {
        drop(pool.acquire().await.unwrap());
        for _ in 0..100 {
            task::yield_now().await;
        }
        assert_eq!(pool.stats().idle, 2);
    });
}

#[test]
fn a_pool_that_is_closed_refuses_and_closes() {
    let (pool, server) = pool(config(2));
    let (held, idle) = (block_on(pool.acquire()).unwrap(), block_on(pool.acquire()).unwrap());
    let mut waiting = call(&pool);
    assert!(poll(&mut waiting).is_pending());
    drop(waiting);
    drop(idle);
    block_on(pool.close());
    assert_eq!((server.live.get(), server.goodbyes.get()), (1, 1));
    assert_eq!(block_on(pool.acquire()).unwrap_err().message(), "the data source is being closed");
    drop(held);
    assert_eq!(server.live.get(), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Ask,
    Poll(usize),
    Drop(usize),
    GiveBack(usize, bool),
    Refresh,
    FailConnect,
    FailCheck,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Ask),
        8 => any::<usize>().prop_map(Step::Poll),
        2 => any::<usize>().prop_map(Step::Drop),
        4 => any::<(usize, bool)>().prop_map(|(which, broken)| Step::GiveBack(which, broken)),
        1 => Just(Step::Refresh),
        1 => Just(Step::FailConnect),
        1 => Just(Step::FailCheck),
    ]
}

proptest! {
    #[test]
    fn however_calls_are_dropped_the_bounds_hold_and_nobody_starves(
        steps in prop::collection::vec(step(), 0..120),
        max_open in 1..4_usize,
        max_idle in 0..4_usize,
        slow in 0..3_usize,
    ) {
        let (pool, server) = pool(PoolConfig { max_idle, min_idle: 2, max_waiting: 200, ..config(max_open) });
        server.slow.set(slow);
        let (mut calls, mut held): (Vec<Call>, Vec<Pooled<Fake>>) = (Vec::new(), Vec::new());
        let mut refreshes: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        for step in steps {
            match step {
                Step::Ask => calls.push(call(&pool)),
                Step::Poll(which) if !calls.is_empty() => {
                    let which = which % calls.len();
                    if let Poll::Ready(got) = poll(&mut calls[which]) {
                        drop(calls.remove(which));
                        held.extend(got);
                    }
                }
                Step::Drop(which) if !calls.is_empty() => drop(calls.remove(which % calls.len())),
                Step::GiveBack(which, broken) if !held.is_empty() => {
                    let connection = held.remove(which % held.len());
                    connection.broken.set(broken);
                }
                Step::Refresh => {
                    let pool = pool.clone();
                    refreshes.push(Box::pin(async move { pool.refresh().await }));
                }
                Step::FailConnect => server.fail_connects.set(1),
                Step::FailCheck => server.fail_checks.set(1),
                _ => {}
            }
            refreshes.retain_mut(|refresh| refresh.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            prop_assert!(server.live.get() <= max_open, "{} connections of {max_open}", server.live.get());
            prop_assert!(pool.stats().in_use <= max_open);
        }
        drop(refreshes);
        drop(held);
        // Everybody who asked is served within as many rounds as a call takes steps.
        for _ in 0..(calls.len() + 1) * (2 * slow + 4) {
            calls.retain_mut(|call| poll(call).is_pending());
            prop_assert!(server.live.get() <= max_open);
        }
        prop_assert!(calls.is_empty(), "{} calls starve: {:?}", calls.len(), pool.stats());
        let stats = pool.stats();
        prop_assert_eq!((stats.in_use, stats.waiting, stats.idle), (0, 0, server.live.get()));
    }
}
