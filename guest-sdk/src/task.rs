//! Waiting: for time, for several things at once, for whichever comes first. All of it cooperative; nothing here blocks,
//! because a blocked guest blocks every call of its data source.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use wellhead_frame::Timestamp;

pub use futures::future::{Either, join, join3, join4, select, try_join, try_join3};

use crate::{Error, ErrorSource, imports};

/// Waits.
pub async fn sleep(how_long: Duration) {
    imports::sleep(how_long).await;
}

/// Lets other calls of the instance run. Call it in long computations, every millisecond or so.
pub async fn yield_now() {
    imports::yield_now().await;
}

/// The time of day, UTC.
pub fn now() -> Timestamp {
    imports::now()
}

/// A reading of a clock that never goes back; only differences mean anything.
pub fn monotonic() -> Duration {
    imports::monotonic()
}

/// Runs a future beside this call; it may outlive the call and is not cancelled with it. It ends when the instance
/// does, and moves only while the host runs the instance, which it does as long as there is something to do.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    imports::spawn(future);
}

/// Waits for `future` for so long; then drops it and fails with status 504, downstream's fault.
pub async fn timeout<T>(limit: Duration, future: impl Future<Output = T>) -> Result<T, Error> {
    match select(pin!(future), pin!(sleep(limit))).await {
        Either::Left((value, _)) => Ok(value),
        Either::Right(_) => {
            Err(Error::new(504, ErrorSource::Downstream, format_args!("no answer within {} ms", limit.as_millis())))
        }
    }
}

/// Runs futures side by side, at most `at_once` of them, and returns their values in the order they were given.
pub async fn join_all<T>(at_once: usize, futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    stream::iter(futures).buffered(at_once.max(1)).collect().await
}

/// As [`join_all`]; the first failure drops what is left and is the result.
pub async fn try_join_all<T, E>(
    at_once: usize,
    futures: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
) -> Result<Vec<T>, E> {
    let mut results = pin!(stream::iter(futures).buffered(at_once.max(1)));
    let mut values = Vec::new();
    while let Some(result) = results.next().await {
        values.push(result?);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;
    use std::cell::Cell;

    #[test]
    fn join_all_keeps_the_order_and_the_bound() {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let work = (0..10).map(|n| {
            let (running, most) = (&running, &most);
            async move {
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                for _ in 0..(10 - n) {
                    yield_now().await;
                }
                running.set(running.get() - 1);
                n
            }
        });
        assert_eq!(block_on(join_all(3, work)), (0..10).collect::<Vec<_>>());
        assert_eq!(most.get(), 3);
    }

    #[test]
    fn the_first_failure_drops_the_rest() {
        let done = Cell::new(0);
        let work = (0..4).map(|n| {
            let done = &done;
            async move {
                for _ in 0..n {
                    yield_now().await;
                }
                done.set(done.get() + 1);
                if n == 1 { Err("one") } else { Ok(n) }
            }
        });
        assert_eq!(block_on(try_join_all(4, work)), Err("one"));
        assert!(done.get() <= 2, "{}", done.get());
    }

    #[test]
    fn a_timeout_is_downstreams_504_and_drops_the_future() {
        let error = block_on(timeout(Duration::from_millis(1), std::future::pending::<()>())).unwrap_err();
        assert_eq!((error.status(), error.error_source()), (504, ErrorSource::Downstream));
        assert_eq!(block_on(timeout(Duration::from_secs(60), async { 7 })), Ok(7));
    }
}
