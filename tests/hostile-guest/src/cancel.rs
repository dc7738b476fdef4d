//! Cancel tokens and deadlines: ignored, dropped, heard too late.

use crate::deed::{Deed, Outcome, failed, response};
use crate::exports::wellhead::plugin::datasource::QueryReply;
use crate::wellhead::plugin::types::{CancelReason, DataQuery, Piece};
use crate::wit_stream;
use std::cell::RefCell;
use wasip3::clocks::monotonic_clock;
use wit_bindgen::{FutureReader, StreamWriter};

const HOUR_MS: u64 = 3_600_000;

thread_local! {
    static KEPT: RefCell<Vec<StreamWriter<Piece>>> = const { RefCell::new(Vec::new()) };
    static TOKENS: RefCell<Vec<FutureReader<CancelReason>>> = const { RefCell::new(Vec::new()) };
}

pub(crate) async fn sleep_ms(milliseconds: u64) {
    monotonic_clock::wait_for(milliseconds * 1_000_000).await;
}

pub(crate) async fn query(
    deed: &Deed,
    query: &DataQuery,
    cancel: &mut Option<FutureReader<CancelReason>>,
) -> Option<Outcome> {
    let id = query.ref_id.as_str();
    let well = || Outcome::Answers(vec![response(id, vec![])]);
    match deed.name() {
        "sleep-50" => {
            sleep_ms(50).await;
            Some(well())
        }
        "sleep-1000" => {
            sleep_ms(1_000).await;
            Some(well())
        }
        // It holds the token and never looks.
        "ignore-cancel" => {
            sleep_ms(HOUR_MS).await;
            Some(Outcome::Answers(vec![]))
        }
        "drop-cancel" => {
            drop(cancel.take());
            sleep_ms(HOUR_MS).await;
            Some(Outcome::Answers(vec![]))
        }
        "keep-cancel" => {
            TOKENS.with_borrow_mut(|tokens| tokens.extend(cancel.take()));
            Some(well())
        }
        "answer-after-cancel" => {
            let reason = cancel.take()?.await;
            sleep_ms(20).await;
            Some(Outcome::Answers(vec![failed(id, 418, format!("late: {reason:?}"))]))
        }
        "fail-after-cancel" => {
            cancel.take()?.await;
            Some(Outcome::Reply(Err(crate::deed::error(418, "too late to fail"))))
        }
        "panic-after-cancel" => {
            cancel.take()?.await;
            panic!("asked to panic once canceled")
        }
        // A reply that has begun and says nothing more.
        "silent-stream" => {
            let (pieces, rest) = wit_stream::new();
            KEPT.with_borrow_mut(|kept| kept.push(pieces));
            Some(Outcome::Reply(Ok(QueryReply { ready: vec![], rest: Some(rest) })))
        }
        _ => None,
    }
}
