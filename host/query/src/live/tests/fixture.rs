//! A hub, its data sources, and a plugin whose runs the test holds in its hands.

use crate::live::*;
use crate::{Caller, QueryService};
use futures::future::BoxFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use wellhead_egress::{Egress, ProxySettings};
use wellhead_frame::{Field, Frame};
use wellhead_runtime::{
    CorePlugin, FrameSender, GuestError, Manifest, Plugin, PluginContext, PluginError, PublishStreamResponse,
    QueryDataReply, QueryDataRequest, Runtime, StreamAccess, StreamRequest, StreamRun, SubscribeStreamResponse, Target,
};
use wellhead_secrets::Redactor;
use wellhead_store::{DataSource, MemoryStore};

/// One run, as the plugin sees it.
pub(super) struct Run {
    pub(super) context: Arc<PluginContext>,
    pub(super) request: StreamRequest,
    pub(super) began: Instant,
    sender: FrameSender,
    end: oneshot::Sender<Result<(), PluginError>>,
}

impl Run {
    pub(super) async fn send(&self, frame: Frame) {
        self.sender.send(frame).await.unwrap();
    }

    pub(super) fn finish(self) {
        self.end.send(Ok(())).unwrap();
    }

    pub(super) fn fail(self, error: GuestError) {
        self.end.send(Err(PluginError::Guest(error))).unwrap();
    }

    pub(super) async fn closed(&self) {
        soon(self.sender.closed()).await;
    }
}

/// What `subscribe-stream` says of the path `fickle`; of the path `slow` too, where that is no.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Mood {
    #[default]
    Yes,
    No,
    Unknown,
    Away,
    /// Says so by an error.
    Fails(u16),
    Hangs,
    Panics,
}

#[derive(Default)]
pub(super) struct Script {
    pub(super) mood: Mutex<Mood>,
    pub(super) subscribed: AtomicUsize,
    /// How long it thinks about the path `slow`; if not at all, a tenth of a second.
    pub(super) thinks: Mutex<Option<Duration>>,
    /// Who is being asked for on that path, how many were at the most, and where the data source was when the last was.
    pub(super) asked_now: AtomicUsize,
    pub(super) asked_at_once: AtomicUsize,
    pub(super) asked_with: Mutex<String>,
}

/// A core plugin whose runs may not even begin.
struct Scripted(CorePlugin);

fn scripted(script: Arc<Script>, runs: mpsc::UnboundedSender<Run>) -> Scripted {
    let plugin = CorePlugin::new(Manifest::core("live", "Live", "1.0.0"), |_, _| async {
        Ok(QueryDataReply::ready(Vec::new()))
    });
    let plugin = plugin.with_run_stream(move |context, request, sender| {
        let (end, ended) = oneshot::channel();
        runs.send(Run { context, request, began: Instant::now(), sender, end }).unwrap();
        async move { ended.await.unwrap_or(Ok(())) }
    });
    let plugin = plugin.with_subscribe_stream(move |context, request| {
        script.subscribed.fetch_add(1, Ordering::Relaxed);
        let mood = *script.mood.lock().unwrap();
        let access = match (request.path.as_str(), mood) {
            ("unknown", _) | ("fickle", Mood::Unknown) => StreamAccess::NotFound,
            ("secret", _) | ("fickle" | "slow", Mood::No) => StreamAccess::PermissionDenied,
            _ => StreamAccess::Ok,
        };
        let mood = if request.path == "fickle" { mood } else { Mood::Yes };
        let script = Arc::clone(&script);
        let initial = match request.path.as_str() {
            "greeting" => Some(frame(&[-1])),
            "long-greeting" => Some(frame(&[-1; 1_000])),
            _ => None,
        };
        async move {
            match mood {
                Mood::Away => {
                    let reason = "it is being replaced".into();
                    return Err(PluginError::Unavailable { plugin_id: "live".into(), reason });
                }
                Mood::Fails(status) => return Err(PluginError::Guest(GuestError::plugin(status, "hunter2! is out"))),
                Mood::Hangs => std::future::pending().await,
                Mood::Panics => panic!("a plugin of this process that is not well"),
                Mood::Yes | Mood::No | Mood::Unknown => {}
            }
            if request.path == "slow" {
                let now = script.asked_now.fetch_add(1, Ordering::Relaxed) + 1;
                script.asked_at_once.fetch_max(now, Ordering::Relaxed);
                context.data_source.url.clone_into(&mut script.asked_with.lock().unwrap());
                let thinks = *script.thinks.lock().unwrap();
                tokio::time::sleep(thinks.unwrap_or(Duration::from_millis(100))).await;
                script.asked_now.fetch_sub(1, Ordering::Relaxed);
            }
            Ok(SubscribeStreamResponse { access, initial })
        }
    });
    Scripted(plugin.with_publish_stream(|_, request| async move {
        let access = match request.path.as_str() {
            "forbidden" => StreamAccess::PermissionDenied,
            "unknown" => StreamAccess::NotFound,
            _ => StreamAccess::Ok,
        };
        let data = match request.path.as_str() {
            "loud" => Some(request.data.to_uppercase()),
            "garbled" => Some("{".to_owned()),
            _ => None,
        };
        Ok(PublishStreamResponse { access, data })
    }))
}

