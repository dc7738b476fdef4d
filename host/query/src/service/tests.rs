use super::*;
use crate::ResultLimits;
use serde_json::json;
use tokio::sync::Barrier;
use wellhead_egress::ProxySettings;
use wellhead_frame::{Field, Frame};
use wellhead_runtime::{
    CorePlugin, DataResponse, GuestError, Manifest, PluginError, QueryDataReply, ResourceBody, Runtime,
};
use wellhead_store::MemoryStore;

fn frame(value: i64) -> Frame {
    Frame::builder("n").column(Field::new("n"), vec![value]).build().unwrap()
}

/// Answers each query with one frame; `fail`, `crash` and `silent` in the model do what they say.
fn echo(id: &str) -> Arc<CorePlugin> {
    let plugin_id = id.to_owned();
    Arc::new(CorePlugin::new(Manifest::core(id, id, "1.0.0"), move |_, request| {
        let plugin_id = plugin_id.clone();
        async move {
            if request.queries.iter().any(|query| query.model.contains("crash")) {
                return Err(PluginError::RequestFailure { plugin_id, reason: "it trapped".into() });
            }
            let answers = request.queries.into_iter().filter(|query| !query.model.contains("silent"));
            let answers = answers.map(|query| {
                if query.model.contains("fail") {
                    DataResponse::failed(query.ref_id, GuestError::downstream(503, "upstream is down"))
                } else {
                    DataResponse::ok(query.ref_id, vec![frame(1)])
                }
            });
            Ok(QueryDataReply::ready(answers.collect()))
        }
    }))
}

/// Reads nothing from the environment.
fn egress() -> Egress {
    Egress::builder().proxy(ProxySettings::None).build().unwrap()
}

struct Bench {
    runtime: Runtime,
    service: QueryService,
}

impl Bench {
    fn new(plugins: Vec<Arc<CorePlugin>>) -> Self {
        let runtime = Runtime::builder().guest_threads(1).build().unwrap();
        let sources = plugins.iter().enumerate().map(|(index, plugin)| {
            let id = wellhead_runtime::Plugin::manifest(&**plugin).id.clone();
            DataSource::new(format!("uid-{index}"), format!("Source {index}"), id)
        });
        let store = MemoryStore::new(sources.chain([DataSource::new("orphan", "Orphan", "gone")])).unwrap();
        for plugin in plugins {
            runtime.register(plugin).unwrap();
        }
        let service = QueryService::new(Arc::new(store), runtime.client().clone(), egress());
        Self { runtime, service }
    }

    /// The status of each query's answer, by ref-id.
    async fn ask(&self, queries: &[(&str, serde_json::Value)]) -> Result<Vec<(String, u16)>, QueryError> {
        let mut request = QueryRequest::over("now-1h", "now").unwrap();
        for (uid, model) in queries {
            request = request.query(*uid, model.clone()).unwrap();
        }
        let replies = self.service.query_data(&Caller::default(), request).await?;
        let results = replies.collect(ResultLimits::default()).await;
        Ok(results.responses.into_iter().map(|(ref_id, response)| (ref_id, response.status)).collect())
    }
}

fn statuses(expected: &[(&str, u16)]) -> Vec<(String, u16)> {
    expected.iter().map(|(ref_id, status)| ((*ref_id).to_owned(), *status)).collect()
}

#[tokio::test]
async fn queries_of_several_data_sources_come_back_sorted_by_ref_id() {
    let bench = Bench::new(vec![echo("one"), echo("two")]);
    let asked = [("uid-1", json!({"refId":"C"})), ("uid-0", json!({"refId":"B"})), ("uid-1", json!({"refId":"A"}))];
    assert_eq!(bench.ask(&asked).await.unwrap(), statuses(&[("A", 200), ("B", 200), ("C", 200)]));
}

