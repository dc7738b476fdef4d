//! Any order of loading, calling, crashing, rolling back, pinning, disabling and removing, against a model of what a
//! plugin should then be.

use crate::common::{ask, builds, eventually, hostile_as, metric, query, runtime_with, source};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use wellhead_runtime::{Limits, PluginContext, PluginError, PluginState, Runtime};

const ID: &str = "grafana-testdata-datasource";
/// Crashes after which a data source is quarantined here.
const CRASHES: usize = 4;
/// The plugin is idempotent: a call that crashes is made once more, and crashes again.
const CRASHES_A_CALL: usize = 2;

#[derive(Clone, Debug)]
enum Step {
    Load(usize),
    /// Code whose configure panics for the data sources here.
    LoadBad,
    Call(usize),
    Crash(usize),
    RollBack,
    PinCurrent,
    Unpin,
    Disable,
    Enable,
    Decommission,
    Release,
    Remove,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize).prop_map(Step::Load),
        1 => Just(Step::LoadBad),
        6 => (0..2_usize).prop_map(Step::Call),
        2 => (0..2_usize).prop_map(Step::Crash),
        2 => Just(Step::RollBack),
        1 => Just(Step::PinCurrent),
        1 => Just(Step::Unpin),
        1 => Just(Step::Disable),
        1 => Just(Step::Enable),
        1 => Just(Step::Decommission),
        1 => Just(Step::Release),
        1 => Just(Step::Remove),
    ]
}

/// What a plugin should be. Code is told apart by its build.
#[derive(Debug, Default)]
struct Model {
    registered: bool,
    current: Option<Code>,
    previous: Option<Code>,
    /// The build it stays at.
    pinned: Option<Option<usize>>,
    disabled: bool,
    /// Whether the bad code was refused: it is not tried again.
    refused_bad: bool,
    /// The build that was rolled back from: it comes back only by somebody's word, or when other code was there.
    put_aside: Option<Option<usize>>,
    sources: [Source; 2],
    generations: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Source {
    /// The generation that crashes are counted for, and how many there were.
    counted: (u32, usize),
    /// Whether it has an instance.
    live: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Code {
    /// `None` for the bad one.
    build: Option<usize>,
    generation: u32,
}

/// What a call comes to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Answered,
    Crashed,
    Unavailable,
    NotRegistered,
}

impl Model {
    fn load(&mut self, build: Option<usize>) {
        if !self.registered {
            *self = Self { registered: true, ..Self::default() };
        } else if self.current.is_some_and(|code| code.build == build)
            || self.pinned.is_some_and(|pinned| pinned != build)
            || self.disabled
            || build.is_none() && self.refused_bad
            || self.put_aside == Some(build)
        {
            return;
        }
        self.generations += 1;
        self.turn_to(Code { build, generation: self.generations });
    }

    /// True where the code stays: bad code that meets a data source with an instance does not.
    fn turn_to(&mut self, code: Code) -> bool {
        let before = self.current.replace(code);
        (self.previous, self.put_aside) = (before, None);
        if code.build.is_none() && before.is_some() && self.sources.iter().any(|source| source.live) {
            self.reject();
            return false;
        }
        for source in self.sources.iter_mut().filter(|source| source.live) {
            source.counted = (code.generation, 0);
        }
        true
    }

    fn reject(&mut self) {
        self.current = self.previous.take();
        self.refused_bad = true;
    }

    /// Which code serves a call, and what that leads to.
    fn call(&mut self, uid: usize, crash: bool) -> Outcome {
        if !self.registered {
            return Outcome::NotRegistered;
        }
        let Some(code) = self.current.filter(|_| !self.disabled) else { return Outcome::Unavailable };
        let source = &mut self.sources[uid];
        if source.counted.0 != code.generation {
            source.counted = (code.generation, 0);
        }
        if source.counted.1 >= CRASHES {
            return Outcome::Unavailable;
        }
        if code.build.is_none() {
            if self.previous.is_some() {
                self.reject();
                return self.call(uid, crash);
            }
            source.counted.1 += 1;
            return Outcome::Crashed;
        }
        source.live = !crash;
        if crash {
            source.counted.1 += CRASHES_A_CALL;
            return Outcome::Crashed;
        }
        Outcome::Answered
    }
}

struct World {
    runtime: Runtime,
    builds: [Vec<u8>; 3],
    bad: (Vec<u8>, Vec<u8>),
}

impl World {
    async fn call(&self, uid: usize, scenario: &str) -> Outcome {
        // Only the bad code knows what that setting means.
        let settings = source(ID, &format!("ds-{uid}"), json!({ "misdeed": "panic-in-configure" }));
        let context = PluginContext::for_data_source(settings);
        match ask(&self.runtime, context, [query("A", json!({ "scenarioId": scenario }))]).await {
            Ok(_) => Outcome::Answered,
            Err(PluginError::RequestFailure { .. }) => Outcome::Crashed,
            Err(PluginError::Unavailable { .. }) => Outcome::Unavailable,
            Err(PluginError::NotRegistered { .. }) => Outcome::NotRegistered,
            Err(other) => panic!("{other}"),
        }
    }

