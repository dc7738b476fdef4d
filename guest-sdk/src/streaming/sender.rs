//! Frames cut into the contract's packets: the schema with the first frame and whenever it changes, rows alone in
//! between. Waiting for the reader is the sink's.

use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use futures::lock::Mutex;
use wellhead_frame::{Frame, PieceWriter, SchemaRef};

use crate::{Error, ErrorSource};

/// The most bytes of a packet; the contract's largest piece.
pub(crate) const MAX_PACKET_BYTES: usize = 16 << 20;

/// Part of a stream, as the contract has it.
#[derive(Debug, PartialEq)]
pub(crate) enum Packet {
    /// An Arrow IPC stream.
    Frame(Vec<u8>),
    /// An encapsulated record batch under the last schema.
    Batch(Vec<u8>),
    /// The last packet.
    Failed(Error),
}

/// Nobody reads the stream any more: the same as a cancelled run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReaderGone;

impl From<ReaderGone> for Error {
    fn from(_: ReaderGone) -> Self {
        Self::new(499, ErrorSource::Plugin, "nobody reads this stream any more: end the run")
    }
}

/// Where packets go.
pub(crate) trait PacketSink {
    /// Hands a packet over; waits while the reader is behind.
    fn send(&mut self, packet: Packet) -> LocalBoxFuture<'_, Result<(), ReaderGone>>;
}

/// A sink that a run and its sender share. The run alone keeps it open: a sender that outlives its run finds it closed.
pub(crate) type SharedSink = Rc<Mutex<dyn PacketSink>>;

/// Where a run's frames go in.
pub struct StreamSender {
    sink: Weak<Mutex<dyn PacketSink>>,
    /// What the reader knows, `None` where that is not sure.
    known: Option<Known>,
}

/// The last schema that was sent.
struct Known {
    schema: SchemaRef,
    /// Made for the first batch after the schema: frames that each have another schema need none.
    writer: Option<PieceWriter>,
}

impl StreamSender {
    pub(crate) fn new(sink: &SharedSink) -> Self {
        Self { sink: Rc::downgrade(sink), known: None }
    }

    /// Sends a frame, which is one update for all subscribers. Waits while the host is behind: that is the back-pressure,
    /// and the moment to leave out or sum up what is no news any more.
    ///
    /// The schema travels with the first frame, and again whenever name, metadata or fields differ from those of the frame
    /// before; otherwise rows alone do. So what changes with every frame is better a value than metadata. A send that is
    /// given up may have sent its frame or not.
    ///
    /// # Errors
    /// A frame over 16 MiB, after which smaller ones may be sent; status 499 when nobody reads the stream any more.
    pub async fn send(&mut self, frame: Frame) -> Result<(), Error> {
        let sink = self.sink.upgrade().ok_or(ReaderGone)?;
        // A frame that is refused leaves the reader with what he knows.
        let (packet, news) = self.packet(&frame)?;
        // While the packet is under way nobody can tell what the reader knows, and the wait may be given up.
        let before = self.known.take();
        sink.lock().await.send(packet).await?;
        self.known = news.or(before);
        Ok(())
    }

    /// The frame as a packet, and what the reader will know if that is something new.
    fn packet(&mut self, frame: &Frame) -> Result<(Packet, Option<Known>), Error> {
        let schema = frame.schema();
        if let (Some(known), [batch]) = (&mut self.known, frame.batches())
            && (Arc::ptr_eq(&known.schema, schema) || known.schema == *schema)
        {
            let writer = match &mut known.writer {
                Some(writer) => writer,
                none => none.insert(PieceWriter::new(schema)?.1),
            };
            return Ok((Packet::Batch(within_limit(frame, writer.batch(batch)?)?), None));
        }
        Ok((Packet::Frame(encode(frame)?), Some(Known { schema: schema.clone(), writer: None })))
    }
}

impl fmt::Debug for StreamSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSender").finish_non_exhaustive()
    }
}

/// A whole frame, as the contract takes it.
pub(crate) fn encode(frame: &Frame) -> Result<Vec<u8>, Error> {
    within_limit(frame, frame.to_ipc_stream()?)
}

