//! Calls that block, made from as many threads as are of use.

use anyhow::{Result, anyhow};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use wellhead_peer::{Answer, Latencies};

/// The machine's cores: more threads that compute are of no use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

/// Makes `calls` calls from so many threads, which take the next number each; from this thread, where it is one. `call` is
/// given the numbers and gives the bytes of the frames that came. The clock starts when all threads are there.
///
/// # Errors
/// That of a call that failed.
pub fn drive(calls: usize, threads: usize, call: impl Fn(usize) -> Result<u64> + Sync) -> Result<Answer> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<(Latencies, u64)> {
        let (mut latencies, mut bytes) = (Latencies::with_capacity(calls.div_ceil(threads) * 2), 0);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= calls {
                return Ok((latencies, bytes));
            }
            let began = Instant::now();
            bytes += call(number)?;
            latencies.add(began.elapsed());
        }
    };
    if threads <= 1 {
        let began = Instant::now();
        let (latencies, bytes) = work()?;
        return Ok(Answer::of_calls(began.elapsed(), &latencies, bytes));
    }
    let start = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        let worker = || {
            start.wait();
            work()
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        start.wait();
        let began = Instant::now();
        let (mut latencies, mut bytes) = (Latencies::with_capacity(calls), 0);
        let done: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        let took = began.elapsed();
        for of_one in done {
            let (of_one, came) = of_one.map_err(|_| anyhow!("a thread panicked"))??;
            latencies.merge(&of_one);
            bytes += came;
        }
        Ok(Answer::of_calls(took, &latencies, bytes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_called_once_whatever_the_threads() {
        for threads in [1, 2, 7] {
            let called = AtomicUsize::new(0);
            let call = |number| {
                called.fetch_add(1 << number, Ordering::Relaxed);
                Ok(10)
            };
            let answer = drive(5, threads, call).unwrap();
            assert_eq!((answer.calls, answer.bytes, called.into_inner()), (5, 50, 0b11111));
        }
    }

    #[test]
    fn a_call_that_fails_is_the_work_s_error() {
        let call = |number| if number == 3 { Err(anyhow!("number three")) } else { Ok(1) };
        for threads in [1, 3] {
            assert_eq!(drive(5, threads, call).unwrap_err().to_string(), "number three");
        }
    }
}
