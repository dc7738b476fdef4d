//! A runtime with the built guests, and short ways to ask it.

use futures::StreamExt;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wellhead_frame::Frame;
use wellhead_runtime::{
    DataQuery, DataResponse, DataSourceSettings, EpochTime, Limits, Piece, PluginContext, PluginError, QueryDataReply,
    QueryDataRequest, Runtime, RuntimeBuilder, TimeRange,
};
use wellhead_test_support::guest;

/// A runtime with the guests `names`.
pub(crate) async fn runtime_with(names: &[&str], limits: Limits) -> Runtime {
    runtime_from(Runtime::builder().limits(limits), names).await
}

/// What `builder` builds, with the guests `names` and compiled code cached where all tests find it.
pub(crate) async fn runtime_from(builder: RuntimeBuilder, names: &[&str]) -> Runtime {
    let cache = guest("testdata").with_file_name("../test-compile-cache");
    let runtime = builder.compile_cache(cache).guest_threads(2).build().unwrap();
    for name in names {
        runtime.load_file(&guest(name)).await.unwrap();
    }
    runtime
}

pub(crate) async fn runtime(names: &[&str]) -> Runtime {
    runtime_with(names, Limits::default()).await
}

/// Three builds of one guest: the same code, told apart by a custom section at the end.
pub(crate) fn builds(name: &str) -> [Vec<u8>; 3] {
    let wasm = std::fs::read(guest(name)).unwrap();
    [1_u8, 2, 3].map(|build| {
        // Section id 0, its size, the length of its name, the name.
        [wasm.as_slice(), &[0, 3, 1, b'b', build]].concat()
    })
}

/// The hostile guest and a manifest that passes it off as plugin `id`.
pub(crate) fn hostile_as(id: &str) -> (Vec<u8>, Vec<u8>) {
    let manifest = json!({ "id": id, "name": id, "type": "datasource", "wellhead": { "contract": "0.1.0" } });
    (std::fs::read(guest("hostile")).unwrap(), manifest.to_string().into_bytes())
}

/// As [`source`], shared.
pub(crate) fn settings_of(plugin_id: &str, uid: &str, json_data: Value) -> Arc<DataSourceSettings> {
    Arc::new(source(plugin_id, uid, json_data))
}

/// A data source of plugin `plugin_id`.
pub(crate) fn source(plugin_id: &str, uid: &str, json_data: Value) -> DataSourceSettings {
    let json_data = match json_data {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    DataSourceSettings {
        id: 1,
        org_id: 1,
        uid: uid.into(),
        name: uid.into(),
        plugin_id: plugin_id.into(),
        json_data,
        version: 1,
        ..Default::default()
    }
}

/// A data source of the hostile guest that does `misdeed`.
pub(crate) fn hostile(misdeed: &str) -> PluginContext {
    PluginContext::for_data_source(source("hostile", misdeed, json!({ "misdeed": misdeed })))
}

/// A data source of the testdata plugin.
pub(crate) fn testdata() -> PluginContext {
    PluginContext::for_data_source(source("testdata", "testdata", json!({})))
}

/// One query over an hour.
pub(crate) fn query(ref_id: &str, model: Value) -> DataQuery {
    DataQuery {
        ref_id: ref_id.into(),
        query_type: String::new(),
        max_data_points: 100,
        interval_ms: 1_000,
        time_range: TimeRange { from: EpochTime::from_millis(0), to: EpochTime::from_millis(3_600_000) },
        model: model.to_string(),
    }
}

pub(crate) fn request(queries: impl IntoIterator<Item = DataQuery>) -> QueryDataRequest {
    QueryDataRequest { queries: queries.into_iter().collect() }
}

/// Asks and reads the whole answer, in the order of the ref-ids.
pub(crate) async fn ask(
    runtime: &Runtime,
    context: PluginContext,
    queries: impl IntoIterator<Item = DataQuery>,
) -> Result<Vec<DataResponse>, PluginError> {
    let reply: QueryDataReply = runtime.client().query_data(context, request(queries)).await?;
    let mut answers = reply.ready;
    let mut open: BTreeMap<u32, (String, Frame)> = BTreeMap::new();
    let mut pieces = reply.rest;
    while let Some(rest) = pieces.as_mut() {
        match rest.next().await.transpose()? {
            Some(Piece::Begin { ref_id, frame, schema }) => {
                open.insert(frame, (ref_id, Frame::try_new(schema, vec![]).unwrap()));
            }
            Some(Piece::Batch { frame, batch }) => open.get_mut(&frame).unwrap().1.push_batch(batch).unwrap(),
            Some(Piece::Done(mut answer)) => {
                let done = open.extract_if(.., |_, (ref_id, _)| *ref_id == answer.ref_id);
                answer.frames.splice(0..0, done.map(|(_, (_, frame))| frame));
                answers.push(answer);
            }
            None => pieces = None,
        }
    }
    answers.sort_by(|a, b| a.ref_id.cmp(&b.ref_id));
    Ok(answers)
}

/// Polls until `done`, ten seconds at most.
pub(crate) async fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(10), "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The value of a metric's line that begins with `start`.
pub(crate) fn metric(runtime: &Runtime, start: &str) -> Option<f64> {
    let mut text = String::new();
    runtime.encode_metrics(&mut text);
    text.lines().find(|line| line.starts_with(start))?.rsplit(' ').next()?.parse().ok()
}