impl Plugin for Scripted {
    fn manifest(&self) -> Arc<Manifest> {
        self.0.manifest()
    }
    fn target(&self) -> Target {
        self.0.target()
    }
    fn start(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        self.0.start()
    }
    fn stop(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        self.0.stop()
    }
    fn has_exited(&self) -> bool {
        self.0.has_exited()
    }
    fn is_managed(&self) -> bool {
        self.0.is_managed()
    }
    fn decommission(&self) {
        self.0.decommission();
    }
    fn is_decommissioned(&self) -> bool {
        self.0.is_decommissioned()
    }
    fn query_data(
        &self,
        context: Arc<PluginContext>,
        request: QueryDataRequest,
    ) -> BoxFuture<'_, Result<QueryDataReply, PluginError>> {
        self.0.query_data(context, request)
    }
    fn subscribe_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<SubscribeStreamResponse, PluginError>> {
        self.0.subscribe_stream(context, request)
    }
    fn run_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<StreamRun, PluginError>> {
        let error = match request.path.as_str() {
            "one-too-many" => PluginError::limit("streams", 100, 101),
            "nonsense" => PluginError::Guest(GuestError::plugin(400, "path \"nonsense\" is none of mine")),
            "crashes" => PluginError::RequestFailure { plugin_id: "live".into(), reason: "it trapped".into() },
            "slow-to-fail" => {
                return Box::pin(async {
                    tokio::time::sleep(Duration::from_secs(6)).await;
                    Err(PluginError::Guest(GuestError::downstream(504, "no answer")))
                });
            }
            "upstream-down" => PluginError::Guest(GuestError::downstream(502, "connection refused")),
            _ => return self.0.run_stream(context, request),
        };
        Box::pin(async { Err(error) })
    }
    fn publish_stream(
        &self,
        context: Arc<PluginContext>,
        request: StreamRequest,
    ) -> BoxFuture<'_, Result<PublishStreamResponse, PluginError>> {
        self.0.publish_stream(context, request)
    }
}

pub(super) struct TestHub {
    pub(super) hub: LiveHub,
    pub(super) store: Arc<MemoryStore>,
    pub(super) script: Arc<Script>,
    runs: mpsc::UnboundedReceiver<Run>,
    following: JoinHandle<()>,
    _runtime: Runtime,
}

impl Drop for TestHub {
    fn drop(&mut self) {
        self.following.abort();
    }
}

impl TestHub {
    pub(super) fn new() -> Self {
        Self::with(LiveLimits::default())
    }

    pub(super) fn with(limits: LiveLimits) -> Self {
        Self::leased(limits, Arc::new(LocalLeases))
    }

