//! A guest that breaks the rule its settings name (`{"misdeed": "…"}`), for tests of what that costs.
//!
//! It stands on the bare contract and not on the SDK, which would not let it misbehave. Without a misdeed it answers
//! every query with no frames. A query may name a misdeed of its own in its model, with parameters beside it; a resource
//! call and a live channel name theirs by the path. One module a kind of misdeed.

#![cfg(target_family = "wasm")]
#![expect(clippy::panic, clippy::expect_used, missing_docs, reason = "misbehaving is its purpose")]

wit_bindgen::generate!({ path: "../../wit", world: "plugin-full", generate_all });

mod allocator;
mod cancel;
mod crash;
mod deed;
mod fetch;
mod frames;
mod handles;
mod logging;
mod memory;
mod replies;
mod resource;
mod spin;
mod store;
mod streaming;
mod wasi;
mod wasi_net;

use deed::{Deed, Outcome, error, response};
use exports::wellhead::plugin::datasource::{Guest as DataSource, Health, HealthStatus, QueryReply};
use exports::wellhead::plugin::resources::{Guest as Resources, ResourceRequest, ResourceResponse};
use exports::wellhead::plugin::streaming::{Guest as Streaming, Packet, Published, Subscribed};
use wellhead::plugin::types::{CancelReason, DataQuery, InstanceSettings, PluginError, RequestContext};
use wit_bindgen::{FutureReader, StreamReader};

#[used]
#[unsafe(link_section = "wellhead:manifest")]
static MANIFEST: [u8; include_bytes!("../plugin.json").len()] = *include_bytes!("../plugin.json");

struct Hostile;

/// What a query's misdeed comes to, or nothing where no module knows it.
async fn commit(deed: &Deed, query: &DataQuery, cancel: &mut Option<FutureReader<CancelReason>>) -> Option<Outcome> {
    let at_once = spin::query(deed, query)
        .or_else(|| crash::query(deed, query))
        .or_else(|| memory::query(deed))
        .or_else(|| logging::query(deed))
        .or_else(|| store::query(deed))
        .or_else(|| replies::query(deed, query))
        .or_else(|| frames::query(deed, query))
        .or_else(|| wasi::query(deed))
        .or_else(|| wasi_net::query(deed));
    if at_once.is_some() {
        return at_once;
    }
    if let Some(outcome) = cancel::query(deed, query, cancel).await {
        return Some(outcome);
    }
    if let Some(outcome) = handles::query(deed).await {
        return Some(outcome);
    }
    if let Some(outcome) = fetch::query(deed).await {
        return Some(outcome);
    }
    wasi_net::wait(deed).await
}

impl DataSource for Hostile {
    async fn configure(settings: InstanceSettings) -> Result<(), PluginError> {
        let deed = deed::of_settings(settings);
        match deed.name() {
            "panic-in-configure" => panic!("asked to panic in configure"),
            "spin-in-configure" => spin::forever(),
            "refuse-settings" => Err(error(400, "the key \"color\" must be a color")),
            "sleep-in-configure" => {
                cancel::sleep_ms(3_600_000).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn query_data(
        _: RequestContext,
        queries: Vec<DataQuery>,
        cancel: FutureReader<CancelReason>,
    ) -> Result<QueryReply, PluginError> {
        let (mut ready, mut cancel) = (Vec::new(), Some(cancel));
        for query in &queries {
            let deed = Deed::of(&query.model).unwrap_or_else(deed::configured);
            match commit(&deed, query, &mut cancel).await {
                Some(Outcome::Reply(reply)) => return reply,
                Some(Outcome::Answers(answers)) => ready.extend(answers),
                Some(Outcome::Told(words)) => ready.push(deed::failed(&query.ref_id, 418, words)),
                None => ready.push(response(&query.ref_id, vec![])),
            }
        }
        Ok(QueryReply { ready, rest: None })
    }

    async fn check_health(_: RequestContext, cancel: FutureReader<CancelReason>) -> Result<Health, PluginError> {
        let well = Health { status: HealthStatus::Ok, message: "well".into(), details: Some("not json".into()) };
        match deed::configured().name() {
            "fail-health" => Err(error(500, "no pulse")),
            "panic-in-health" => panic!("asked to panic in check-health"),
            "spin-in-health" => spin::forever(),
            "sleep-in-health" => {
                drop(cancel);
                cancel::sleep_ms(3_600_000).await;
                Ok(well)
            }
            "long-health" => Ok(Health { message: "x".repeat(10 << 20), details: Some("{".repeat(10 << 20)), ..well }),
            "secret-health" => Ok(Health { message: format!("using {}", deed::secret()), ..well }),
            _ => Ok(well),
        }
    }

    async fn shutdown() {
        match deed::configured().name() {
            "spin-in-shutdown" => spin::forever(),
            "sleep-in-shutdown" => cancel::sleep_ms(3_600_000).await,
            "panic-in-shutdown" => panic!("asked to panic in shutdown"),
            _ => {}
        }
    }
}

impl Resources for Hostile {
    async fn call_resource(
        _: RequestContext,
        request: ResourceRequest,
        cancel: FutureReader<CancelReason>,
    ) -> Result<ResourceResponse, PluginError> {
        resource::call(request, cancel).await
    }
}

impl Streaming for Hostile {
    async fn subscribe_stream(_: RequestContext, path: String, _: String) -> Result<Subscribed, PluginError> {
        streaming::subscribe(&path).await
    }

    async fn run_stream(
        _: RequestContext,
        path: String,
        _: String,
        cancel: FutureReader<CancelReason>,
    ) -> Result<StreamReader<Packet>, PluginError> {
        streaming::run(path, cancel).await
    }

    async fn publish_stream(_: RequestContext, path: String, _: String) -> Result<Published, PluginError> {
        streaming::publish(&path).await
    }
}

export!(Hostile);
