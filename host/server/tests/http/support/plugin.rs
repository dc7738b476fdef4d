//! A core plugin that does what its queries and resource paths say.

use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use wellhead::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, CorePlugin, DataQuery, DataResponse, Frame,
    GuestError, HealthStatus, Manifest, PluginContext, PluginError, QueryDataReply, QueryDataRequest, ResourceBody,
};
use wellhead_frame::{Field, Timestamp};

/// Holds queries that say `wait` until a test lets them go.
pub(crate) struct Gate {
    pub(crate) open: Semaphore,
    pub(crate) waiting: AtomicUsize,
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: Semaphore::new(0), waiting: AtomicUsize::new(0) }
    }
}

impl Gate {
    async fn pass(&self) {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        self.open.acquire().await.unwrap().forget();
    }

    /// Waits until so many queries wait.
    pub(crate) async fn wait_for(&self, waiting: usize) {
        for _ in 0..4_000 {
            if self.waiting.load(Ordering::SeqCst) == waiting {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} queries wait, not {waiting}", self.waiting.load(Ordering::SeqCst));
    }
}

pub(super) fn scripted(gate: &Arc<Gate>) -> Arc<CorePlugin> {
    let gate = Arc::clone(gate);
    let mut manifest = Manifest::core("scripted", "Scripted", "1.2.3");
    manifest.alias_ids = vec!["scripted-alias".into()];
    let plugin = CorePlugin::new(manifest, move |context, request| {
        let gate = Arc::clone(&gate);
        async move { query_data(&gate, &context, request).await }
    });
    Arc::new(plugin.with_check_health(check_health).with_call_resource(call_resource))
}

async fn query_data(
    gate: &Gate,
    context: &PluginContext,
    request: QueryDataRequest,
) -> Result<QueryDataReply, PluginError> {
    let mut answers = Vec::new();
    for query in request.queries {
        let model: Value = serde_json::from_str(&query.model).unwrap();
        answers.extend(answer(gate, context, query, &model).await?);
    }
    Ok(QueryDataReply::ready(answers))
}

async fn answer(
    gate: &Gate,
    context: &PluginContext,
    query: DataQuery,
    model: &Value,
) -> Result<Option<DataResponse>, PluginError> {
    let plugin_id = || "scripted".to_owned();
    let ok = |frames| Ok(Some(DataResponse::ok(query.ref_id.clone(), frames)));
    match model["do"].as_str().unwrap_or("rows") {
        "rows" => ok(vec![rows(model["rows"].as_i64().unwrap_or(2))]),
        "nothing" => ok(vec![]),
        "silent" => Ok(None),
        "context" => ok(vec![context_frame(context, &query)]),
        "fail" => {
            let status = u16::try_from(model["status"].as_u64().unwrap_or(400)).unwrap();
            Ok(Some(DataResponse::failed(query.ref_id, GuestError::downstream(status, "the upstream said no"))))
        }
        "wait" => {
            gate.pass().await;
            ok(vec![])
        }
        "crash" => Err(PluginError::RequestFailure { plugin_id: plugin_id(), reason: "wasm trap: unreachable".into() }),
        "unavailable" => Err(PluginError::Unavailable { plugin_id: plugin_id(), reason: "it is disabled".into() }),
        "unimplemented" => Err(PluginError::MethodNotImplemented { plugin_id: plugin_id(), method: "query-data" }),
        "timeout" => Err(PluginError::Timeout { plugin_id: plugin_id(), after: Duration::from_secs(30) }),
        "busy" => Err(PluginError::LimitExceeded { name: "calls in flight", limit: 256, actual: 257 }),
        "settings" => {
            let (uid, error) = (context.data_source.uid.clone(), GuestError::downstream(400, "no URL is set"));
            Err(PluginError::InvalidSettings { plugin_id: plugin_id(), uid, error })
        }
        "panic" => panic!("as the test asked"),
        other => panic!("the script knows no {other:?}"),
    }
}

fn rows(count: i64) -> Frame {
    let times: Vec<_> = (0..count).map(Timestamp::from_millis).collect();
    let values: Vec<f64> = (0..count).map(|row| row as f64 / 2.0).collect();
    Frame::builder("rows").column(Field::new("time"), times).column(Field::new("value"), values).build().unwrap()
}

fn context_frame(context: &PluginContext, query: &DataQuery) -> Frame {
    let seen = [
        format!("org {}", context.org_id),
        format!("uid {}", context.data_source.uid),
        format!(
            "traceparent {}",
            context.traceparent.as_deref().unwrap_or_default().split('-').nth(1).unwrap_or_default()
        ),
        format!("headers {:?}", context.headers),
        format!("secrets {:?}", context.data_source.secrets.get("password")),
        format!("range {}..{}", query.time_range.from.as_millis(), query.time_range.to.as_millis()),
    ];
    Frame::builder("context").column(Field::new("seen"), seen.to_vec()).build().unwrap()
}

async fn check_health(context: Arc<PluginContext>) -> Result<CheckHealthResult, PluginError> {
    match context.data_source.uid.as_str() {
        "one" => Ok(CheckHealthResult { details: Some(r#"{"build":"7"}"#.into()), ..CheckHealthResult::ok("Works") }),
        _ => Ok(CheckHealthResult { status: HealthStatus::Error, message: "connection refused".into(), details: None }),
    }
}

async fn call_resource(
    _context: Arc<PluginContext>,
    request: CallResourceRequest,
) -> Result<CallResourceResponse, PluginError> {
    let mut response =
        CallResourceResponse { status: StatusCode::OK, headers: HeaderMap::new(), body: ResourceBody::empty() };
    match request.path.as_str() {
        "headers" => {
            for (name, value) in [
                ("set-cookie", "session=stolen"),
                ("connection", "x-mine"),
                ("x-mine", "hop"),
                ("keep-alive", "timeout=5"),
                ("content-type", "text/html"),
                ("x-kept", "yes"),
                ("content-length", "999"),
            ] {
                response.headers.append(name, value.parse().unwrap());
            }
            response.body = ResourceBody::full("<p>");
        }
        "empty" => response.status = StatusCode::NO_CONTENT,
        "endless" => {
            let chunk = Bytes::from(vec![b'x'; 64 << 10]);
            response.body = ResourceBody::stream(stream::repeat_with(move || Ok(chunk.clone())));
        }
        "broken" => {
            let failure = PluginError::RequestFailure { plugin_id: "scripted".into(), reason: "it trapped".into() };
            response.body = ResourceBody::stream(stream::iter([Ok(Bytes::from_static(b"half")), Err(failure)]));
        }
        "teapot" => return Err(PluginError::Guest(GuestError::downstream(418, "I am a teapot"))),
        "crash" => {
            return Err(PluginError::RequestFailure { plugin_id: "scripted".into(), reason: "it trapped".into() });
        }
        "unimplemented" => {
            return Err(PluginError::MethodNotImplemented { plugin_id: "scripted".into(), method: "call-resource" });
        }
        "upper" => {
            let upper = |chunk: Result<Bytes, PluginError>| chunk.map(|chunk| Bytes::from(chunk.to_ascii_uppercase()));
            response.body = ResourceBody::stream(request.body.into_stream().map(upper));
        }
        _ => {
            let mut headers: Vec<_> = request.headers.keys().map(|name| name.as_str().to_owned()).collect();
            headers.sort();
            let seen = json!({
                "method": request.method.as_str(),
                "path": request.path,
                "query": request.query,
                "headers": headers,
            });
            response.body = ResourceBody::full(seen.to_string());
        }
    }
    Ok(response)
}
