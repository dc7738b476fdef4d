//! Files no compiler would write: random modules and spoilt copies of a real guest. Each is loaded or refused with a
//! reason, what loads may be called, and the plugin beside them answers all the while.

use crate::common::{ask, query, runtime_from, source, testdata};
use serde_json::json;
use std::fs;
use std::time::Duration;
use wasm_encoder::{
    Component, ComponentExportKind, ComponentExportSection, ComponentInstanceSection, ComponentSectionId,
    InstanceSection, ModuleArg, RawSection,
};
use wasmparser::{Parser, Payload};
use wellhead_runtime::{LimitOverrides, LoadError, PluginContext, Runtime};
use wellhead_test_support::{Change, Random, guest};

const SIDECAR: &[u8] = br#"{"id":"made","name":"Made","type":"datasource","wellhead":{"contract":"0.1.0"}}"#;

/// A runtime with a healthy plugin, and what became of the files that were loaded beside it.
struct Trial {
    runtime: Runtime,
    loaded: usize,
    refused: usize,
}

impl Trial {
    async fn new() -> Self {
        // Short for what is made, as of that nothing good is to come.
        let short = Some(Duration::from_millis(500));
        let limits = LimitOverrides {
            call_deadline: short,
            cancel_grace: short,
            configure_deadline: short,
            drain: short,
            crashes: Some(1_000),
            ..LimitOverrides::default()
        };
        let runtime = runtime_from(Runtime::builder().plugin_limits("made", limits), &["testdata"]).await;
        let trial = Self { runtime, loaded: 0, refused: 0 };
        trial.healthy().await;
        trial
    }

    async fn healthy(&self) {
        let answers =
            ask(&self.runtime, testdata(), [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
        assert!(answers[0].error.is_none() && answers[0].frames[0].num_rows() > 0, "{answers:?}");
    }

    /// Loads a file and, where it loads, calls it. Every other one comes as the next generation of the one before it.
    async fn load(&mut self, what: &str, wasm: &[u8]) {
        if (self.loaded + self.refused).is_multiple_of(2) && self.runtime.registry().get("made").is_some() {
            self.runtime.remove("made").await.unwrap();
        }
        match self.runtime.load_bytes("made", wasm, Some(SIDECAR)).await {
            Ok(manifest) => {
                self.loaded += 1;
                assert_eq!(manifest.id, "made");
                let context = PluginContext::for_data_source(source("made", "made", json!({})));
                if let Err(error) = ask(&self.runtime, context, [query("A", json!({}))]).await {
                    assert!(!error.to_string().is_empty(), "{what}");
                }
            }
            Err(error) => {
                self.refused += 1;
                assert!(!matches!(error, LoadError::Read { .. }), "{what}: {error}");
                assert!(error.to_string().len() < 4_096, "{what}: its reason is no dump of the file");
            }
        }
        self.healthy().await;
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

/// The modules that `tests/made-modules` made with wasm-smith: those in one component.
fn modules() -> Vec<Vec<u8>> {
    let wasm = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/made-modules/modules.wasm")).unwrap();
    let module = |payload| match payload {
        Payload::ModuleSection { unchecked_range, .. } => {
            Some(wasm[place(unchecked_range.start)..place(unchecked_range.end)].to_vec())
        }
        _ => None,
    };
    Parser::new(0).parse_all(&wasm).filter_map(|payload| module(payload.unwrap())).collect()
}

/// A component that claims to be a plugin, around a module that is made as it is loaded.
fn plugin_around(module: &[u8]) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data: module });
    let mut made = InstanceSection::new();
    made.instantiate(0, std::iter::empty::<(&str, ModuleArg)>());
    component.section(&made);
    let mut exported = ComponentInstanceSection::new();
    exported.export_items(std::iter::empty::<(&str, ComponentExportKind, u32)>());
    component.section(&exported);
    let mut exports = ComponentExportSection::new();
    exports.export("wellhead:plugin/datasource@0.1.0", ComponentExportKind::Instance, 0, None);
    component.section(&exports);
    component.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_random_modules_bare_or_as_plugins_load_or_are_refused_and_hurt_nobody() {
    let mut trial = Trial::new().await;
    for (number, module) in modules().into_iter().enumerate() {
        if number % 4 == 0 {
            trial.load(&format!("module {number}"), &module).await;
        } else {
            trial.load(&format!("plugin {number}"), &plugin_around(&module)).await;
        }
    }
    assert!(trial.loaded > 20 && trial.refused > 20, "{} loaded, {} refused", trial.loaded, trial.refused);
}

/// Where the parts of a component lie that are at its top.
fn sections(wasm: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut ends = vec![8_usize];
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                if depth == 0 {
                    ends.push(place(unchecked_range.end));
                }
                depth += 1;
            }
            Payload::End(_) => depth -= 1,
            payload => {
                if let Some((_, range)) = payload.as_section()
                    && depth == 0
                {
                    ends.push(place(range.end));
                }
            }
        }
    }
    ends.windows(2).map(|ends| ends[0]..ends[1]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn spoilt_copies_of_a_real_guest_load_or_are_refused_and_hurt_nobody() {
    let whole = fs::read(guest("testdata")).unwrap();
    let sections = sections(&whole);
    let mut trial = Trial::new().await;
    let mut random = Random::new(5);
    for number in 0..60 {
        let cut = random.below(whole.len());
        trial.load(&format!("cut {number} at {cut}"), &whole[..cut]).await;
    }
    for number in 0..40 {
        let (a, b) = (random.below(sections.len()), random.below(sections.len()));
        let (first, last) = (&sections[a.min(b)], &sections[a.max(b)]);
        let parts =
            [0..first.start, last.clone(), first.end..last.start.max(first.end), first.clone(), last.end..whole.len()];
        let swapped: Vec<u8> = parts.iter().flat_map(|part| whole[part.clone()].iter().copied()).collect();
        trial.load(&format!("sections {number}: {first:?} and {last:?} swapped"), &swapped).await;
    }
    // Few, as most of these are found out only while a megabyte of code is compiled.
    for number in 0..6 {
        let mut spoilt = whole.clone();
        let changes: Vec<_> = (0..=number).map(|_| Change::draw(&mut random)).collect();
        changes.iter().for_each(|change| change.apply(&mut spoilt));
        trial.load(&format!("{changes:?}"), &spoilt).await;
    }
    assert!(trial.refused > 60, "{} loaded, {} refused", trial.loaded, trial.refused);
}
