//! A stand-in for the host that reads a run: packets back into frames, as many as a test wants.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use wellhead_frame::{Frame, FrameError, PieceReader, PieceWriter, ReadLimits};

use crate::streaming::{Packet, PacketSink, ReaderGone, run};
use crate::{Error, StreamSender};

/// What came of a run.
#[derive(Debug)]
pub struct CollectedStream {
    /// The frames, in order, read from what subscribers would get.
    pub frames: Vec<Frame>,
    /// How it ended; `None` where it was stopped.
    pub end: Option<Result<(), Error>>,
}

impl CollectedStream {
    /// The frames of a run that was stopped or ended without an error.
    pub fn into_frames(self) -> Result<Vec<Frame>, Error> {
        self.end.transpose()?;
        Ok(self.frames)
    }
}

/// Reads the first `count` frames of a run, or all it has; then drops it, as the host does when nobody waits any more.
///
/// ```
/// # use wellhead_sdk::{prelude::*, task, testing};
/// # struct Count;
/// # impl DataSource for Count {
/// #     type Settings = serde_json::Value;
/// #     type Query = serde_json::Value;
/// #     fn configure(_: InstanceSettings<Self::Settings>) -> Result<Self, Error> { Ok(Self) }
/// #     async fn query(&self, _: &RequestContext, _: DataQuery<Self::Query>) -> Result<QueryResult, Error> {
/// #         Ok(QueryResult::empty())
/// #     }
/// # }
/// # impl Streaming for Count {
/// #     async fn subscribe_stream(&self, _: &RequestContext, _: StreamRequest) -> Result<Subscribed, Error> {
/// #         Ok(Subscribed::ok())
/// #     }
/// #     async fn run_stream(&self, _: &RequestContext, _: StreamRequest, mut sender: StreamSender) -> Result<(), Error> {
/// #         loop {
/// #             sender.send(Frame::builder("count").column(Field::new("n"), vec![1_i64]).build()?).await?;
/// #         }
/// #     }
/// # }
/// # let (source, ctx) = (Count, RequestContext::default());
/// let request = StreamRequest { path: "count".into(), data: String::new() };
/// let collected = testing::collect_stream(|sender| source.run_stream(&ctx, request, sender), 3);
/// let frames = testing::block_on(collected).into_frames()?;
/// assert_eq!(frames.len(), 3);
/// # Ok::<(), Error>(())
/// ```
pub async fn collect_stream<F>(feed: impl FnOnce(StreamSender) -> F, count: usize) -> CollectedStream
where
    F: Future<Output = Result<(), Error>>,
{
    let read = Rc::new(RefCell::new(Read::default()));
    let ended = {
        let mut running = pin!(run(Reader { read: read.clone(), count }, feed));
        poll_fn(|cx| match running.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(true),
            Poll::Pending if read.borrow().frames.len() >= count => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        })
        .await
    };
    let Read { frames, failure, .. } = read.take();
    CollectedStream { frames, end: ended.then(|| failure.map_or(Ok(()), Err)) }
}

/// What was read so far.
#[derive(Default)]
struct Read {
    frames: Vec<Frame>,
    /// Of the last schema.
    batches: Option<PieceReader>,
    failure: Option<Error>,
}

/// A host that takes so many frames and no more.
struct Reader {
    read: Rc<RefCell<Read>>,
    count: usize,
}

impl PacketSink for Reader {
    fn send(&mut self, packet: Packet) -> LocalBoxFuture<'_, Result<(), ReaderGone>> {
        async move {
            let full = self.read.borrow().frames.len() >= self.count;
            if full && !matches!(packet, Packet::Failed(_)) {
                // Back-pressure, until the run is dropped.
                std::future::pending::<()>().await;
            }
            self.read.borrow_mut().take_in(packet)
        }
        .boxed_local()
    }
}

