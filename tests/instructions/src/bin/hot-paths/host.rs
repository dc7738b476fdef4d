//! A whole host on this thread: the HTTP server without its socket, sign-in, query service, data sources; and in the place
//! of a sandboxed plugin one that is compiled in, which answers at once.
//!
//! Data sources stand behind the cache that a host has in front of its database, in memory instead of a file.

use anyhow::{Context, Result, anyhow, ensure};
use arrow_buffer::Buffer;
use bytes::Bytes;
use http::{Request, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use wellhead::{
    CachedStore, CorePlugin, DataResponse, DataSource, Database, GuestError, Manifest, MemoryStore, PluginError,
    ProxySettings, QueryDataReply, QueryDataRequest, Wellhead,
};
use wellhead_frame::{Frame, ReadLimits};
use wellhead_identity::{AuditLog, Authenticator, Identities, MAIN_ORG, NewServiceAccount, NewToken, Role};
use wellhead_server::{InProcess, Server, ServerConfig, SignIn};

/// The plugin's id; data sources name it by its alias, as those made for Grafana often do.
const PLUGIN: &str = "wellhead-measured-datasource";
const ALIAS: &str = "measured";
/// So many plugins are there beside it.
const OTHER_PLUGINS: usize = 20;
/// Longer than any run, so that no repetition reads from the store what the ones before it had from the cache.
const CACHED_FOR: Duration = Duration::from_secs(24 * 3_600);
/// Turns for what follows the data sources' changes, until it has seen them all.
const SETTLING_TURNS: usize = 100;

pub(crate) struct Host {
    pub(crate) tokio: Runtime,
    pub(crate) wellhead: Wellhead,
    server: InProcess,
    /// Of an editor.
    token: String,
}

impl Host {
    /// A host of so many data sources, whose plugin answers every query with `frame`.
    pub(crate) fn new(data_sources: usize, frame: &Frame) -> Result<Self> {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let bytes = Buffer::from_vec(frame.to_ipc_stream()?);
        let (wellhead, server, token) = tokio.block_on(async {
            let store = MemoryStore::new((0..data_sources).map(data_source))?;
            let mut builder = Wellhead::builder()
                .store(CachedStore::with_ttl(Arc::new(store), CACHED_FOR))
                .core_plugin(Arc::new(measured(bytes)))
                .proxy(ProxySettings::None)
                .guest_threads(1);
            for number in 0..OTHER_PLUGINS {
                builder = builder.core_plugin(Arc::new(idle(number)));
            }
            let wellhead = builder.build().await?;
            let (sign_in, token) = sign_in().await?;
            let server = Server::new(wellhead.clone(), ServerConfig::default()).sign_in(sign_in).in_process();
            for _ in 0..SETTLING_TURNS {
                tokio::task::yield_now().await;
            }
            Ok::<_, anyhow::Error>((wellhead, server, token))
        })?;
        Ok(Self { tokio, wellhead, server, token })
    }

    /// The request that a client with a token sends.
    pub(crate) fn post(&self, path: &str, accept: &str, body: &Bytes) -> Result<Request<Bytes>> {
        let request = Request::post(path)
            .header("host", "wellhead.example.com")
            .header("user-agent", "wellhead-hot-paths")
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept", accept)
            .header("content-type", "application/json")
            .header("content-length", body.len())
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        Ok(request.body(body.clone())?)
    }

    /// The answer to a request, which must be a good one.
    pub(crate) fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let response = self.tokio.block_on(self.server.answer(request)).map_err(|reason| anyhow!(reason))?;
        ensure!(response.status() == 200, "{}: {:?}", response.status(), response.body());
        Ok(response)
    }
}

pub(crate) fn uid(number: usize) -> String {
    format!("measured-{number}")
}

/// As large as one with a password, a CA certificate and a dozen settings.
fn data_source(number: usize) -> DataSource {
    let source = DataSource::new(uid(number), format!("Measured {number}"), ALIAS);
    let source = source.with_url(format!("https://upstream-{number}.example.org:9090"));
    let source = (0..12).fold(source, |source, key| source.with_json_data(format!("setting{key}"), "some words"));
    source.with_json_data("tlsCACert", "x".repeat(1_200)).with_secret("basicAuthPassword", "hunter2!")
}

/// Answers every query with the same frame, which it reads from its Arrow bytes as the host reads those of a guest.
fn measured(frame: Buffer) -> CorePlugin {
    let mut manifest = Manifest::core(PLUGIN, "Measured", "1.0.0");
    manifest.alias_ids = vec![ALIAS.to_owned()];
    let frame = Arc::new(frame);
    CorePlugin::new(manifest, move |_context, request| {
        let frame = Arc::clone(&frame);
        async move { answered(&frame, request) }
    })
}

fn answered(frame: &Buffer, request: QueryDataRequest) -> Result<QueryDataReply, PluginError> {
    let answer = |ref_id| match Frame::from_ipc(frame.clone(), &ReadLimits::default()) {
        Ok(frame) => DataResponse::ok(ref_id, vec![frame]),
        Err(error) => DataResponse::failed(ref_id, GuestError::plugin(500, error.to_string())),
    };
    Ok(QueryDataReply::ready(request.queries.into_iter().map(|query| answer(query.ref_id)).collect()))
}

fn idle(number: usize) -> CorePlugin {
    let id = format!("other-{number}-datasource");
    CorePlugin::new(Manifest::core(&id, "Other", "1.0.0"), |_, _| async { Ok(QueryDataReply::ready(Vec::new())) })
}

/// One service account, an editor, and its token.
async fn sign_in() -> Result<(SignIn, String)> {
    let identities = Identities::open(Database::in_memory()?).await?;
    let account =
        NewServiceAccount { org_id: MAIN_ORG, name: "measured".into(), role: Role::Editor, is_disabled: false };
    let account = identities.create_service_account(account).await?;
    let new = NewToken { name: "measured".into(), seconds_to_live: None };
    let (_, token) = identities.create_token(MAIN_ORG, account.id, new).await.context("cannot make a token")?;
    let sign_in = SignIn::new(identities.clone(), Authenticator::new(identities)?, AuditLog::in_memory());
    Ok((sign_in, token.expose().to_owned()))
}
