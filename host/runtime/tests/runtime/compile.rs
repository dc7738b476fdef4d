//! Compiling: in a process that is bounded and leaves nothing behind, once a machine, from a folder that heals itself.

use crate::common::{ask, eventually, query, source, testdata};
use serde_json::json;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use wellhead_runtime::{CompileCommand, CompileFor, Limits, PluginContext, Runtime};
use wellhead_test_support::guest;

const WORKER: &str = env!("CARGO_BIN_EXE_wellhead-test-compile-worker");

/// A worker that is told from others by an argument it does not look at.
fn worker(mark: &str) -> CompileCommand {
    CompileCommand::new(WORKER, [mark])
}

fn no_worker() -> CompileCommand {
    CompileCommand::new("/no/such/program", [] as [&str; 0])
}

fn shell(script: &str) -> CompileCommand {
    CompileCommand::new("sh", ["-c", script])
}

/// A runtime with the testdata plugin, which compiles by `command` and keeps code in `folder`.
async fn runtime(command: CompileCommand, folder: Option<&Path>) -> Runtime {
    let mut builder = Runtime::builder().guest_threads(1).compile_in_child(command);
    if let Some(folder) = folder {
        builder = builder.compile_cache(folder);
    }
    let runtime = builder.build().unwrap();
    runtime.load_file(&guest("testdata")).await.unwrap();
    runtime
}

async fn answer(runtime: &Runtime) -> Result<(), String> {
    let asked = ask(runtime, testdata(), [query("A", json!({ "scenarioId": "random_walk" }))]).await;
    asked.map(drop).map_err(|error| error.to_string())
}

/// A small plugin that is valid and made to compile for long: one function, with `size` variables that are alive in `size`
/// loops, each in the other. Every loop has every variable as a parameter, and what must be placed grows with the square.
/// 1,000 take a minute, 2,000 more than 256 MiB.
fn costly(size: usize) -> Vec<u8> {
    let variables = " i32".repeat(size);
    let change = |i: usize| format!("local.get {} i32.const 1 i32.add local.set {i} ", (i + 1) % size);
    let changes: String = (0..size).map(change).collect();
    let (begin, end) = ("loop ".repeat(size), "local.get 0 br_if 0 end ".repeat(size));
    let module = format!("(core module (func (local{variables}) {begin}{changes}{end}))");
    let plugin = r#"(instance $i) (export "wellhead:plugin/datasource@0.1.0" (instance $i))"#;
    wat::parse_str(format!("(component {module} {plugin})")).unwrap()
}

/// Loads `wasm` as the plugin `costly`; it is compiled in the background from then on.
async fn load(runtime: &Runtime, wasm: &[u8]) {
    let sidecar = br#"{"id":"costly","name":"C","type":"datasource","wellhead":{"contract":"0.1.0"}}"#;
    runtime.load_bytes("costly", wasm, Some(sidecar)).await.unwrap();
}

/// What a call to the plugin `costly` is told.
async fn refusal(runtime: &Runtime) -> String {
    let context = PluginContext::for_data_source(source("costly", "costly", json!({})));
    ask(runtime, context, [query("A", json!({}))]).await.unwrap_err().to_string()
}

/// The processes with this argument.
fn processes(mark: &str) -> Vec<PathBuf> {
    let marked = |process: &PathBuf| {
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        command.split(|byte| *byte == 0).any(|argument| argument == mark.as_bytes())
    };
    let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    all.filter(marked).collect()
}

fn niceness(process: &Path) -> i32 {
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    // The name before it may have spaces.
    stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().parse().unwrap()
}