    pub(super) fn leased(limits: LiveLimits, leases: Arc<dyn ChannelLeases>) -> Self {
        let (runs_in, runs) = mpsc::unbounded_channel();
        let script = Arc::<Script>::default();
        let runtime = Runtime::builder().guest_threads(1).build().unwrap();
        runtime.register(Arc::new(scripted(Arc::clone(&script), runs_in))).unwrap();
        let mute = CorePlugin::new(Manifest::core("mute", "Mute", "1.0.0"), |_, _| async {
            Ok(QueryDataReply::ready(Vec::new()))
        });
        runtime.register(Arc::new(mute)).unwrap();
        let store = Arc::new(MemoryStore::new(sources()).unwrap());
        let egress = Egress::builder().proxy(ProxySettings::None).build().unwrap();
        let service = QueryService::new(store.clone(), runtime.client().clone(), egress);
        let hub = LiveHub::new(&service.with_redactor(Redactor::default()), limits, leases);
        let followed = hub.clone();
        let following = tokio::spawn(async move { followed.follow_changes().await });
        Self { hub, store, script, runs, following, _runtime: runtime }
    }

    /// Subscribes as the host itself, in the channel's org.
    pub(super) async fn subscribe(&self, name: &str) -> Result<Subscription, LiveError> {
        self.subscribe_with(name, "").await
    }

    pub(super) async fn subscribe_with(&self, name: &str, data: &str) -> Result<Subscription, LiveError> {
        let channel = channel(name);
        self.hub.subscribe(Arc::new(of_org(channel.org_id())), &channel, data).await
    }

    /// The status and words of a refusal.
    pub(super) async fn refusal(&self, name: &str) -> (u16, String) {
        let error = self.subscribe(name).await.unwrap_err();
        (error.public().status, error.to_string())
    }

    /// The next run that begins.
    pub(super) async fn run(&mut self) -> Run {
        soon(self.runs.recv()).await.unwrap()
    }

    /// Whether a run began that nobody has taken.
    pub(super) fn has_run(&self) -> bool {
        !self.runs.is_empty()
    }

    pub(super) fn metric(&self, name: &str) -> u64 {
        let mut text = String::new();
        self.hub.encode_metrics(&mut text);
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in:\n{text}")).parse().unwrap()
    }

    /// Lets every task go on until all wait.
    pub(super) async fn settle(&self) {
        tokio::time::sleep(Duration::from_micros(1)).await;
    }
}

pub(super) fn sources() -> Vec<DataSource> {
    let other_org = DataSource { org_id: 2, ..DataSource::new("a", "A", "live") };
    let source = |uid: &str, plugin: &str| DataSource::new(uid, uid, plugin);
    vec![source("a", "live").with_secret("token", "hunter2!"), source("b", "live"), source("mute", "mute"), other_org]
}

pub(super) fn channel(name: &str) -> Channel {
    name.parse().unwrap()
}

pub(super) fn of_org(org_id: i64) -> Caller {
    Caller { org_id, ..Caller::default() }
}

/// A frame of one column.
pub(super) fn frame(values: &[i64]) -> Frame {
    Frame::builder("f").column(Field::new("n"), values.to_vec()).build().unwrap()
}

/// A frame with other rows under the schema of another, as the runtime makes them.
pub(super) fn like(first: &Frame, values: &[i64]) -> Frame {
    let batches = frame(values).into_batches();
    Frame::try_new(first.schema().clone(), batches).unwrap()
}

/// The number in the first row, or the notices where there is none.
pub(super) fn said(update: &Update) -> String {
    let Some(frame) = update.frame() else { return String::from_utf8(update.json().to_vec()).unwrap() };
    let document: serde_json::Value =
        serde_json::from_slice(&frame.to_json(&wellhead_frame::JsonOptions::default()).unwrap()).unwrap();
    let mut words: Vec<_> = frame.meta().into_iter().flat_map(|meta| &meta.notices).map(|n| n.text.clone()).collect();
    if frame.num_rows() > 0 {
        words.insert(0, document["data"]["values"][0][0].to_string());
    }
    words.join(" | ")
}

/// What comes within two minutes of the paused clock.
pub(super) async fn soon<T>(awaited: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), awaited).await.unwrap()
}

/// What there is to read already.
pub(super) fn read(subscription: &mut Subscription) -> Vec<String> {
    std::iter::from_fn(|| subscription.try_next()?.ok()).map(|update| said(&update)).collect()
}

pub(super) fn bytes(update: &Update) -> String {
    String::from_utf8(update.json().to_vec()).unwrap()
}
