//! A guest that breaks the rule its settings name (`{"misdeed": "…"}`), for tests of what that costs.
//!
//! It stands on the bare contract and not on the SDK, which would not let it misbehave. Without a misdeed it answers
//! every query with no frames. A query may name a misdeed of its own (`{"misdeed": "…"}` in its model).

#![cfg(target_family = "wasm")]
#![expect(clippy::panic, missing_docs, reason = "misbehaving is its purpose")]

wit_bindgen::generate!({ path: "../../wit", world: "plugin-resources", generate_all });

use exports::wellhead::plugin::datasource::{Guest as DataSource, Health, HealthStatus, QueryReply};
use exports::wellhead::plugin::resources::{Guest as Resources, ResourceRequest, ResourceResponse};
use std::cell::RefCell;
use wasip3::clocks::monotonic_clock;
use wellhead::plugin::fetch;
use wellhead::plugin::log::{self, Level};
use wellhead::plugin::types::{
    CancelReason, DataQuery, DataResponse, ErrorSource, FrameBatch, FrameBegin, InstanceSettings, Piece, PluginError,
    RequestContext,
};
use wellhead::plugin::{cache, metrics};
use wit_bindgen::{FutureReader, spawn_local};

#[used]
#[unsafe(link_section = "wellhead:manifest")]
static MANIFEST: [u8; include_bytes!("../plugin.json").len()] = *include_bytes!("../plugin.json");

