//! A plugin that breaks the one rule of the conformance suite that its settings name (`{"misdeed": "…"}`), and is a good
//! plugin otherwise: it asks its upstream at every query, waits for the cancel token beside it, and answers with a frame.
//!
//! It stands on the bare contract and not on the SDK, which would not let it misbehave. `misdeed` has the list.

#![cfg(target_family = "wasm")]
#![expect(clippy::panic, clippy::expect_used, missing_docs, reason = "misbehaving is its purpose")]

wit_bindgen::generate!({ path: "../../wit", world: "plugin", generate_all });

mod misdeed;
mod upstream;

use exports::wellhead::plugin::datasource::{Guest, Health, HealthStatus, QueryReply};
use futures::future::{Either, select};
use misdeed::Misdeed;
use std::cell::RefCell;
use std::pin::pin;
use std::time::{Instant, SystemTime};
use wasip3::clocks::monotonic_clock;
use wasip3::random::random::get_random_u64;
use wellhead::plugin::types::{
    CancelReason, DataQuery, DataResponse, ErrorSource, InstanceSettings, PluginError, RequestContext,
};
use wellhead_frame::{Field, Frame};
use wit_bindgen::FutureReader;

#[used]
#[unsafe(link_section = "wellhead:manifest")]
static MANIFEST: [u8; include_bytes!("../plugin.json").len()] = *include_bytes!("../plugin.json");

thread_local! {
    static URL: RefCell<String> = const { RefCell::new(String::new()) };
}

fn url() -> String {
    URL.with_borrow(Clone::clone)
}

pub(crate) fn refused(message: &str) -> PluginError {
    PluginError { status: 400, source: ErrorSource::Downstream, message: message.to_owned(), details: None }
}

/// When a call began, by the clock of WASI 0.2, on which std stands, and by that of WASI 0.3.
struct Began(Instant, u64);

impl Began {
    fn now() -> Self {
        Self(Instant::now(), monotonic_clock::now())
    }

    /// Nanoseconds since then, by each.
    fn elapsed(&self) -> String {
        format!("{} {}", self.0.elapsed().as_nanos(), monotonic_clock::now().saturating_sub(self.1))
    }
}

/// What time it is, how long it took, and a number by chance: a replay must tell what the recording told.
fn answer(query: &DataQuery, began: &Began) -> DataResponse {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let frame = Frame::builder("value")
        .column(Field::new("seconds"), vec![i64::try_from(seconds).unwrap_or_default()])
        .column(Field::new("elapsed"), vec![began.elapsed()])
        .column(Field::new("chance"), vec![get_random_u64().to_string()])
        .build()
        .expect("columns of one row fit each other");
    let frame = frame.to_ipc_stream().expect("a frame of numbers can be written");
    DataResponse { ref_id: query.ref_id.clone(), status: 0, frames: vec![frame], error: None }
}

fn failed(query: &DataQuery, error: PluginError) -> DataResponse {
    DataResponse { ref_id: query.ref_id.clone(), status: error.status, frames: vec![], error: Some(error) }
}

struct Nonconforming;

impl Guest for Nonconforming {
    async fn configure(settings: InstanceSettings) -> Result<(), PluginError> {
        let misdeed =
            Misdeed::of_settings(&settings.json_data).ok_or_else(|| refused("jsonData.misdeed is no text"))?;
        URL.set(settings.url);
        misdeed::commit(misdeed);
        misdeed.in_configure(&settings.json_data).await
    }

    async fn query_data(
        _: RequestContext,
        queries: Vec<DataQuery>,
        cancel: FutureReader<CancelReason>,
    ) -> Result<QueryReply, PluginError> {
        let (misdeed, began) = (misdeed::committed(), Began::now());
        let work = async {
            let mut ready = Vec::new();
            for query in &queries {
                misdeed.before_asking(query);
                let _inside = misdeed.enter();
                misdeed.ask(&url()).await;
                let answer = match misdeed.minds(query).await {
                    None => answer(query, &began),
                    Some(error) => failed(query, error),
                };
                misdeed.answers(answer, &mut ready);
            }
            ready
        };
        if misdeed == Misdeed::IgnoresCancel {
            // It holds the token and never looks.
            let ready = work.await;
            drop(cancel);
            return Ok(QueryReply { ready, rest: None });
        }
        match select(pin!(work), pin!(cancel.into_future())).await {
            Either::Left((ready, _)) => Ok(QueryReply { ready, rest: None }),
            Either::Right(_) => Err(refused("nobody waits any more")),
        }
    }

    async fn check_health(_: RequestContext, cancel: FutureReader<CancelReason>) -> Result<Health, PluginError> {
        let url = url();
        let asked = match select(pin!(upstream::get(&url)), pin!(cancel.into_future())).await {
            Either::Left((asked, _)) => asked,
            Either::Right(_) => return Err(refused("nobody waits any more")),
        };
        Ok(match asked {
            Err(_) if misdeed::committed() == Misdeed::SaysItIsWell => {
                Health { status: HealthStatus::Ok, message: "all is well".to_owned(), details: None }
            }
            Ok(()) => Health { status: HealthStatus::Ok, message: "the upstream answers".to_owned(), details: None },
            Err(why) => Health { status: HealthStatus::Error, message: format!("check the URL: {why}"), details: None },
        })
    }

    async fn shutdown() {}
}

export!(Nonconforming);