#[tokio::test]
async fn queries_of_one_data_source_go_in_one_call_and_data_sources_run_side_by_side() {
    let meet = Arc::new(Barrier::new(2));
    let waiting = |id: &str| {
        let meet = Arc::clone(&meet);
        Arc::new(CorePlugin::new(Manifest::core(id, id, "1"), move |_, request| {
            let meet = Arc::clone(&meet);
            async move {
                // Only two calls at the same time get past this.
                meet.wait().await;
                let answers = request.queries.into_iter().map(|query| DataResponse::ok(query.ref_id, vec![]));
                Ok(QueryDataReply::ready(answers.collect()))
            }
        }))
    };
    let bench = Bench::new(vec![waiting("one"), waiting("two")]);
    let asked = [("uid-0", json!({"refId":"A"})), ("uid-0", json!({"refId":"B"})), ("uid-1", json!({"refId":"C"}))];
    assert_eq!(bench.ask(&asked).await.unwrap(), statuses(&[("A", 200), ("B", 200), ("C", 200)]));
}

#[tokio::test]
async fn one_querys_failure_is_its_own() {
    let bench = Bench::new(vec![echo("one")]);
    let asked = [("uid-0", json!({"refId":"A","do":"fail"})), ("uid-0", json!({"refId":"B"}))];
    assert_eq!(bench.ask(&asked).await.unwrap(), statuses(&[("A", 503), ("B", 200)]));
}

#[tokio::test]
async fn a_plugin_that_fails_fails_the_request_when_asked_alone_and_only_its_queries_beside_others() {
    let bench = Bench::new(vec![echo("one"), echo("two")]);
    let error = bench.ask(&[("uid-0", json!({"do":"crash"}))]).await.unwrap_err();
    assert!(matches!(error, QueryError::Plugin(PluginError::RequestFailure { .. })), "{error}");
    let asked = [
        ("uid-0", json!({"refId":"A","do":"crash"})),
        ("uid-1", json!({"refId":"B"})),
        ("orphan", json!({"refId":"C"})),
    ];
    assert_eq!(bench.ask(&asked).await.unwrap(), statuses(&[("A", 500), ("B", 200), ("C", 500)]));
}

#[tokio::test]
async fn a_query_the_plugin_passes_over_has_failed() {
    let bench = Bench::new(vec![echo("one")]);
    let asked = [("uid-0", json!({"refId":"A","do":"silent"})), ("uid-0", json!({"refId":"B"}))];
    assert_eq!(bench.ask(&asked).await.unwrap(), statuses(&[("A", 500), ("B", 200)]));
}

#[tokio::test]
async fn a_missing_data_source_fails_the_request_before_anyone_is_asked() {
    let bench = Bench::new(vec![echo("one")]);
    let error = bench.ask(&[("uid-0", json!({"refId":"A"})), ("nope", json!({"refId":"B"}))]).await.unwrap_err();
    assert!(
        matches!(&error, QueryError::Store(StoreError::NotFound { key, .. }) if *key == DataSourceKey::uid("nope"))
    );
    let metrics = {
        let mut text = String::new();
        bench.runtime.encode_metrics(&mut text);
        text
    };
    assert!(!metrics.contains("method=\"QueryData\""), "{metrics}");
}

#[tokio::test]
async fn a_request_without_queries_is_refused() {
    let bench = Bench::new(vec![]);
    assert!(matches!(bench.ask(&[]).await, Err(QueryError::NoQueries)));
}

#[tokio::test]
async fn a_resource_path_that_climbs_is_refused_before_anything_else() {
    let bench = Bench::new(vec![]);
    let request = CallResourceRequest {
        method: http::Method::GET,
        path: "%252e%252e/admin".into(),
        query: String::new(),
        headers: http::HeaderMap::new(),
        body: ResourceBody::empty(),
    };
    let answer = bench.service.call_resource(&Caller::default(), &DataSourceKey::uid("nope"), request).await;
    assert!(matches!(answer, Err(QueryError::ForbiddenPath { .. })));
}

#[tokio::test]
async fn settings_the_plugin_refuses_are_a_data_source_that_is_not_well() {
    let unwell = CorePlugin::new(Manifest::core("one", "one", "1"), |_, _| async { Ok(QueryDataReply::ready(vec![])) })
        .with_check_health(|context| async move {
            let (plugin_id, uid) = ("one".to_owned(), context.data_source.uid.clone());
            Err(PluginError::InvalidSettings { plugin_id, uid, error: GuestError::downstream(400, "no URL is set") })
        });
    let bench = Bench::new(vec![Arc::new(unwell)]);
    let health = bench.service.check_health(&Caller::default(), &DataSourceKey::uid("uid-0")).await.unwrap();
    assert_eq!((health.status, health.message.as_str()), (HealthStatus::Error, "no URL is set"));
}