    async fn load(&self, build: Option<usize>) {
        // What is refused is seen in the plugin's status.
        let _ = match build {
            Some(build) => self.runtime.load_bytes("p", &self.builds[build], None).await,
            None => self.runtime.load_bytes("p", &self.bad.0, Some(&self.bad.1)).await,
        };
    }
}

async fn run(steps: Vec<Step>) {
    let limits = Limits { crashes: CRASHES, ..Limits::default() };
    let builds = builds("testdata");
    let world = World { runtime: runtime_with(&[], limits).await, builds, bad: hostile_as(ID) };
    let runtime = &world.runtime;
    let mut model = Model::default();
    for (place, step) in steps.iter().enumerate() {
        let told = |model: &Model| format!("step {place} of {steps:?}, model {model:?}");
        match step {
            Step::Load(build) => {
                world.load(Some(*build)).await;
                model.load(Some(*build));
            }
            Step::LoadBad => {
                world.load(None).await;
                model.load(None);
            }
            Step::Call(uid) | Step::Crash(uid) => {
                let crash = matches!(step, Step::Crash(_));
                let outcome = world.call(*uid, if crash { "server_panic" } else { "empty" }).await;
                let before = told(&model);
                assert_eq!(outcome, model.call(*uid, crash), "{before}");
            }
            Step::RollBack => {
                let rolled_back = runtime.roll_back(ID).await;
                let before = told(&model);
                let (from, previous) = (model.current, model.previous);
                let expected = previous.is_some_and(|previous| model.turn_to(previous));
                if expected {
                    model.put_aside = from.map(|code| code.build);
                }
                assert_eq!(rolled_back.is_ok(), expected, "{before}");
            }
            Step::PinCurrent => {
                let Some(status) = runtime.plugin_status(ID) else { continue };
                let Some(current) = status.current else { continue };
                runtime.pin(ID, &current.id.hash).await.unwrap();
                model.pinned = model.current.map(|code| code.build);
            }
            Step::Unpin => {
                if runtime.unpin(ID).await.is_ok() {
                    model.pinned = None;
                }
            }
            Step::Disable => {
                if runtime.disable(ID).is_ok() {
                    model.disabled = true;
                    without_instances(runtime, &mut model).await;
                }
            }
            Step::Enable => {
                if runtime.enable(ID).await.is_ok() {
                    model.disabled = false;
                }
            }
            Step::Decommission => {
                if runtime.decommission(ID).await.is_ok() {
                    (model.current, model.previous, model.disabled) = (None, None, false);
                    model.put_aside = None;
                    without_instances(runtime, &mut model).await;
                }
            }
            Step::Release => {
                if runtime.release(ID, None).is_ok() {
                    model.sources.iter_mut().for_each(|source| source.counted.1 = 0);
                }
            }
            Step::Remove => {
                assert_eq!(runtime.remove(ID).await.is_ok(), model.registered, "{}", told(&model));
                model = Model::default();
            }
        }
        agrees(runtime, &model, &told(&model));
    }
    runtime.shutdown(std::time::Duration::from_secs(5)).await;
}

/// Waits until no instance is alive: they end in the background.
async fn without_instances(runtime: &Runtime, model: &mut Model) {
    model.sources.iter_mut().for_each(|source| source.live = false);
    let none = || metric(runtime, "wellhead_plugin_instances{").is_none_or(|instances| instances == 0.0);
    eventually("no instance is alive", none).await;
}

fn agrees(runtime: &Runtime, model: &Model, context: &str) {
    let status = runtime.plugin_status(ID);
    assert_eq!(status.is_some(), model.registered, "{context}");
    let Some(status) = status else { return };
    let number = |generation: &Option<wellhead_runtime::GenerationStatus>| {
        generation.as_ref().map(|generation| generation.id.number)
    };
    assert_eq!(number(&status.current), model.current.map(|code| u64::from(code.generation)), "{context}");
    assert_eq!(number(&status.previous), model.previous.map(|code| u64::from(code.generation)), "{context}");
    assert_eq!(status.pinned.is_some(), model.pinned.is_some(), "{context}");
    assert_eq!(status.state == PluginState::Disabled, model.disabled, "{context}");
}

#[test]
fn a_plugin_is_what_the_model_says_after_any_sequence_of_events() {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // The same sequences each time, unless somebody looks for others.
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let mut runner = match std::env::var_os("WELLHEAD_OTHER_SEQUENCES") {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let steps = proptest::collection::vec(step(), 1..20);
    runner
        .run(&steps, |steps| {
            tokio.block_on(run(steps));
            Ok(())
        })
        .unwrap();
}
