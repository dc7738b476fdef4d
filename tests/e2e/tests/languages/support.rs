//! A plugin of a language before an upstream, and what is asked of it in many tests.

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;
use wellhead_e2e::host::Host;
use wellhead_frame::{Frame, JsonOptions};
use wellhead_runtime::{DataResponse, DataSourceSettings, GuestError, Limits};

/// How long a state may take to come about on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A plugin's file with these settings, and one instance of it: some count what comes to them.
pub(crate) async fn host(plugin: &str, url: String, json_data: Value) -> Result<Host> {
    let json_data: Map<String, Value> = json_data.as_object().cloned().unwrap_or_default();
    let file = wellhead_e2e::host::wasm(plugin)?;
    let settings = DataSourceSettings { url, json_data, ..DataSourceSettings::default() };
    Host::start_within(&file, settings, Limits { replicas: 1, ..Limits::default() }).await
}

/// The plugin `LANGUAGE_cases`.
pub(crate) async fn cases(language: &str, url: String) -> Result<Host> {
    host(&format!("{language}_cases"), url, json!({})).await
}

/// The answer to one query.
pub(crate) async fn ask(host: &Host, model: Value) -> Result<DataResponse> {
    host.ask(&[model], 0, 3_600_000).await?.pop().context("an answer")
}

/// The one frame of an answer that is no error.
pub(crate) async fn frame(host: &Host, model: Value) -> Result<Frame> {
    let mut answer = ask(host, model).await?;
    ensure!(answer.error.is_none(), "{:?}", answer.error);
    answer.frames.pop().context("a frame")
}

/// The error that answers a query.
pub(crate) async fn error(host: &Host, model: Value) -> Result<GuestError> {
    ask(host, model).await?.error.context("an error")
}

/// A frame as Grafana's JSON has it.
pub(crate) fn as_json(frame: &Frame) -> Result<Value> {
    Ok(serde_json::from_slice(&frame.to_json(&JsonOptions::default())?)?)
}

/// Instances of this host that trapped or were ended.
pub(crate) fn crashes(host: &Host) -> bool {
    let mut metrics = String::new();
    host.runtime().encode_metrics(&mut metrics);
    metrics.lines().any(|line| line.starts_with("wellhead_plugin_crashes_total{") && !line.ends_with(" 0"))
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !holds().await? {
        ensure!(Instant::now() < end, "{what} has not come about within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// What all guests of this process have written to their logs.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Begins to keep lines, the first time.
    pub(crate) fn keep() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let lines = tracing_subscriber::fmt().with_max_level(Level::INFO).with_ansi(false).with_writer(log.clone());
            lines.init();
            log
        })
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
