//! Handles without end: what the host keeps books of for the guest.

use crate::deed::{Deed, Outcome};
use crate::wellhead::plugin::fetch;
use crate::wellhead::plugin::types::{CancelReason, Piece};
use crate::{wit_future, wit_stream};
use std::future::Future;
use std::mem::forget;
use std::pin::pin;
use std::task::{Context, Waker};
use wasip2::clocks::monotonic_clock as blocking_clock;
use wasip3::clocks::monotonic_clock;
use wit_bindgen::spawn_local;

const HOUR: u64 = 3_600_000_000_000;

#[link(wasm_import_module = "$root")]
unsafe extern "C" {
    #[link_name = "[waitable-set-new]"]
    fn waitable_set_new() -> u32;
}

pub(crate) async fn query(deed: &Deed) -> Option<Outcome> {
    let count = deed.number("count");
    let times = || 0..if count > 0 { count } else { i64::MAX };
    match deed.name() {
        "futures" => times().for_each(|_| forget(wit_future::new::<CancelReason>(|| CancelReason::CallerGone))),
        "streams" => times().for_each(|_| forget(wit_stream::new::<Piece>())),
        "waitable-sets" => times().for_each(|_| {
            // SAFETY: makes a set and answers its number.
            let _number = unsafe { waitable_set_new() };
        }),
        "pollables" => times().for_each(|_| forget(blocking_clock::subscribe_duration(HOUR))),
        "fields" => times().for_each(|_| forget(wasip2::http::types::Fields::new())),
        "fields-0.3" => times().for_each(|_| forget(wasip3::http::types::Fields::new())),
        // Each is begun and never waited for.
        "subtasks" => times().for_each(|_| {
            let mut waiting = Box::pin(monotonic_clock::wait_for(HOUR));
            let _ = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            forget(waiting);
        }),
        "tasks" => times().for_each(|_| drop(spawn_local(monotonic_clock::wait_for(HOUR)))),
        "fetches" => times().for_each(|_| {
            let url = deed.text("url").to_owned();
            forget(fetch::send(&fetch::Request { method: "GET".into(), url, headers: vec![], body: vec![] }));
        }),
        // Begun, and taken back at once.
        "dropped-fetches" => {
            for _ in times() {
                let url = deed.text("url").to_owned();
                drop(fetch::send(&fetch::Request { method: "GET".into(), url, headers: vec![], body: vec![] }));
            }
        }
        "dropped-subtasks" => {
            for _ in times() {
                let mut waiting = pin!(monotonic_clock::wait_for(HOUR));
                let _ = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
        }
        _ => return None,
    }
    Some(Outcome::Told(format!("made {count}")))
}