thread_local! {
    static MISDEED: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Hostile;

fn misdeed() -> String {
    MISDEED.with_borrow(Clone::clone)
}

fn misdeed_in(json: &str) -> Option<String> {
    text_in(json, "misdeed")
}

fn text_in(json: &str, key: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(json).ok()?;
    json.get(key)?.as_str().map(str::to_owned)
}

/// Fetches the query's `url` and tells, as an error's message, what came of it.
async fn fetch(query: &DataQuery) -> Vec<DataResponse> {
    let url = text_in(&query.model, "url").unwrap_or_default();
    let request = fetch::Request { method: "GET".into(), url, headers: vec![], body: vec![] };
    let told = match fetch::send(&request).await {
        Ok(response) => {
            let body = response.body.collect().await;
            format!("{} {}", response.status, String::from_utf8_lossy(&body))
        }
        Err(error) => format!("{error:?}"),
    };
    vec![DataResponse { error: Some(error(418, told)), ..response(&query.ref_id, vec![]) }]
}

/// Uses every other import once, and tells what the cache gave back.
fn use_imports(query: &DataQuery) -> Vec<DataResponse> {
    log::write(Level::Info, "hostile", "a line", &[("key".into(), "value".into())]);
    metrics::add("hostile_calls", 1.0, &[]);
    metrics::set("hostile_level", 0.5, &[("kind".into(), "test".into())]);
    metrics::observe("hostile_wait_seconds", 0.2, &[]);
    let before = cache::get("seen").is_some();
    cache::set("seen", &[1], 60_000);
    let told = format!("seen before: {before}, now: {}", cache::get("seen").is_some());
    vec![DataResponse { error: Some(error(418, told)), ..response(&query.ref_id, vec![]) }]
}

fn spin() -> ! {
    let mut count = 0_u64;
    loop {
        count = std::hint::black_box(count.wrapping_add(1));
    }
}

async fn sleep_ms(milliseconds: u64) {
    monotonic_clock::wait_for(milliseconds * 1_000_000).await;
}

fn response(ref_id: &str, frames: Vec<Vec<u8>>) -> DataResponse {
    DataResponse { ref_id: ref_id.into(), status: 0, frames, error: None }
}

fn error(status: u16, message: impl Into<String>) -> PluginError {
    PluginError { status, source: ErrorSource::Downstream, message: message.into(), details: None }
}

async fn answer(query: &DataQuery, misdeed: &str) -> Vec<DataResponse> {
    let id = query.ref_id.as_str();
    match misdeed {
        "panic" => panic!("asked to panic by query {id}"),
        "trap" => std::process::abort(),
        "spin" => spin(),
        "sleep-50" => {
            sleep_ms(50).await;
            vec![response(id, vec![])]
        }
        "ignore-cancel" => {
            sleep_ms(3_600_000).await;
            vec![]
        }
        "allocate" => {
            let hoard: Vec<Vec<u8>> = (0..1_024).map(|_| vec![1_u8; 1 << 20]).collect();
            vec![response(id, vec![vec![hoard.len() as u8]])]
        }
        "fetch" => fetch(query).await,
        "imports" => use_imports(query),
        "no-answer" => vec![],
        "answer-twice" => vec![response(id, vec![]), response(id, vec![vec![0; 8]])],
        "wrong-ref-id" => vec![response("not-asked", vec![])],
        "garbage-frame" => vec![response(id, vec![vec![0xff; 64]])],
        "strange-status" => vec![DataResponse { ref_id: id.into(), status: 9_999, frames: vec![], error: None }],
        "error" => {
            let failed = error(9, format!("no {id} today"));
            vec![DataResponse { ref_id: id.into(), status: 0, frames: vec![], error: Some(failed) }]
        }
        _ => vec![response(id, vec![])],
    }
}

/// Misdeeds with a reply as a whole.
async fn special_reply(queries: &[DataQuery], misdeed: &str) -> Option<Result<QueryReply, PluginError>> {
    let id = queries.first().map(|query| query.ref_id.clone()).unwrap_or_default();
    match misdeed {
        "fail-call" => Some(Err(error(503, "nothing works"))),
        "transfer" => Some(Ok(QueryReply { ready: vec![response(&id, vec![vec![0; 200 << 20]])], rest: None })),
        "endless-pieces" | "garbage-pieces" | "unfinished-pieces" => {
            let (mut pieces, rest) = wit_stream::new::<Piece>();
            let endless = misdeed == "endless-pieces";
            let finish = misdeed == "garbage-pieces";
            spawn_local(async move {
                let begin = Piece::Begin(FrameBegin { ref_id: id.clone(), frame: 1, schema: vec![0; 64] });
                if pieces.write_one(begin).await.is_some() {
                    return;
                }
                loop {
                    let batch = Piece::Batch(FrameBatch { frame: 1, message: vec![0; 1024] });
                    if pieces.write_one(batch).await.is_some() || !endless {
                        break;
                    }
                }
                if finish {
                    pieces.write_one(Piece::Done(response(&id, vec![]))).await;
                }
            });
            Some(Ok(QueryReply { ready: vec![], rest: Some(rest) }))
        }
        _ => None,
    }
}

impl DataSource for Hostile {
    async fn configure(settings: InstanceSettings) -> Result<(), PluginError> {
        let misdeed = misdeed_in(&settings.json_data).unwrap_or_default();
        match misdeed.as_str() {
            "panic-in-configure" => panic!("asked to panic in configure"),
            "spin-in-configure" => spin(),
            "refuse-settings" => return Err(error(400, "the key \"color\" must be a color")),
            _ => {}
        }
        MISDEED.set(misdeed);
        Ok(())
    }

    async fn query_data(
        _: RequestContext,
        queries: Vec<DataQuery>,
        _cancel: FutureReader<CancelReason>,
    ) -> Result<QueryReply, PluginError> {
        let mut ready = Vec::new();
        for query in &queries {
            let misdeed = misdeed_in(&query.model).unwrap_or_else(misdeed);
            if let Some(reply) = special_reply(&queries, &misdeed).await {
                return reply;
            }
            ready.extend(answer(query, &misdeed).await);
        }
        Ok(QueryReply { ready, rest: None })
    }

    async fn check_health(_: RequestContext, _: FutureReader<CancelReason>) -> Result<Health, PluginError> {
        match misdeed().as_str() {
            "fail-health" => Err(error(500, "no pulse")),
            "panic-in-health" => panic!("asked to panic in check-health"),
            _ => Ok(Health { status: HealthStatus::Ok, message: "well".into(), details: Some("not json".into()) }),
        }
    }

    async fn shutdown() {
        if misdeed() == "spin-in-shutdown" {
            spin();
        }
    }
}

impl Resources for Hostile {
    async fn call_resource(
        _: RequestContext,
        request: ResourceRequest,
        _cancel: FutureReader<CancelReason>,
    ) -> Result<ResourceResponse, PluginError> {
        let misdeed = request.path.clone();
        let (mut body, reader) = wit_stream::new::<Result<Vec<u8>, PluginError>>();
        let (status, headers) = match misdeed.as_str() {
            "status" => (99, vec![]),
            "header-name" => (200, vec![("bad name".into(), b"x".to_vec())]),
            "header-value" => (200, vec![("x-split".into(), b"a\r\nset-cookie: b".to_vec())]),
            "fail" => return Err(error(418, "no such resource")),
            _ => (200, vec![("content-type".into(), b"text/plain".to_vec())]),
        };
        spawn_local(async move {
            match misdeed.as_str() {
                "broken-body" => {
                    body.write_one(Ok(b"half".to_vec())).await;
                    body.write_one(Err(error(502, "the other half is lost"))).await;
                }
                "endless-body" => while body.write_one(Ok(vec![0; 4096])).await.is_none() {},
                "panic-in-body" => {
                    body.write_one(Ok(b"half".to_vec())).await;
                    panic!("asked to panic while streaming")
                }
                _ => {
                    body.write_one(Ok(b"ok".to_vec())).await;
                }
            }
        });
        Ok(ResourceResponse { status, headers, body: reader })
    }
}

export!(Hostile);
