//! The real host with one plugin, and a data source to ask.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use serde_json::{Map, Value};
use wellhead_frame::Frame;
use wellhead_runtime::{
    DataQuery, DataResponse, DataSourceSettings, EpochTime, Limits, Piece, PluginContext, QueryDataRequest, Runtime,
    TimeRange,
};

/// How long one call may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// A host whose one plugin serves one data source.
pub struct Host {
    runtime: Runtime,
    context: PluginContext,
}

impl Host {
    /// Loads `target/plugins/NAME.wasm`, which `make build` leaves there, for a data source at `url`.
    pub async fn start(plugin: &str, url: String, json_data: Map<String, Value>) -> Result<Self> {
        Self::start_with(&wasm(plugin)?, DataSourceSettings { url, json_data, ..DataSourceSettings::default() }).await
    }

    /// Loads a plugin's file for a data source with these settings.
    pub async fn start_with(plugin: &Path, settings: DataSourceSettings) -> Result<Self> {
        Self::start_within(plugin, settings, Limits::default()).await
    }

    /// The same, within limits other than a host's own.
    pub async fn start_within(plugin: &Path, settings: DataSourceSettings, limits: Limits) -> Result<Self> {
        let runtime = Runtime::builder().compile_cache(compile_cache()).limits(limits).build()?;
        let manifest = runtime.load_file(plugin).await?;
        let settings = DataSourceSettings {
            uid: "e2e".to_owned(),
            org_id: 1,
            plugin_id: manifest.id.clone(),
            name: "e2e".to_owned(),
            version: 1,
            ..settings
        };
        let context = PluginContext { timeout: Some(PATIENCE), ..PluginContext::for_data_source(Arc::new(settings)) };
        Ok(Self { runtime, context })
    }

    /// The same host, whose calls may take no longer than this.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.context.timeout = Some(patience);
        self
    }

    /// Asks all models over these milliseconds in one request, and gives the answers in their order.
    pub async fn ask(&self, models: &[Value], from: i64, to: i64) -> Result<Vec<DataResponse>> {
        let time_range = TimeRange { from: EpochTime::from_millis(from), to: EpochTime::from_millis(to) };
        let query = |(number, model): (usize, &Value)| DataQuery {
            ref_id: ref_id(number),
            max_data_points: 11_000,
            interval_ms: 1_000,
            time_range,
            model: model.to_string(),
            ..DataQuery::default()
        };
        let request = QueryDataRequest { queries: models.iter().enumerate().map(query).collect() };
        let reply = self.runtime.client().query_data(self.context.clone(), request).await?;
        let mut answers = reply.ready;
        if let Some(rest) = reply.rest {
            answers.extend(read(rest).await?);
        }
        ensure!(answers.len() == models.len(), "{} answers to {} queries", answers.len(), models.len());
        (0..models.len())
            .map(|number| {
                let at = answers.iter().position(|answer| answer.ref_id == ref_id(number));
                at.map(|at| answers.swap_remove(at)).with_context(|| format!("no answer to query {number}"))
            })
            .collect()
    }

    /// The host itself.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The data source's context.
    pub fn context(&self) -> PluginContext {
        self.context.clone()
    }
}

fn ref_id(number: usize) -> String {
    format!("Q{number}")
}

/// Puts the pieces of large answers together.
async fn read(mut pieces: wellhead_runtime::PieceStream) -> Result<Vec<DataResponse>> {
    let mut open: Vec<(String, u32, Frame)> = Vec::new();
    let mut done = Vec::new();
    while let Some(piece) = pieces.next().await {
        match piece? {
            Piece::Begin { ref_id, frame, schema } => open.push((ref_id, frame, Frame::try_new(schema, Vec::new())?)),
            Piece::Batch { frame, batch } => {
                let (_, _, frame) = open.iter_mut().find(|(_, number, _)| *number == frame).context("an open frame")?;
                frame.push_batch(batch)?;
            }
            Piece::Done(mut response) => {
                let of_this =
                    |(ref_id, _, frame): &(String, u32, Frame)| (*ref_id == response.ref_id).then(|| frame.clone());
                let mut frames: Vec<Frame> = open.iter().filter_map(of_this).collect();
                open.retain(|(ref_id, ..)| *ref_id != response.ref_id);
                frames.append(&mut response.frames);
                done.push(DataResponse { frames, ..response });
            }
        }
    }
    Ok(done)
}

/// Where compiled plugins are kept: every test has a host of its own, and none wants to wait for the same compilation.
pub fn compile_cache() -> PathBuf {
    target().join("tmp/compiled")
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

/// `target/plugins/NAME.wasm` or `target/guests/NAME.wasm`, or what cargo has just built.
pub fn wasm(plugin: &str) -> Result<PathBuf> {
    let target = target();
    let places = ["plugins", "guests", "wasm32-wasip2/plugin"].map(|folder| format!("{folder}/{plugin}.wasm"));
    let found = places.iter().map(|place| target.join(place)).filter(|path| path.is_file());
    // The younger one: a test that ran against yesterday's plugin would prove nothing.
    let youngest = found.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok());
    youngest.with_context(|| {
        format!("{plugin}.wasm is not built: run `make build`, or `make guests` for those in Python and JavaScript")
    })
}
