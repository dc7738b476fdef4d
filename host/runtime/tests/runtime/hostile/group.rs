//! Runs a table: each row between two healthy neighbours, then looks at what is left of it.

use super::outcome::{self, matches};
use super::probes::{Probes, Seen};
use super::row::{Ask, Read, Row};
use super::upstream::{Upstream, egress};
use super::{surgery, vigil};
use crate::common::{metric, query, request, source};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use wellhead_runtime::{
    CallResourceRequest, CallResourceResponse, DataSourceSettings, Limits, PluginContext, PluginError, ResourceBody,
    Runtime, SecretValues,
};
use wellhead_test_support::guest;

const SECRET: &str = "correct-horse-battery";
/// The names of the guest's plugin in metrics, and of those made of it.
const HOSTILE: &str = "wellhead-hostile-datasource";
/// How long after its deadline a call counts as one that nothing ends.
const OVERTIME: Duration = Duration::from_secs(3);
/// How long a row's leftovers may take to go.
const CLEARED: Duration = Duration::from_secs(5);

/// Small, so that each is reached soon.
fn limits() -> Limits {
    Limits {
        call_deadline: Duration::from_secs(20),
        cancel_grace: Duration::from_millis(200),
        configure_deadline: Duration::from_millis(500),
        shutdown_deadline: Duration::from_millis(200),
        memory_bytes: 64 << 20,
        frames: 1_000,
        // Instances are counted afterwards.
        replicas: 1,
        ..Limits::default()
    }
}

/// What a row's tests run in.
struct Group {
    runtime: Arc<Runtime>,
    upstream: Upstream,
}

