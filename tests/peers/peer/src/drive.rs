//! Calls, so many at once.

use crate::{Answer, Latencies};
use futures::StreamExt;
use std::time::Instant;

/// Makes `calls` calls from the task it is awaited in, `in_flight` of them at a time. `call` is given their numbers and
/// gives the bytes of the frames that came.
///
/// # Errors
/// That of the first call that failed.
pub async fn drive<E, F>(calls: usize, in_flight: usize, call: impl Fn(usize) -> F) -> Result<Answer, E>
where
    F: Future<Output = Result<u64, E>>,
{
    let mut latencies = Latencies::with_capacity(calls);
    let mut bytes = 0;
    let timed = |number| {
        let call = call(number);
        async {
            let began = Instant::now();
            call.await.map(|bytes| (began.elapsed(), bytes))
        }
    };
    let began = Instant::now();
    let mut answers = futures::stream::iter(0..calls).map(timed).buffer_unordered(in_flight.max(1));
    while let Some(answer) = answers.next().await {
        let (took, of_this) = answer?;
        latencies.add(took);
        bytes += of_this;
    }
    Ok(Answer::of_calls(began.elapsed(), &latencies, bytes))
}
