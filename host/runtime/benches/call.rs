//! What does Wellhead add to a call, on top of the guest's own work?
//!
//! An empty query of the testdata plugin, in CPU time of the whole process (both sides, all threads), through
//! - `runtime`: the public API of wellhead-runtime;
//! - `bare`: the same component on wasmtime alone, called inside one `run_concurrent` (`wellhead_peer_bare::Bare`);
//! - `actor`: the same, behind one task and a channel.
//!
//! Rounds interleave, medians are compared. Wall time is not compared: it depends on who else uses the machine. Not
//! measured: compiling, instantiating, frames.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and ends where it cannot go on"
)]

use futures::StreamExt;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use wellhead_peer_bare::{Ask, Bare};
use wellhead_runtime::{DataQuery, DataSourceSettings, PluginContext, QueryDataRequest, Runtime};

const MODEL: &str = r#"{"scenarioId":"empty"}"#;
const ROUNDS: usize = 7;
const CALLS: usize = 20_000;

fn main() {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    threads.block_on(compare());
}

async fn compare() {
    let wasm = wellhead_test_support::guest("testdata");
    let runtime = Runtime::builder().guest_threads(2).build().unwrap();
    let manifest = runtime.load_file(&wasm).await.unwrap();
    let source =
        DataSourceSettings { org_id: 1, uid: "bench".into(), plugin_id: manifest.id.clone(), ..Default::default() };
    let context = PluginContext::for_data_source(source);
    let bare = Bare::compile(&wasm).unwrap();
    let ask = Ask::Query { model: MODEL.to_owned(), queries: 1 };

    println!("CPU a call, median of {ROUNDS} interleaved rounds of {CALLS} empty queries (least to most)");
    for (in_flight, limit) in [(64, "1.5 x bare"), (1, "2 x actor")] {
        let mut runs = [Vec::new(), Vec::new(), Vec::new()];
        // The first round warms up and is not counted.
        for round in 0..=ROUNDS {
            let took = [
                cpu_of(through_runtime(&runtime, &context, in_flight)).await,
                cpu_of(async { drop(bare.calls(&ask, CALLS, in_flight).await.unwrap()) }).await,
                cpu_of(async { drop(bare.actor(&ask, CALLS, in_flight).await.unwrap()) }).await,
            ];
            if round > 0 {
                runs.iter_mut().zip(took).for_each(|(runs, took)| runs.push(took));
            }
        }
        let [runtime, bare, actor] = runs.map(|mut runs| {
            runs.sort();
            runs
        });
        println!("{in_flight} in flight (aim: runtime at most {limit})");
        for (name, runs) in [("runtime", &runtime), ("bare", &bare), ("actor", &actor)] {
            println!(
                "  {name:8} {:6.2} µs ({:.2} to {:.2})   {:.2} x bare   {:.2} x actor",
                each(median(runs)),
                each(runs[0]),
                each(runs[ROUNDS - 1]),
                median(runs).as_secs_f64() / median(&bare).as_secs_f64(),
                median(runs).as_secs_f64() / median(&actor).as_secs_f64(),
            );
        }
    }
}

async fn through_runtime(runtime: &Runtime, context: &PluginContext, in_flight: usize) {
    let client = runtime.client();
    let one = |_| async {
        let query = DataQuery { ref_id: "A".into(), interval_ms: 1, model: MODEL.into(), ..Default::default() };
        let reply = client.query_data(context.clone(), QueryDataRequest { queries: vec![query] }).await.unwrap();
        assert!(reply.ready.len() == 1 && reply.rest.is_none());
    };
    futures::stream::iter(0..CALLS).for_each_concurrent(in_flight, one).await;
}

async fn cpu_of(work: impl Future<Output = ()>) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let before = now();
    work.await;
    now() - before
}

fn median(sorted: &[Duration]) -> Duration {
    sorted[sorted.len() / 2]
}

fn each(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6 / CALLS as f64
}
