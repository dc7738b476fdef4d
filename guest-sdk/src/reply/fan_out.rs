//! All queries of a request side by side. While answers are small they are gathered; the first large one ends the
//! gathering, and everything from there on travels in pieces while the other queries still run.

use std::future::Future;

use futures::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};
use wellhead_frame::PieceWriter;

use super::answer::{Answer, DataResponse};
use super::pieces::{Outbox, PieceSink, ReaderGone};

/// The most that answers weigh together which go out at once: enough for most dashboards, and no more than one piece.
const READY_BYTES: usize = PieceWriter::BEST_BYTES;

/// What is there now, and what still comes.
pub(crate) struct Reply<F> {
    pub(crate) ready: Vec<DataResponse>,
    pub(crate) rest: Option<Rest<F>>,
}

/// A large answer, and the queries that had not finished when it had.
pub(crate) struct Rest<F> {
    first: Answer,
    running: FuturesUnordered<F>,
}

/// Runs queries until all are answered or one answer is large.
pub(crate) async fn run<F: Future<Output = Answer>>(queries: impl IntoIterator<Item = F>) -> Reply<F> {
    let mut running: FuturesUnordered<F> = queries.into_iter().collect();
    let (mut ready, mut bytes) = (Vec::with_capacity(running.len()), 0_usize);
    while let Some(answer) = running.next().await {
        match answer.bytes() {
            Some(more) if bytes.saturating_add(more) <= READY_BYTES => {
                bytes += more;
                ready.push(answer.into_response());
            }
            _ => return Reply { ready, rest: Some(Rest { first: answer, running }) },
        }
    }
    Reply { ready, rest: None }
}