/// Runs `rows`, prints what they cost, and fails with every row that was not as expected. `MISDEED=NAME` runs that row
/// only.
pub(super) async fn run(name: &str, mut rows: Vec<Row>) {
    if let Ok(only) = std::env::var("MISDEED") {
        rows.retain(|row| row.name == only);
    }
    vigil::watch_for_panics();
    let tasks = tokio::runtime::Handle::current().metrics();
    let tasks_before = tasks.num_alive_tasks();
    let group = Arc::new(Group::start().await);
    let probes = Probes::start(&group.runtime);
    let usual = undisturbed(&probes).await;
    let (mut wrong, mut left) = (Vec::new(), 0.0);
    say(&heading(name, &usual));
    for row in &rows {
        let began = Instant::now();
        vigil::forget_peak();
        let before = vigil::memory_mib().0;
        let told = group.upstream.redact(&group.clone().told(row).await);
        let peak = vigil::memory_mib().1.saturating_sub(before);
        if !matches(&told, row.expected) {
            wrong.push(format!("{}: told {told:?}\n    where {:?} was expected", row.name, row.expected));
        }
        if told.contains(SECRET) {
            wrong.push(format!("{}: the secret is in {told:?}", row.name));
        }
        wrong.extend(group.aftermath(row, &mut left).await.into_iter().map(|words| format!("{}: {words}", row.name)));
        let seen = probes.take().await;
        wrong.extend(seen.failed.iter().map(|words| format!("{}: a probe failed: {words}", row.name)));
        say(&line(row, &told, &seen, &usual, peak, began.elapsed()));
    }
    let strayed = group.upstream.strayed.load(Ordering::Relaxed);
    if strayed > 0 {
        wrong.push(format!("{strayed} connections reached a server that is not the data source's"));
    }
    drop(probes);
    group.runtime.shutdown(Duration::from_secs(5)).await;
    drop(group);
    if !eventually(|| tasks.num_alive_tasks() <= tasks_before).await {
        wrong.push(format!("{} tasks are left", tasks.num_alive_tasks() - tasks_before));
    }
    wrong.extend(vigil::panics().into_iter().map(|words| format!("the host panicked: {words}")));
    assert!(wrong.is_empty(), "{} of {} rows of {name}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

impl Group {
    async fn start() -> Self {
        let cache = guest("testdata").with_file_name("../test-compile-cache");
        let builder = Runtime::builder().limits(limits()).compile_cache(cache).guest_threads(2).egress(egress());
        let runtime = Arc::new(builder.build().unwrap());
        for name in ["hostile", "testdata"] {
            runtime.load_file(&guest(name)).await.unwrap();
            runtime.registry().get(name).unwrap().start().await.unwrap();
        }
        Self { runtime, upstream: Upstream::start() }
    }

    /// What the row's caller saw: in a task of its own, so that a panic or a hang of the host fails the row only.
    async fn told(self: Arc<Self>, row: &Row) -> String {
        let (row, timeout) = (row.clone(), row.timeout);
        let mut call = tokio::spawn(async move { self.commit(&row).await });
        match tokio::time::timeout(timeout * 2 + OVERTIME, &mut call).await {
            Ok(Ok(told)) => told,
            Ok(Err(panic)) => format!("the host: {panic}"),
            Err(_) => {
                call.abort();
                format!("the call went on for {OVERTIME:?} after its deadline")
            }
        }
    }

    /// The data source of a row. It has a secret, and the misdeed in its settings where the row asks for it there.
    fn source(&self, row: &Row) -> DataSourceSettings {
        let settings = match row.ask {
            Ask::Settings | Ask::Health | Ask::Replace => json!({ "misdeed": row.name }),
            _ => json!({}),
        };
        let plugin = if matches!(row.ask, Ask::Modules(_)) { row.name } else { "hostile" };
        let mut source = source(plugin, row.name, settings);
        source.url = self.upstream.fill(row.url);
        source.secrets = SecretValues::from_iter([("password", SECRET)]);
        source
    }

    fn context(&self, row: &Row) -> PluginContext {
        let mut context = PluginContext::for_data_source(self.source(row));
        context.timeout = Some(row.timeout);
        context
    }

    /// Does the row's misdeed and tells what its caller saw.
    async fn commit(&self, row: &Row) -> String {
        let context = self.context(row);
        match &row.ask {
            Ask::Query(models) => self.ask(context, models).await,
            Ask::Settings => self.ask(context, &[json!({})]).await,
            Ask::Health => outcome::of_health(self.runtime.client().check_health(context).await),
            Ask::Resource(read) => self.resource(context, row, *read).await,
            Ask::InTurn(models) => {
                let mut told = Vec::new();
                for model in models {
                    told.push(self.ask(context.clone(), std::slice::from_ref(model)).await);
                }
                told.join(" | ")
            }
            Ask::AtOnce(models) => {
                let calls = models.iter().map(|model| self.ask(context.clone(), std::slice::from_ref(model)));
                join_all(calls).await.join(" | ")
            }
            Ask::Replace => {
                let before = self.ask(context.clone(), &[json!({ "misdeed": "none" })]).await;
                let mut changed = self.source(row);
                (changed.version, changed.json_data) = (2, serde_json::Map::new());
                let mut context = PluginContext::for_data_source(changed);
                context.timeout = Some(row.timeout);
                let after = self.ask(context, &[json!({ "misdeed": "none" })]).await;
                format!("{before} | {after}")
            }
            Ask::Modules(modules) => {
                let component = std::fs::read(guest("hostile")).unwrap();
                let component =
                    modules.iter().fold(component, |bytes, (wat, count)| surgery::append(bytes, wat, *count));
                let sidecar = json!({ "id": row.name, "name": row.name, "type": "datasource",
                    "wellhead": { "contract": "0.1.0" } });
                let sidecar = sidecar.to_string();
                if let Err(error) = self.runtime.load_bytes(row.name, component, Some(sidecar.as_bytes())).await {
                    return outcome::cut(&error.to_string());
                }
                if let Err(error) = self.runtime.registry().get(row.name).unwrap().start().await {
                    return outcome::cut(&error.to_string());
                }
                self.ask(context, &[json!({})]).await
            }
        }
    }

    async fn ask(&self, context: PluginContext, models: &[Value]) -> String {
        let model = |model: &Value| -> Value { serde_json::from_str(&self.upstream.fill(&model.to_string())).unwrap() };
        let queries = models.iter().zip('A'..).map(|(text, id)| query(&id.to_string(), model(text)));
        outcome::of_query(self.runtime.client().query_data(context, request(queries)).await).await
    }

    async fn resource(&self, context: PluginContext, row: &Row, read: Read) -> String {
        let endless = || futures::stream::repeat_with(|| Ok(Bytes::from_static(&[0; 1 << 16])));
        let body = match read {
            Read::WithEndlessRequest => ResourceBody::stream(endless()),
            _ => ResourceBody::empty(),
        };
        let request = CallResourceRequest {
            method: Method::POST,
            path: row.name.into(),
            query: String::new(),
            headers: HeaderMap::new(),
            body,
        };
        let response = match self.runtime.client().call_resource(context, request).await {
            Ok(response) => response,
            Err(error) => return outcome::cut(&error.to_string()),
        };
        let head = outcome::of_head(&response);
        let body = read_body(response, read, row.timeout).await;
        format!("{head}, {}", outcome::of_body(body))
    }

    /// What is not as it should be once the row is over. `left` counts the instances that earlier rows left for good.
    async fn aftermath(&self, row: &Row, left: &mut f64) -> Vec<String> {
        let mut wrong = Vec::new();
        let is_module = matches!(row.ask, Ask::Modules(_));
        let mut source = self.source(row);
        if let Ask::Replace = row.ask {
            (source.version, source.json_data) = (2, serde_json::Map::new());
        }
        let mut context = PluginContext::for_data_source(source);
        context.timeout = Some(Duration::from_secs(1));
        if !is_module && !row.name.contains("configure") {
            let none = [json!({ "misdeed": "none" })];
            let mut again = String::new();
            // What was in flight at the end may go with it.
            let answers = async {
                while again != "A 200" {
                    again = self.ask(context.clone(), &none).await;
                }
            };
            if tokio::time::timeout(CLEARED, answers).await.is_err() {
                wrong.push(format!("afterwards the data source answers {again:?}"));
            }
        }
        // Ends the row's instance, with all that it may have going on.
        let _ = tokio::time::timeout(CLEARED, self.ask(context, &[json!({ "misdeed": "trap" })])).await;
        let plugin = if is_module { row.name } else { HOSTILE };
        let alive = || metric(&self.runtime, &format!(r#"wellhead_plugin_instances{{plugin="{plugin}"}}"#));
        let expected = if is_module { 0.0 } else { 1.0 + *left };
        if !eventually(|| alive().unwrap_or_default() <= expected).await {
            let alive = alive().unwrap_or_default();
            wrong.push(format!("{} instances are left for good", alive - expected));
            if !is_module {
                *left += alive - expected;
            }
        }
        wrong
    }
}

/// The probes with nobody in their way.
async fn undisturbed(probes: &Probes) -> Seen {
    let mut all = Seen::default();
    while all.took.len() < 100 && all.failed.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let seen = probes.take().await;
        all.took.extend(seen.took);
        all.failed.extend(seen.failed);
    }
    assert!(all.failed.is_empty(), "the probes fail without a misdeed: {:?}", all.failed);
    all
}

async fn read_body(response: CallResourceResponse, read: Read, timeout: Duration) -> Result<usize, PluginError> {
    match read {
        Read::All | Read::WithEndlessRequest => response.body.collect(1 << 20).await.map(|bytes| bytes.len()),
        Read::Never => {
            tokio::time::sleep(timeout + Duration::from_millis(300)).await;
            drop(response);
            Ok(0)
        }
        Read::Slowly => {
            let mut chunks = response.body.into_stream();
            let mut bytes = 0;
            while let Some(chunk) = chunks.next().await {
                bytes += chunk?.len();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(bytes)
        }
    }
}

async fn eventually(mut done: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !done() {
        if began.elapsed() > CLEARED {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    true
}

fn heading(name: &str, usual: &Seen) -> String {
    format!(
        "\n{name}: p99 of a healthy call is {:?} when nobody misbehaves\n\n\
         | misdeed | caught by | told | p99 beside it | times the usual | host memory MiB | took |\n|---|---|---|---|---|---|---|",
        usual.p99()
    )
}

fn line(row: &Row, told: &str, seen: &Seen, usual: &Seen, peak: u64, took: Duration) -> String {
    let (p99, name, rule) = (seen.p99(), row.name, row.rule);
    let ratio = p99.as_secs_f64() / usual.p99().as_secs_f64().max(1e-9);
    let told: String = told.replace('|', "/").chars().take(120).collect();
    format!("| {name} | {rule} | {told:?} | {p99:.1?} | {ratio:.1} | {peak} | {took:.1?} |")
}

#[expect(clippy::print_stdout, reason = "the report is for whoever runs the tests with --nocapture")]
fn say(report: &str) {
    println!("{report}");
}