fn within_limit(frame: &Frame, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    if bytes.len() <= MAX_PACKET_BYTES {
        return Ok(bytes);
    }
    let (name, rows, taken) = (frame.name(), frame.num_rows(), bytes.len());
    Err(Error::plugin(format_args!(
        "frame {name:?} of {rows} rows takes {taken} bytes in a stream, {MAX_PACKET_BYTES} are allowed: send fewer rows at a time"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streaming::run;
    use futures::FutureExt;
    use pollster::block_on;
    use std::cell::{Cell, RefCell};
    use wellhead_frame::{Field, FrameMeta, Notice, Severity};

    /// Keeps packets; waits at every one while it is told to, and is gone after so many.
    #[derive(Clone, Default)]
    struct Kept {
        packets: Rc<RefCell<Vec<Packet>>>,
        stalled: Rc<Cell<bool>>,
        room: Option<usize>,
    }

    impl PacketSink for Kept {
        fn send(&mut self, packet: Packet) -> LocalBoxFuture<'_, Result<(), ReaderGone>> {
            async move {
                if self.stalled.get() {
                    std::future::pending::<()>().await;
                }
                if self.room == Some(self.packets.borrow().len()) {
                    return Err(ReaderGone);
                }
                self.packets.borrow_mut().push(packet);
                Ok(())
            }
            .boxed_local()
        }
    }

    impl Kept {
        /// `F` or `B` a packet.
        fn kinds(&self) -> String {
            let kind = |packet: &Packet| match packet {
                Packet::Frame(_) => 'F',
                Packet::Batch(_) => 'B',
                Packet::Failed(_) => 'X',
            };
            self.packets.borrow().iter().map(kind).collect()
        }
    }

    fn frame(name: &str, values: &[f64]) -> Frame {
        Frame::builder(name).column(Field::new("value"), values.to_vec()).build().unwrap()
    }

    fn kinds_of(frames: Vec<Frame>) -> String {
        let kept = Kept::default();
        block_on(run(kept.clone(), async |mut sender| {
            for frame in frames {
                sender.send(frame).await?;
            }
            Ok(())
        }));
        kept.kinds()
    }

    #[test]
    fn the_schema_is_sent_once_and_again_when_it_changes() {
        let (a, b) = (|| frame("a", &[1.0]), || frame("b", &[1.0, 2.0]));
        assert_eq!(kinds_of(vec![a(), a(), a(), b(), b(), a()]), "FBBFBF");
    }

    #[test]
    fn metadata_is_part_of_the_schema() {
        let mut noticed = frame("a", &[1.0]);
        let notice = Notice::new(Severity::Warning, "late");
        noticed.set_meta(Some(FrameMeta::default().with_notice(notice))).unwrap();
        let plain = || frame("a", &[1.0]);
        assert_eq!(kinds_of(vec![plain(), noticed.clone(), noticed, plain()]), "FFBF");
    }

    #[test]
    fn a_frame_that_is_not_one_batch_is_sent_whole_and_the_next_one_needs_no_schema() {
        let mut two = frame("a", &[1.0]);
        two.push_batch(two.batches()[0].clone()).unwrap();
        let (one, no_rows) = (|| frame("a", &[1.0]), frame("a", &[]));
        assert_eq!(kinds_of(vec![one(), two, one(), no_rows, Frame::empty("a"), one()]), "FFBBFF");
    }

    #[test]
    fn a_frame_over_the_contracts_limit_is_refused_and_a_smaller_one_goes_on() {
        let kept = Kept::default();
        block_on(run(kept.clone(), async |mut sender| {
            sender.send(frame("a", &[1.0])).await?;
            let huge = vec![0.0; MAX_PACKET_BYTES / 8];
            for name in ["a", "b"] {
                let error = sender.send(frame(name, &huge)).await.unwrap_err().to_string();
                let [name, allowed] = [format!("{name:?} of 2097152 rows"), "16777216 are allowed".to_owned()];
                assert!(error.contains(&name) && error.contains(&allowed), "{error}");
            }
            sender.send(frame("a", &[1.0])).await
        }));
        assert_eq!(kept.kinds(), "FB");
    }

    #[test]
    fn a_send_that_was_given_up_is_followed_by_the_schema() {
        let kept = Kept::default();
        block_on(run(kept.clone(), async |mut sender| {
            sender.send(frame("a", &[1.0])).await?;
            kept.stalled.set(true);
            assert!(sender.send(frame("a", &[2.0])).now_or_never().is_none());
            kept.stalled.set(false);
            sender.send(frame("a", &[3.0])).await
        }));
        assert_eq!(kept.kinds(), "FF");
    }

    #[test]
    fn a_reader_that_is_gone_fails_the_send() {
        let kept = Kept { room: Some(2), ..Kept::default() };
        let sent = Cell::new(0);
        block_on(run(kept.clone(), async |mut sender| {
            loop {
                sender.send(frame("a", &[1.0])).await.inspect_err(|error| assert_eq!(error.status(), 499))?;
                sent.set(sent.get() + 1);
            }
        }));
        assert_eq!((sent.get(), kept.kinds().as_str()), (2, "FB"));
    }

    #[test]
    fn a_sender_that_outlives_its_run_finds_the_stream_closed() {
        let kept = Kept::default();
        let outside = Rc::new(RefCell::new(None));
        block_on(run(kept.clone(), async |mut sender| {
            sender.send(frame("a", &[1.0])).await?;
            *outside.borrow_mut() = Some(sender);
            Ok(())
        }));
        let mut sender = outside.borrow_mut().take().unwrap();
        assert_eq!(block_on(sender.send(frame("a", &[2.0]))).unwrap_err().status(), 499);
        assert_eq!(kept.kinds(), "F");
    }
}
