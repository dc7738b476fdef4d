//! Replies as one stream of pieces, in bounded memory.

use super::{Replies, Running, unanswered};
use crate::public_error::of_ref_id;
use futures::stream::{self, Stream, StreamExt};
use std::collections::{HashMap, VecDeque};
use wellhead_runtime::{DataResponse, GuestError, Piece};

impl Replies {
    /// Every query's answer as it comes: what is ready first, by ref-id, then one data source after the other (the
    /// plugins of those behind wait, so that memory stays bounded). Every ref-id gets exactly one `Done`; frame
    /// numbers are unique over the whole stream.
    pub fn into_pieces(self) -> impl Stream<Item = Piece> + Send + 'static {
        let ready = stream::iter(self.ready.into_values().map(Piece::Done));
        let state =
            Forwarding { running: self.running.into(), current: None, next_number: 0, left_over: VecDeque::new() };
        ready.chain(stream::unfold(state, |mut state| async move { Some((state.next().await?, state)) }))
    }
}

struct Forwarding {
    running: VecDeque<Running>,
    current: Option<Current>,
    next_number: u32,
    /// Failures of the queries a reply ended without answering.
    left_over: VecDeque<Piece>,
}

struct Current {
    reply: Running,
    /// The guest's frame numbers to ours.
    numbers: HashMap<u32, u32>,
}

impl Forwarding {
    async fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.left_over.pop_front() {
                return Some(piece);
            }
            if self.current.is_none() {
                let reply = self.running.pop_front()?;
                self.current = Some(Current { reply, numbers: HashMap::new() });
            }
            let Some(current) = &mut self.current else { return None };
            match current.reply.pieces.next().await {
                Some(Ok(piece)) => {
                    if let Some(piece) = current.translate(piece, &mut self.next_number) {
                        return Some(piece);
                    }
                }
                Some(Err(error)) => self.end_current(&of_ref_id(&error)),
                None => self.end_current(&unanswered()),
            }
        }
    }

    fn end_current(&mut self, error: &GuestError) {
        if let Some(current) = self.current.take() {
            let open = current.reply.ref_ids.into_iter();
            self.left_over.extend(open.map(|ref_id| Piece::Done(DataResponse::failed(ref_id, error.clone()))));
        }
    }
}

impl Current {
    /// `None` for what answers no query that is still open.
    fn translate(&mut self, piece: Piece, next_number: &mut u32) -> Option<Piece> {
        match piece {
            Piece::Begin { ref_id, frame, schema } => self.reply.ref_ids.contains(&ref_id).then(|| {
                let number = *next_number;
                *next_number = next_number.wrapping_add(1);
                self.numbers.insert(frame, number);
                Piece::Begin { ref_id, frame: number, schema }
            }),
            Piece::Batch { frame, batch } => {
                self.numbers.get(&frame).map(|number| Piece::Batch { frame: *number, batch })
            }
            Piece::Done(response) => {
                let open = self.reply.ref_ids.iter().position(|ref_id| *ref_id == response.ref_id)?;
                self.reply.ref_ids.swap_remove(open);
                Some(Piece::Done(response))
            }
        }
    }
}