impl Read {
    fn take_in(&mut self, packet: Packet) -> Result<(), ReaderGone> {
        let frame = match packet {
            Packet::Frame(bytes) => self.frame(bytes),
            Packet::Batch(message) => self.batch(message),
            Packet::Failed(error) => {
                self.failure.get_or_insert(error);
                return Ok(());
            }
        };
        match frame {
            Ok(frame) => {
                self.frames.push(frame);
                Ok(())
            }
            Err(error) => {
                let what = format_args!("a host would refuse what the stream sent: {error}");
                self.failure.get_or_insert(Error::plugin(what));
                Err(ReaderGone)
            }
        }
    }

    fn frame(&mut self, bytes: Vec<u8>) -> Result<Frame, FrameError> {
        let limits = ReadLimits::default();
        let frame = Frame::from_ipc(bytes, &limits)?;
        let (schema, _) = PieceWriter::new(frame.schema())?;
        self.batches = Some(PieceReader::new(schema, &limits)?);
        Ok(frame)
    }

    fn batch(&mut self, message: Vec<u8>) -> Result<Frame, FrameError> {
        let problem = "rows came before their schema".to_owned();
        let reader = self.batches.as_mut().ok_or(FrameError::Malformed { problem })?;
        let batch = reader.batch(message)?;
        let mut frame = reader.frame();
        frame.push_batch(batch)?;
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Result, task, testing::block_on};
    use std::cell::Cell;
    use std::time::Duration;
    use wellhead_frame::{Field, Value};

    fn frame(name: &str, value: i64) -> Result<Frame> {
        Ok(Frame::builder(name).column(Field::new("n"), vec![value]).build()?)
    }

    fn said(frames: &[Frame]) -> Vec<String> {
        let value = |frame: &Frame| frame.field(0).and_then(|field| field.values().next()).unwrap_or(Value::Null);
        frames.iter().map(|frame| format!("{} {:?}", frame.name(), value(frame))).collect()
    }

    #[test]
    fn frames_come_back_as_they_were_sent() {
        let run = collect_stream(
            async |mut sender| {
                for (name, value) in [("a", 1), ("a", 2), ("b", 3), ("b", 4)] {
                    sender.send(frame(name, value)?).await?;
                }
                Ok(())
            },
            9,
        );
        let run = block_on(run);
        assert_eq!(said(&run.frames), ["a Int64(1)", "a Int64(2)", "b Int64(3)", "b Int64(4)"]);
        assert_eq!(run.end, Some(Ok(())));
    }

    #[test]
    fn a_run_is_dropped_after_as_many_frames_as_asked_for_whatever_it_waits_for() {
        for sends in [2, 3] {
            let reached = Cell::new(0);
            let run = block_on(collect_stream(
                async |mut sender| {
                    for n in 0..sends {
                        sender.send(frame("a", n)?).await?;
                        reached.set(n + 1);
                    }
                    task::sleep(Duration::from_secs(3_600)).await;
                    Ok(())
                },
                2,
            ));
            assert_eq!((run.frames.len(), run.end, reached.get()), (2, None, 2));
        }
    }

    #[test]
    fn a_failure_comes_after_the_frames_before_it() {
        let run = block_on(collect_stream(
            async |mut sender| {
                sender.send(frame("a", 1)?).await?;
                Err(Error::downstream("the socket closed"))
            },
            1,
        ));
        assert_eq!((run.frames.len(), &run.end), (1, &Some(Err(Error::downstream("the socket closed")))));
        assert_eq!(run.into_frames().unwrap_err().message(), "the socket closed");
    }

    #[test]
    fn what_a_host_would_refuse_fails_here_too() {
        let run = block_on(collect_stream(
            async |mut sender| {
                let rows = vec![true; 1_000_001];
                sender.send(Frame::builder("a").column(Field::new("n"), rows).build()?).await
            },
            1,
        ));
        let error = run.into_frames().unwrap_err();
        assert!(error.message().contains("max_rows"), "{error}");
    }
}
