//! The plugin's process, as an author would write one for Grafana in Rust: an instance for each data source, kept in a map
//! as Grafana's SDK does; frames by this project's builder; HTTP by hyper, with a pool of connections for each instance.

mod instances;

use anyhow::{Context, Result, ensure};
use instances::{Instance, Instances};
use peer_grpc::proto::check_health_response::HealthStatus;
use peer_grpc::proto::data_server::{Data, DataServer};
use peer_grpc::proto::diagnostics_server::{Diagnostics, DiagnosticsServer};
use peer_grpc::proto::{
    CheckHealthRequest, CheckHealthResponse, DataQuery, DataResponse, PluginContext, QueryDataRequest,
    QueryDataResponse,
};
use peer_grpc::{COOKIE, SOCKET_FOLDER, handshake, runtime};
use serde::Deserialize;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::net::UnixListener;
use tokio::net::unix::pipe;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use wellhead_peer_table::{mixed, series};

/// More than anyone asks at once.
const STREAMS: u32 = 10_000;

struct Plugin {
    instances: Instances,
}

fn main() -> Result<()> {
    let (name, value) = COOKIE;
    ensure!(std::env::var(name).as_deref() == Ok(value), "this is a plugin: a host starts it");
    runtime()?.block_on(serve())
}

async fn serve() -> Result<()> {
    let folder = std::env::var_os(SOCKET_FOLDER).map_or_else(std::env::temp_dir, PathBuf::from);
    let socket = folder.join(format!("plugin{}", std::process::id()));
    let listener = UnixListener::bind(&socket).with_context(|| format!("cannot listen at {}", socket.display()))?;
    let mut out = std::io::stdout();
    out.write_all(handshake(&socket).as_bytes()).and_then(|()| out.flush()).context("the host is gone")?;

    let plugin = Arc::new(Plugin { instances: Instances::default() });
    Server::builder()
        .max_concurrent_streams(STREAMS)
        .add_service(DataServer::from_arc(plugin.clone()).max_decoding_message_size(usize::MAX))
        .add_service(DiagnosticsServer::from_arc(plugin))
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), host_gone()?)
        .await
        .context("cannot serve")
}

/// Over when standard input is, which the host's end brings about.
fn host_gone() -> Result<impl Future<Output = ()>> {
    let input = std::io::stdin().as_fd().try_clone_to_owned().context("no standard input")?;
    let mut input = pipe::Receiver::from_owned_fd(input).context("standard input is no pipe")?;
    Ok(async move {
        // An error is an end too.
        let _ = input.read_u8().await;
    })
}

#[tonic::async_trait]
impl Diagnostics for Plugin {
    async fn check_health(
        &self,
        request: Request<CheckHealthRequest>,
    ) -> Result<Response<CheckHealthResponse>, Status> {
        self.instance(request.into_inner().plugin_context)?;
        Ok(Response::new(CheckHealthResponse {
            status: HealthStatus::Ok.into(),
            message: "fine".to_owned(),
            ..CheckHealthResponse::default()
        }))
    }
}

#[tonic::async_trait]
impl Data for Plugin {
    async fn query_data(&self, request: Request<QueryDataRequest>) -> Result<Response<QueryDataResponse>, Status> {
        let request = request.into_inner();
        let instance = self.instance(request.plugin_context)?;
        let mut answer = QueryDataResponse::default();
        for query in request.queries {
            let response = match frame(&instance, &query).await {
                Ok(frame) => DataResponse { frames: vec![frame.into()], status: 200, ..DataResponse::default() },
                Err(error) => DataResponse { error: format!("{error:#}"), status: 500, ..DataResponse::default() },
            };
            answer.responses.insert(query.ref_id, response);
        }
        Ok(Response::new(answer))
    }
}

impl Plugin {
    fn instance(&self, context: Option<PluginContext>) -> Result<Arc<Instance>, Status> {
        self.instances.of(context).map_err(|error| Status::invalid_argument(format!("{error:#}")))
    }
}

#[derive(Deserialize)]
struct Model {
    table: Table,
    #[serde(default)]
    rows: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Table {
    Series,
    Mixed,
    /// One row, after the data source's URL has answered.
    Upstream,
}

async fn frame(instance: &Instance, query: &DataQuery) -> Result<Vec<u8>> {
    let model: Model = serde_json::from_slice(&query.json).context("no query")?;
    let frame = match model.table {
        Table::Series => series(model.rows)?,
        Table::Mixed => mixed(model.rows)?,
        Table::Upstream => {
            instance.get().await?;
            series(1)?
        }
    };
    Ok(frame.to_ipc_stream()?)
}