impl<F: Future<Output = Answer>> Rest<F> {
    /// Sends everything in pieces, answers side by side as they come. Stops, and drops what still runs, when nobody
    /// reads.
    pub(crate) async fn send_to(self, sink: impl PieceSink) -> Result<(), ReaderGone> {
        let outbox = Outbox::new(sink);
        stream::iter([self.first])
            .chain(self.running)
            .map(Ok)
            .try_for_each_concurrent(None, |answer| outbox.send(answer))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::pieces::Piece;
    use super::*;
    use crate::query::{FrameStream, QueryResult};
    use crate::{Error, task};
    use pollster::block_on;
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;
    use wellhead_frame::{Field, Frame};

    /// Keeps what it is sent; hangs up after so many pieces.
    #[derive(Clone)]
    struct Kept {
        pieces: Rc<RefCell<Vec<Piece>>>,
        most: usize,
    }

    impl Kept {
        fn new(most: usize) -> Self {
            Self { pieces: Rc::default(), most }
        }
    }

    impl PieceSink for Kept {
        async fn send(&mut self, pieces: Vec<Piece>) -> Result<(), ReaderGone> {
            self.pieces.borrow_mut().extend(pieces);
            task::yield_now().await;
            if self.pieces.borrow().len() > self.most { Err(ReaderGone) } else { Ok(()) }
        }
    }

    fn frame(rows: i64) -> Frame {
        Frame::builder("f").column(Field::new("n"), (0..rows).collect::<Vec<i64>>()).build().unwrap()
    }

    async fn answer(ref_id: &str, waits: usize, result: Result<QueryResult, Error>) -> Answer {
        for _ in 0..waits {
            task::yield_now().await;
        }
        Answer { ref_id: ref_id.to_owned(), result }
    }

    /// A line a piece: `begin A 0`, `batch 0`, `done A`.
    fn lines(pieces: &[Piece]) -> Vec<String> {
        let line = |piece: &Piece| match piece {
            Piece::Begin { ref_id, frame, .. } => format!("begin {ref_id} {frame}"),
            Piece::Batch { frame, .. } => format!("batch {frame}"),
            Piece::Done(done) => format!("done {}", done.ref_id),
        };
        pieces.iter().map(line).collect()
    }

    #[test]
    fn small_answers_are_ready_together_and_one_failure_is_its_own() {
        let reply = block_on(run([
            answer("A", 2, Ok(frame(3).into())),
            answer("B", 0, Err(Error::bad_request("no"))),
            answer("C", 1, Ok(QueryResult::empty())),
        ]));
        assert!(reply.rest.is_none());
        let summary: Vec<_> =
            reply.ready.iter().map(|r| (r.ref_id.as_str(), r.frames.len(), r.error.is_some())).collect();
        assert_eq!(summary, [("B", 0, true), ("C", 0, false), ("A", 1, false)]);
    }

    #[test]
    fn a_large_answer_travels_in_pieces_and_later_ones_with_it() {
        let reply = block_on(run([
            answer("small", 0, Ok(frame(3).into())),
            answer("large", 1, Ok(frame(400_000).into())),
            answer("late", 9, Ok(frame(3).into())),
            answer("failed", 9, Err(Error::plugin("no"))),
        ]));
        assert_eq!(reply.ready.iter().map(|r| r.ref_id.as_str()).collect::<Vec<_>>(), ["small"]);
        let kept = Kept::new(usize::MAX);
        assert_eq!(block_on(reply.rest.unwrap().send_to(kept.clone())), Ok(()));
        let pieces = kept.pieces.borrow();
        let lines = lines(&pieces);
        assert_eq!(lines.iter().filter(|line| line.starts_with("done")).count(), 3, "{lines:?}");
        // 3.2 MB in pieces of about 1 MiB.
        assert_eq!(lines.iter().filter(|line| *line == "batch 0").count(), 4, "{lines:?}");
        let place = |line: &str| lines.iter().position(|l| l == line).unwrap();
        assert!(place("begin large 0") < place("batch 0") && place("batch 0") < place("done large"));
        assert!(place("begin late 1") < place("batch 1") && place("batch 1") < place("done late"));
        let largest =
            pieces.iter().map(|piece| if let Piece::Batch { message, .. } = piece { message.len() } else { 0 });
        assert!(largest.max().unwrap() < 2 * PieceWriter::BEST_BYTES);
    }

    #[test]
    fn many_small_answers_do_not_add_up_beyond_the_bound() {
        let reply = block_on(run((0..5).map(|_| answer("x", 0, Ok(frame(40_000).into())))));
        assert_eq!(reply.ready.len(), 3);
        let kept = Kept::new(usize::MAX);
        block_on(reply.rest.unwrap().send_to(kept.clone())).unwrap();
        assert_eq!(lines(&kept.pieces.borrow()).iter().filter(|line| *line == "done x").count(), 2);
    }

    #[test]
    fn parts_are_made_only_as_they_are_taken_and_not_at_all_once_nobody_reads() {
        let made = Rc::new(Cell::new(0));
        let counter = made.clone();
        let parts = (0..1_000).map(move |_| {
            counter.set(counter.get() + 1);
            Ok(frame(200_000))
        });
        let reply = block_on(run([answer("A", 0, Ok(FrameStream::from_parts(parts).into()))]));
        assert_eq!(made.get(), 0);
        let kept = Kept::new(10);
        assert_eq!(block_on(reply.rest.unwrap().send_to(kept.clone())), Err(ReaderGone));
        assert!(made.get() < 10, "{}", made.get());
    }

    #[test]
    fn an_error_in_the_middle_ends_the_frame_and_is_the_answers_error() {
        let parts = vec![Ok(frame(2)), Err(Error::downstream("cut")), Ok(frame(2))];
        let reply = block_on(run([answer("A", 0, Ok(FrameStream::from_parts(parts).into()))]));
        let kept = Kept::new(usize::MAX);
        block_on(reply.rest.unwrap().send_to(kept.clone())).unwrap();
        let pieces = kept.pieces.borrow();
        assert_eq!(lines(&pieces), ["begin A 0", "batch 0", "done A"]);
        let Some(Piece::Done(done)) = pieces.last() else { panic!() };
        assert_eq!(done.error.as_ref().unwrap().message(), "cut");
    }

    #[test]
    fn a_part_with_other_fields_is_an_error_that_names_the_frame() {
        let other = Frame::builder("f").column(Field::new("m"), vec![1.0]).build().unwrap();
        let reply = block_on(run([answer("A", 0, Ok(FrameStream::from_parts([Ok(frame(2)), Ok(other)]).into()))]));
        let kept = Kept::new(usize::MAX);
        block_on(reply.rest.unwrap().send_to(kept.clone())).unwrap();
        let pieces = kept.pieces.borrow();
        let Some(Piece::Done(done)) = pieces.last() else { panic!() };
        assert!(done.error.as_ref().unwrap().message().contains("a part of frame \"f\" has other fields"), "{done:?}");
    }
}
