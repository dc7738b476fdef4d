//! A host whose core plugin feeds channels as their paths say.

use crate::support::{Answer, Gate, Host, PASSWORD, request};
use axum::http::{Method, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use wellhead::Frame;
use wellhead::{
    CorePlugin, DataSource, Database, FrameSender, LiveLimits, Manifest, MemoryStore, PluginContext, PluginError,
    PublishStreamResponse, QueryDataReply, StreamAccess, StreamRequest, SubscribeStreamResponse, Wellhead,
};
use wellhead_frame::{Field, Timestamp};
use wellhead_identity::{AuditLog, Authenticator, Identities, MAIN_ORG, NewUser, Role};
use wellhead_server::{Server, ServerConfig, SignIn};

/// Of the data sources `feed` (org 1) and `feed-2` (org 2).
pub(crate) struct LiveHost {
    pub(crate) host: Host,
    pub(crate) wellhead: Wellhead,
    /// Where somebody signs in.
    pub(crate) identities: Option<Identities>,
    /// Runs under way.
    pub(crate) runs: Arc<AtomicUsize>,
}

impl LiveHost {
    pub(crate) async fn start() -> Self {
        Self::start_with(ServerConfig::default(), LiveLimits::default()).await
    }

    pub(crate) async fn start_with(config: ServerConfig, limits: LiveLimits) -> Self {
        Self::new(config, limits, None).await
    }

    /// One that asks who is there: `vi`, a viewer, and `ed`, an editor, with the tests' password.
    pub(crate) async fn signed(limits: LiveLimits) -> Self {
        let identities = Identities::open(Database::in_memory().unwrap()).await.unwrap();
        for (login, role) in [("vi", Role::Viewer), ("ed", Role::Editor)] {
            let user = NewUser { role, org_id: MAIN_ORG, ..NewUser::new(login, PASSWORD) };
            identities.create_user(user).await.unwrap();
        }
        Self::new(ServerConfig::default(), limits, Some(identities)).await
    }

    async fn new(config: ServerConfig, limits: LiveLimits, identities: Option<Identities>) -> Self {
        let runs = Arc::new(AtomicUsize::new(0));
        let sources = [
            DataSource::new("feed", "Feed", "feed"),
            DataSource { org_id: 2, ..DataSource::new("feed-2", "Feed of org 2", "feed") },
            DataSource::new("still", "No streams", "still"),
        ];
        let wellhead = Wellhead::builder()
            .core_plugin(feed(&runs))
            .core_plugin(Arc::new(plugin("still")))
            .store(MemoryStore::new(sources).unwrap())
            .live_limits(limits)
            .guest_threads(1)
            .build()
            .await
            .unwrap();
        let mut server = Server::new(wellhead.clone(), config);
        if let Some(identities) = &identities {
            let authenticator = Authenticator::new(identities.clone()).unwrap();
            server = server.sign_in(SignIn::new(identities.clone(), authenticator, AuditLog::in_memory()));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = Host::serve(server, listener, Arc::new(Gate::default()));
        Self { host, wellhead, identities, runs }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = request(Method::POST, path).header("content-type", "application/json");
        self.host.send(request.body(Full::new(body.to_string().into())).unwrap()).await
    }

    /// What `GET /api/live/list` says once so many channels have subscribers.
    pub(crate) async fn wait_for_channels(&self, expected: usize) -> Value {
        self.wait_for_list(|channels| channels.iter().filter(|channel| channel["subscribers"] != 0).count() == expected)
            .await
    }

    /// Waits until a channel has so many subscribers.
    pub(crate) async fn wait_for_subscribers(&self, name: &str, expected: usize) {
        self.wait_for_list(|channels| {
            channels.iter().any(|channel| channel["channel"] == name && channel["subscribers"] == expected)
        })
        .await;
    }

    async fn wait_for_list(&self, is_it: impl Fn(&[Value]) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..4_000 {
            let answer = self.host.get("/api/live/list").await;
            assert_eq!(answer.status, StatusCode::OK);
            last = answer.json();
            if is_it(last["channels"].as_array().unwrap()) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it does not come: {last}");
    }
}

fn plugin(id: &str) -> CorePlugin {
    CorePlugin::new(Manifest::core(id, id, "1.0.0"), |_, _| async { Ok(QueryDataReply::ready(Vec::new())) })
}

fn feed(runs: &Arc<AtomicUsize>) -> Arc<CorePlugin> {
    let runs = Arc::clone(runs);
    let plugin = plugin("feed").with_run_stream(move |_: Arc<PluginContext>, request, sender| {
        let runs = Arc::clone(&runs);
        async move {
            runs.fetch_add(1, Ordering::SeqCst);
            let ended = run(&request, &sender).await;
            runs.fetch_sub(1, Ordering::SeqCst);
            ended
        }
    });
    let plugin = plugin.with_subscribe_stream(|_, request: StreamRequest| async move {
        let access = match request.path.as_str() {
            "forbidden" => StreamAccess::PermissionDenied,
            "missing" => StreamAccess::NotFound,
            _ => StreamAccess::Ok,
        };
        let initial = (request.path == "initial").then(|| row("initial", -1));
        Ok(SubscribeStreamResponse { access, initial })
    });
    Arc::new(plugin.with_publish_stream(|_, request: StreamRequest| async move {
        let (access, data) = match request.path.as_str() {
            "quiet" => (StreamAccess::Ok, None),
            "instead" => (StreamAccess::Ok, Some(r#"{"instead": true}"#.to_owned())),
            _ => (StreamAccess::PermissionDenied, None),
        };
        Ok(PublishStreamResponse { access, data })
    }))
}

async fn run(request: &StreamRequest, sender: &FrameSender) -> Result<(), PluginError> {
    match request.path.as_str() {
        // A number every few milliseconds.
        "count" => {
            for number in 0.. {
                if sender.send(row("count", number)).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        // More than any socket takes.
        "flood" => {
            let texts = vec!["x".repeat(1 << 10); 64];
            let frame = Frame::builder("flood").column(Field::new("text"), texts).build().unwrap();
            while sender.send(frame.clone()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        // Two schemas, and an end.
        "two-schemas" => {
            for frame in [row("a", 1), row("a", 2), row("b", 3)] {
                let _ = sender.send(frame).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What was sent along.
        "data" => {
            let frame = Frame::builder("data").column(Field::new("data"), vec![request.data.clone()]).build().unwrap();
            let _ = sender.send(frame).await;
            sender.closed().await;
        }
        _ => sender.closed().await,
    }
    Ok(())
}

/// One row.
pub(crate) fn row(name: &str, value: i64) -> Frame {
    let times = vec![Timestamp::from_millis(value)];
    Frame::builder(name).column(Field::new("time"), times).column(Field::new("value"), vec![value]).build().unwrap()
}
