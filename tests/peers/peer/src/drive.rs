//! Calls, so many at once.

use crate::{Answer, Latencies};
use futures::StreamExt;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Instant;

/// A task whose calls are all answered at once lets others have its thread after so many: another thread may not have
/// noticed that there is more than one task.
const CALLS_A_TURN: usize = 64;

/// Makes `calls` calls from the task it is awaited in, `in_flight` of them at a time. `call` is given their numbers and
/// gives the bytes of the frames that came.
///
/// # Errors
/// That of the first call that failed.
pub async fn drive<E, F>(calls: usize, in_flight: usize, call: impl Fn(usize) -> F) -> Result<Answer, E>
where
    F: Future<Output = Result<u64, E>>,
{
    let began = Instant::now();
    let Driven { latencies, bytes } = drive_some(0..calls, in_flight, call).await?;
    Ok(Answer::of_calls(began.elapsed(), &latencies, bytes))
}

/// What came of calls.
pub struct Driven {
    /// How long each took.
    pub latencies: Latencies,
    /// Of the frames of all.
    pub bytes: u64,
}

/// As [`drive`], for the part of a work that one of several tasks does.
///
/// # Errors
/// That of the first call that failed.
pub async fn drive_some<E, F>(
    numbers: impl ExactSizeIterator<Item = usize>,
    in_flight: usize,
    call: impl Fn(usize) -> F,
) -> Result<Driven, E>
where
    F: Future<Output = Result<u64, E>>,
{
    let mut driven = Driven { latencies: Latencies::with_capacity(numbers.len()), bytes: 0 };
    let timed = |number| {
        let call = call(number);
        async {
            let began = Instant::now();
            call.await.map(|bytes| (began.elapsed(), bytes))
        }
    };
    let mut answers = futures::stream::iter(numbers).map(timed).buffer_unordered(in_flight.max(1));
    for number in 1_usize.. {
        let Some(answer) = answers.next().await else { break };
        let (took, of_this) = answer?;
        if number.is_multiple_of(CALLS_A_TURN) {
            give_way().await;
        }
        driven.latencies.add(took);
        driven.bytes += of_this;
    }
    Ok(driven)
}

async fn give_way() {
    let mut gave = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut gave, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
