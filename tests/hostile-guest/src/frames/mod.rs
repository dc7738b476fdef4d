//! Frames that lie, frames without end, and pieces in an order that nobody may send them in.

mod lie;
mod lies;
mod pieces;
pub(crate) mod valid;

use crate::deed::{Deed, Outcome, response};
use crate::wellhead::plugin::types::DataQuery;

pub(crate) fn query(deed: &Deed, query: &DataQuery) -> Option<Outcome> {
    let id = query.ref_id.as_str();
    let frames = match deed.name() {
        "garbage-frame" => vec![vec![0xff; 64]],
        "tiny-frames" => vec![valid::frame(1); deed.number("count").max(1) as usize],
        "empty-frames" => vec![Vec::new(); 2_000_000],
        "cut-frame" => {
            let mut frame = valid::frame(1_000);
            frame.truncate(frame.len() / 2);
            vec![frame]
        }
        "long-frame" => vec![valid::frame(9 << 18)],
        "notices" => vec![valid::with_notices(100_000)],
        "lie" => vec![lies::stream(deed.text("case"))?],
        _ => return pieces::query(deed, query),
    };
    Some(Outcome::Answers(vec![response(id, frames)]))
}
