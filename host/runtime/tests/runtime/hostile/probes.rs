//! Healthy data sources that are asked without pause while others misbehave.

use crate::common::{ask, query, source};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_util::task::AbortOnDropHandle;
use wellhead_runtime::{DataSourceSettings, PluginContext, Runtime};

/// What a probe may take. The misdeeds' own limits are the product; this one says that nobody waits for them.
const PROBE_DEADLINE: Duration = Duration::from_secs(2);
/// Between an answer and the next question.
const PAUSE: Duration = Duration::from_millis(5);

/// What became of the probes since they were last read.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When the last answered question of each was put.
    asked: [Option<Instant>; 2],
    pub(super) took: Vec<Duration>,
    pub(super) failed: Vec<String>,
}

impl Seen {
    fn add(&mut self, which: usize, asked: Instant, failure: Option<String>) {
        self.asked[which] = Some(asked);
        self.took.push(asked.elapsed());
        self.failed.extend(failure);
    }

    pub(super) fn p99(&self) -> Duration {
        let mut took = self.took.clone();
        took.sort();
        let place = (took.len() * 99).div_ceil(100).saturating_sub(1);
        took.get(place).copied().unwrap_or_default()
    }
}

/// Two tasks that ask until they are dropped.
pub(super) struct Probes {
    seen: Arc<Mutex<Seen>>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl Probes {
    /// Starts to ask a healthy data source of the hostile plugin, and one of another plugin.
    pub(super) fn start(runtime: &Arc<Runtime>) -> Self {
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let same = source("hostile", "healthy", json!({}));
        let other = source("testdata", "healthy", json!({}));
        let random_walk = json!({ "scenarioId": "random_walk" });
        let tasks = [(0, same, json!({})), (1, other, random_walk)].map(|(which, source, model)| {
            let ask = probe(which, runtime.clone(), Arc::new(source), model, seen.clone());
            AbortOnDropHandle::new(tokio::spawn(ask))
        });
        Self { seen, _tasks: tasks }
    }

    /// What they saw since the last time, once each has had an answer that it asked for after now: what waits in
    /// line behind the misdeed is waited for, and counted.
    pub(super) async fn take(&self) -> Seen {
        let now = Instant::now();
        // A probe ends by its own deadline; twice that is a host that hangs.
        while now.elapsed() < PROBE_DEADLINE * 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let mut seen = self.seen.lock().unwrap();
            if seen.asked.iter().all(|asked| asked.is_some_and(|asked| asked >= now)) {
                return std::mem::take(&mut seen);
            }
        }
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.failed.push(format!("a probe had no answer at all for {:?}", now.elapsed()));
        seen
    }
}

async fn probe(
    which: usize,
    runtime: Arc<Runtime>,
    source: Arc<DataSourceSettings>,
    model: Value,
    seen: Arc<Mutex<Seen>>,
) {
    loop {
        let mut context = PluginContext::for_data_source(source.clone());
        context.timeout = Some(PROBE_DEADLINE);
        let asked = Instant::now();
        let outcome = ask(&runtime, context, [query("A", model.clone())]).await;
        let failure = match outcome {
            Ok(answers) if answers.iter().all(|answer| answer.status == 200) && answers.len() == 1 => None,
            Ok(answers) => Some(format!("{answers:?}")),
            Err(error) => Some(error.to_string()),
        };
        let failure = failure.map(|words| format!("{} after {:?}: {words}", source.plugin_id, asked.elapsed()));
        seen.lock().unwrap().add(which, asked, failure);
        tokio::time::sleep(PAUSE).await;
    }
}
