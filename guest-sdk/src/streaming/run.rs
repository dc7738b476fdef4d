//! A run from its first frame to the word on how it ended. Dropping it drops the author's future and closes the stream.

use std::future::Future;
use std::rc::Rc;

use futures::lock::Mutex;

use super::sender::{Packet, PacketSink, SharedSink, StreamSender};
use crate::Error;

/// Feeds the sink with what `feed` sends; a failure of it is the last packet.
pub(crate) async fn run<F>(sink: impl PacketSink + 'static, feed: impl FnOnce(StreamSender) -> F)
where
    F: Future<Output = Result<(), Error>>,
{
    let sink: SharedSink = Rc::new(Mutex::new(sink));
    if let Err(error) = feed(StreamSender::new(&sink)).await {
        // Where the reader is gone there is nobody to tell.
        let _ = sink.lock().await.send(Packet::Failed(error)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streaming::ReaderGone;
    use futures::FutureExt;
    use futures::future::LocalBoxFuture;
    use pollster::block_on;
    use std::cell::{Cell, RefCell};

    #[derive(Clone, Default)]
    struct Kept(Rc<RefCell<Vec<Packet>>>);

    impl PacketSink for Kept {
        fn send(&mut self, packet: Packet) -> LocalBoxFuture<'_, Result<(), ReaderGone>> {
            self.0.borrow_mut().push(packet);
            async { Ok(()) }.boxed_local()
        }
    }

    #[test]
    fn a_failure_is_the_last_packet_and_an_end_is_none() {
        let kept = Kept::default();
        block_on(run(kept.clone(), async |_| Err(Error::downstream("the socket closed"))));
        assert_eq!(kept.0.take(), [Packet::Failed(Error::downstream("the socket closed"))]);
        block_on(run(kept.clone(), async |_| Ok(())));
        assert_eq!(kept.0.take(), []);
    }

    #[test]
    fn a_run_that_is_dropped_drops_what_it_waits_for_and_says_nothing() {
        struct SetOnDrop<'a>(&'a Cell<bool>);
        impl Drop for SetOnDrop<'_> {
            fn drop(&mut self) {
                self.0.set(true);
            }
        }
        let (kept, dropped) = (Kept::default(), Cell::new(false));
        let running = run(kept.clone(), async |_| {
            let _guard = SetOnDrop(&dropped);
            std::future::pending().await
        });
        assert!(running.now_or_never().is_none());
        assert!(dropped.get());
        assert_eq!(kept.0.take(), []);
    }
}
