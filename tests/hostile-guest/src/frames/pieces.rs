//! Replies in pieces: without end, without beginning, out of order.

use super::{lies, valid};
use crate::deed::{Deed, Outcome, failed, response};
use crate::exports::wellhead::plugin::datasource::QueryReply;
use crate::wellhead::plugin::types::{DataQuery, FrameBatch, FrameBegin, Piece};
use crate::wit_stream;
use wit_bindgen::{StreamWriter, spawn_local};

pub(crate) fn query(deed: &Deed, query: &DataQuery) -> Option<Outcome> {
    let id = query.ref_id.clone();
    let done = || Piece::Done(response(&id, vec![]));
    let endless = |first: Option<Piece>, more: Box<dyn FnMut(u32) -> Piece>| Some(Sent { first, more });
    let batch = |rows: usize| {
        let message = valid::messages(rows).1;
        move |_| Piece::Batch(FrameBatch { frame: 1, message: message.clone() })
    };
    let begin = || Some(valid::begin(&id, 1));
    let sent = match deed.name() {
        // Valid, 1 MiB each.
        "frame-without-end" => endless(begin(), Box::new(batch(128 << 10))),
        "tiny-pieces" => endless(begin(), Box::new(batch(1))),
        "empty-batches" => endless(begin(), Box::new(|_| Piece::Batch(FrameBatch { frame: 1, message: vec![] }))),
        "batches-of-nobody" => endless(None, Box::new(|frame| valid::batch(frame, 1_000))),
        // Each opens a frame and leaves it open; a schema with much to say.
        "frames-left-open" => {
            let schema = lies::schema_with_metadata(1 << 20);
            let id = id.clone();
            endless(
                None,
                Box::new(move |frame| Piece::Begin(FrameBegin { ref_id: id.clone(), frame, schema: schema.clone() })),
            )
        }
        "answers-without-end" => {
            endless(None, Box::new(|number| Piece::Done(response(&format!("nobody-{number}"), vec![]))))
        }
        "endless-pieces" => endless(
            Some(Piece::Begin(FrameBegin { ref_id: id.clone(), frame: 1, schema: vec![0; 64] })),
            Box::new(|_| Piece::Batch(FrameBatch { frame: 1, message: vec![0; 1024] })),
        ),
        _ => None,
    };
    if let Some(Sent { first, mut more }) = sent {
        return Some(in_pieces(async move |mut pieces| {
            let mut next = first;
            for number in 0_u32.. {
                let piece = next.take().unwrap_or_else(|| more(number));
                if pieces.write_one(piece).await.is_some() {
                    return;
                }
            }
        }));
    }
    let broken = |schema| Piece::Begin(FrameBegin { ref_id: id.clone(), frame: 1, schema });
    let list = match deed.name() {
        "garbage-pieces" => {
            vec![broken(vec![0; 64]), Piece::Batch(FrameBatch { frame: 1, message: vec![0; 1024] }), done()]
        }
        "unfinished-pieces" => vec![broken(vec![0; 64]), Piece::Batch(FrameBatch { frame: 1, message: vec![0; 1024] })],
        "unfinished-frame" => vec![valid::begin(&id, 1), valid::batch(1, 2)],
        "frame-number-twice" => vec![valid::begin(&id, 1), valid::begin(&id, 1), valid::batch(1, 2), done()],
        "batch-of-nobody" => vec![valid::batch(7, 2), done()],
        "begin-for-nobody" => vec![valid::begin("nobody", 1), valid::batch(1, 2), done()],
        "done-twice" => vec![done(), Piece::Done(failed(&id, 500, "second thoughts"))],
        "begin-after-done" => vec![done(), valid::begin(&id, 1), valid::batch(1, 2)],
        "schema-twice" => {
            let schema = Piece::Batch(FrameBatch { frame: 1, message: valid::messages(1).0 });
            vec![valid::begin(&id, 1), schema, done()]
        }
        "lie-in-pieces" => {
            let (schema, message) = lies::messages(deed.text("case"))?;
            vec![broken(schema), Piece::Batch(FrameBatch { frame: 1, message }), done()]
        }
        "panic-in-pieces" => {
            let begin = valid::begin(&id, 1);
            return Some(in_pieces(async move |mut pieces| {
                pieces.write_one(begin).await;
                panic!("asked to panic between pieces")
            }));
        }
        _ => return None,
    };
    Some(in_pieces(async move |mut pieces| {
        pieces.write_all(list).await;
    }))
}

/// A first piece, and those that follow for ever.
struct Sent {
    first: Option<Piece>,
    more: Box<dyn FnMut(u32) -> Piece>,
}

fn in_pieces<F: Future<Output = ()> + 'static>(send: impl FnOnce(StreamWriter<Piece>) -> F + 'static) -> Outcome {
    let (pieces, rest) = wit_stream::new();
    spawn_local(send(pieces));
    Outcome::Reply(Ok(QueryReply { ready: vec![], rest: Some(rest) }))
}