fn names(folder: &Path) -> Vec<OsString> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_compiled_once_is_taken_from_the_folder_without_a_worker() {
    let folder = tempfile::tempdir().unwrap();
    let cold = runtime(worker("once"), Some(folder.path())).await;
    answer(&cold).await.unwrap();
    let warm = runtime(no_worker(), Some(folder.path())).await;
    answer(&warm).await.unwrap();
    let [file] = names(folder.path()).try_into().unwrap();
    let file = folder.path().join(file);
    assert_eq!(file.extension().unwrap(), "cwasm");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_the_workers_code_lives_in_memory() {
    answer(&runtime(worker("memory"), None).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn code_for_development_answers_as_code_for_serving_does_and_is_kept_apart_from_it() {
    let folder = tempfile::tempdir().unwrap();
    for (purpose, kept) in [(CompileFor::Serving, 1), (CompileFor::Development, 2)] {
        let builder = Runtime::builder().guest_threads(1).compile_for(purpose).compile_cache(folder.path());
        let runtime = builder.compile_in_child(worker("purpose")).build().unwrap();
        runtime.load_file(&guest("testdata")).await.unwrap();
        answer(&runtime).await.unwrap();
        assert_eq!(names(folder.path()).len(), kept, "{purpose:?}");
    }
    let here = Runtime::builder().guest_threads(1).compile_for(CompileFor::Development).build().unwrap();
    here.load_file(&guest("testdata")).await.unwrap();
    answer(&here).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plugins_with_the_same_code_compile_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let once = folder.path().join("once");
    let script = r#"mkdir "$0" && exec "$1""#;
    let command = CompileCommand::new("sh", ["-c".as_ref(), script.as_ref(), once.as_os_str(), WORKER.as_ref()]);
    let runtime = runtime(command, None).await;
    answer(&runtime).await.unwrap();
    let other = br#"{"id":"other","name":"O","type":"datasource","wellhead":{"contract":"0.1.0"}}"#;
    runtime.load_bytes("other", fs::read(guest("testdata")).unwrap(), Some(other)).await.unwrap();
    let context = PluginContext::for_data_source(source("other", "other", json!({})));
    ask(&runtime, context, [query("A", json!({ "scenarioId": "random_walk" }))]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_takes_too_long_to_compile_is_stopped_at_the_deadline() {
    let limits = Limits { compile_deadline: Duration::from_secs(1), ..Limits::default() };
    let builder = Runtime::builder().limits(limits).guest_threads(1).compile_in_child(worker("deadline"));
    let runtime = builder.build().unwrap();
    load(&runtime, &costly(1_000)).await;
    let told = refusal(&runtime).await;
    assert!(
        told.contains("limit \"compile time, seconds\" exceeded: to compile its .wasm asked for more than 1"),
        "{told}"
    );
    assert_eq!(processes("deadline"), [] as [PathBuf; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_takes_too_much_memory_to_compile_is_stopped_at_the_limit() {
    let limits = Limits { compile_memory_bytes: 256 << 20, ..Limits::default() };
    let builder = Runtime::builder().limits(limits).guest_threads(1).compile_in_child(worker("memory-limit"));
    let runtime = builder.build().unwrap();
    load(&runtime, &costly(2_000)).await;
    let told = refusal(&runtime).await;
    assert!(told.contains("limit \"compile memory, bytes\" exceeded: "), "{told}");
    assert!(told.contains("268435456 allowed"), "{told}");
    assert_eq!(processes("memory-limit"), [] as [PathBuf; 0]);
    runtime.load_file(&guest("testdata")).await.unwrap();
    answer(&runtime).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_binds_itself_and_ends_when_its_host_stops() {
    let runtime = Runtime::builder().guest_threads(1).compile_in_child(worker("stopped")).build().unwrap();
    load(&runtime, &costly(1_000)).await;
    let bound = |process: &Path| {
        let limits = fs::read_to_string(process.join("limits")).unwrap_or_default();
        let line = |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line("Max address space").contains(" 2147483648 ") && line("Max open files").contains(" 16 ")
    };
    eventually("a worker is bound", || processes("stopped").iter().any(|process| bound(process))).await;
    let [process] = processes("stopped").try_into().unwrap();
    assert_eq!(niceness(&process), (niceness(Path::new("/proc/self")) + 10).min(19));
    assert_eq!(
        fs::read_to_string(process.join("environ")).unwrap().matches('=').count(),
        2 + usize::from(std::env::var_os("LD_LIBRARY_PATH").is_some())
    );
    runtime.shutdown(Duration::from_secs(1)).await;
    eventually("the worker is gone", || processes("stopped").is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_does_not_outlive_a_host_that_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let order = folder.path().join("order");
    let limits = Limits { compile_deadline: Duration::from_secs(2), ..Limits::default() };
    let record = CompileCommand::new("sh", ["-c".as_ref(), "cat > $0".as_ref(), order.as_os_str()]);
    let runtime = Runtime::builder().limits(limits).guest_threads(1).compile_in_child(record).build().unwrap();
    load(&runtime, &costly(1_000)).await;
    assert!(refusal(&runtime).await.contains("compile time"));

    let mut process = Command::new(WORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut host = process.stdin.take().unwrap();
    host.write_all(&fs::read(order).unwrap()).unwrap();
    drop(host);
    eventually("the worker is gone", || process.try_wait().unwrap().is_some()).await;
    let mut said = Vec::new();
    process.stdout.unwrap().read_to_end(&mut said).unwrap();
    assert_eq!(said, b"", "it went away before it was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_do_its_work_is_told_by_how_it_ended() {
    let cases = [
        (no_worker(), "the compile worker /no/such/program cannot be started: No such file"),
        (shell("kill -9 $$"), "its worker ended with signal: 9 (SIGKILL) before it answered; somebody killed it"),
        (
            shell("echo no space >&2; exit 3"),
            "its worker ended with exit status: 3 before it answered, saying \"no space\"",
        ),
        (shell("echo hello, world; sleep 600"), "sh answered with something else than a compile worker does"),
        (shell("exec >&-; sleep 600"), "its worker ended with signal: 9 (SIGKILL) before it answered"),
    ];
    for (command, expected) in cases {
        let told = answer(&runtime(command, None).await).await.unwrap_err();
        assert!(told.contains(expected), "{expected}\n{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_code_that_is_damaged_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    answer(&runtime(worker("healed"), Some(folder.path())).await).await.unwrap();
    let [file] = names(folder.path()).try_into().unwrap();
    let file = folder.path().join(file);
    let sound = fs::read(&file).unwrap();
    for damaged in [&b"garbage"[..], &sound[..sound.len() - 1]] {
        // As another file, because the sound one is mapped into memory.
        fs::remove_file(&file).unwrap();
        fs::write(&file, damaged).unwrap();
        answer(&runtime(worker("healed"), Some(folder.path())).await).await.unwrap();
        assert!(fs::read(&file).unwrap() == sound, "{} bytes were left", damaged.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_others_may_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o777, 0o770, 0o1777] {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let refused = Runtime::builder().compile_cache(folder.path()).build().err().unwrap().to_string();
        assert!(refused.contains(&format!("others may write to it (mode {mode:o})")), "{refused}");
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Runtime::builder().compile_cache(folder.path()).build().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_share_a_folder_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = futures::future::join_all((0..3).map(|_| runtime(worker("shared"), Some(folder.path())))).await;
    for answered in futures::future::join_all(hosts.iter().map(answer)).await {
        answered.unwrap();
    }
    assert_eq!(names(folder.path()).len(), 1, "{:?}", names(folder.path()));
}
