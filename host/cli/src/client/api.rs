//! The HTTP API as commands call it: of the server that runs, or, where none runs on the data folder, of the same server
//! without a socket, for as long as the command takes. So a command is written once, and both ways do the same.

use crate::client::ServerArgs;
use crate::client::http::{ORG, Server, read, said};
use crate::config::{ConfigArgs, Faults, Settings};
use crate::host::Host;
use crate::host::announced;
use crate::host::data_folder;
use crate::progress;
use anyhow::{Context, Result, anyhow, bail};
use http::{HeaderValue, Method, Request, StatusCode, header};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime;
use wellhead::Database;
use wellhead_server::{InProcess, Maintenance, ServerConfig};

/// How long plugins that were asked have to end by themselves.
const PLUGIN_SHUTDOWN: Duration = Duration::from_secs(2);

/// The flags of commands that work on a data folder with or without a server.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ApiArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Configuration file of the host, where no server runs [default: ./wellhead.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of plugins, where no server runs
    #[arg(long, global = true, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// The org that is meant [default: the caller's own; 1 where no server runs]
    #[arg(long, global = true, value_name = "ID")]
    org: Option<u32>,
    /// Seconds to wait for the answer
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

/// More than most lists have; longer ones come in pages of as many.
const PER_PAGE: usize = 1_000;

/// Who answers, and for which org.
#[derive(Clone)]
pub(crate) struct Api {
    by: By,
    org: Option<u32>,
}

#[derive(Clone)]
enum By {
    Server(Server),
    Here(Arc<Here>),
}

struct Here {
    host: Host,
    server: InProcess,
}

impl ApiArgs {
    /// Runs a command that calls the API, and lets go of what was opened for it.
    pub(crate) fn run<T>(&self, command: impl AsyncFnOnce(&Api) -> Result<T>) -> Result<T> {
        let runtime =
            runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
        let answer = runtime.block_on(async {
            let api = self.open().await?;
            let answer = command(&api).await;
            api.close().await;
            answer
        });
        // What plugins compile in the background is not waited for.
        runtime.shutdown_background();
        answer
    }

    /// Finds the server, or opens the data folder.
    async fn open(&self) -> Result<Api> {
        let timeout = Some(Duration::from_secs(self.timeout));
        if self.server.is_named() {
            return Ok(Api { by: By::Server(self.server.connect(timeout)?), org: self.org });
        }
        let settings = self.settings()?;
        // What a server left behind says nothing of whether it still runs, and another program may listen there by now.
        let is_running = Database::is_in_use(data_folder::database(&settings));
        if let Some(found) = announced::find(&settings.data.value).filter(|_| is_running) {
            return Ok(Api { by: By::Server(Server::found(&found, timeout)?), org: self.org });
        }
        Ok(Api { by: By::Here(Arc::new(Here::open(&settings).await?)), org: self.org })
    }

    /// What a host on this data folder would be started with.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let args = ConfigArgs::of_folders(self.config.clone(), self.server.data.clone(), self.plugins.clone());
        let (settings, faults) = Settings::load(&args);
        if faults.is_empty() { Ok(settings) } else { Err(Faults(faults).into()) }
    }
}

impl Here {
    async fn open(settings: &Settings) -> Result<Self> {
        let host = Host::open_for_commands(settings).await?;
        let maintenance = Maintenance { database: host.data.database.clone(), secrets: host.data.secrets.clone() };
        let server = wellhead_server::Server::new(host.wellhead.clone(), ServerConfig::default());
        let server = server.sign_in(host.data.sign_in.clone()).maintenance(maintenance).in_process();
        Ok(Self { host, server })
    }

    async fn call(&self, request: Request<Vec<u8>>) -> Result<(StatusCode, Vec<u8>)> {
        let token = format!("Bearer {}", self.host.data.operator.text().expose());
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&token)?);
        let answer = self.server.answer(Request::from_parts(parts, body.into())).await;
        let answer = answer.map_err(|error| anyhow!(error))?;
        Ok((answer.status(), answer.into_body().to_vec()))
    }
}

impl Api {
    /// The org that the command names.
    pub(crate) fn org(&self) -> Option<u32> {
        self.org
    }

    /// The same for the caller's own org: for routes of server admins, who need not belong to the org that they administer.
    pub(crate) fn of_own_org(&self) -> Self {
        Self { by: self.by.clone(), org: None }
    }

    /// Calls a route. `path` has segments that may hold anything.
    ///
    /// # Errors
    /// Where nobody answers, and what a refusal says.
    pub(crate) async fn call(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<Value> {
        let (status, answer) = self.answer(method, path, body).await?;
        if !status.is_success() {
            bail!("{}", said(status, &answer));
        }
        serde_json::from_slice(&answer).context("the answer is not JSON: is it a Wellhead of another version?")
    }

    /// [`call`](Self::call) for an answer of a known shape.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T> {
        let answer = self.call(Method::GET, path, None).await?;
        serde_json::from_value(answer).context("the answer cannot be read: is it a Wellhead of another version?")
    }

    /// [`get`](Self::get) with parameters behind the path.
    pub(crate) async fn get_with<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T> {
        let (status, answer) = self.send(Method::GET, path, query, None).await?;
        if !status.is_success() {
            bail!("{}", said(status, &answer));
        }
        serde_json::from_slice(&answer).context("the answer cannot be read: is it a Wellhead of another version?")
    }

    /// All of a list that comes in pages.
    pub(crate) async fn all(&self, path: &[&str]) -> Result<Vec<Value>> {
        let (mut all, per_page) = (Vec::new(), PER_PAGE.to_string());
        for page in 1_usize.. {
            let mut items: Vec<Value> =
                self.get_with(path, &[("page", &page.to_string()), ("perpage", &per_page)]).await?;
            let is_last = items.len() < PER_PAGE;
            all.append(&mut items);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Calls a route and gives back whatever it answers.
    pub(crate) async fn answer(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<(StatusCode, Vec<u8>)> {
        self.send(method, path, &[], body).await
    }

    /// [`answer`](Self::answer) with parameters behind the path.
    pub(crate) async fn answer_with(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<(StatusCode, Vec<u8>)> {
        self.send(method, path, query, None).await
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<(StatusCode, Vec<u8>)> {
        let body = body.map(Value::to_string);
        // Where nothing listens, the same escaping as on the way to a server.
        let mut url = match &self.by {
            By::Server(server) => server.url(path),
            By::Here(_) => {
                let mut url = Url::parse("http://here/")?;
                url.path_segments_mut().map_err(|()| anyhow!("no path"))?.pop_if_empty().extend(path);
                url
            }
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let _shown = progress::shown("Waiting for the answer");
        match &self.by {
            By::Server(server) => {
                let request = server.clone().for_org(self.org).request(method, &url);
                let request = request.header(header::CONTENT_TYPE, "application/json");
                let response = server.send(request.body(body.unwrap_or_default())).await?;
                let status = response.status();
                Ok((status, read(response).await.context("cannot read the answer")?))
            }
            By::Here(here) => {
                let target =
                    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
                let mut request = Request::builder().method(method).uri(target);
                request = request.header(header::CONTENT_TYPE, "application/json");
                if let Some(org) = self.org {
                    request = request.header(ORG, org);
                }
                here.call(request.body(body.unwrap_or_default().into_bytes())?).await
            }
        }
    }

    /// Lets go of what was opened.
    async fn close(self) {
        if let By::Here(here) = self.by {
            here.host.wellhead.shutdown(PLUGIN_SHUTDOWN).await;
        }
    }
}
