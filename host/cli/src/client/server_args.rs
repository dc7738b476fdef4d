//! Which server a command speaks to: the one that is named, or the one that runs on the data folder.

use crate::client::http::Server;
use crate::client::trust::TrustArgs;
use crate::host::announced;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where `serve` listens unless it is told otherwise.
const DEFAULT_SERVER: &str = "http://127.0.0.1:3000";

/// The flags of every command that speaks to a server.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// Base URL of a running Wellhead, http://LOGIN:PASSWORD@HOST for a user's own [default: the one that runs on the data
    /// folder, as its operator; else http://127.0.0.1:3000]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Token of a service account to ask with
    #[arg(long, global = true, value_name = "TOKEN", env = "WELLHEAD_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Data folder of the Wellhead to speak to, where no server is named [default: data]
    #[arg(long, global = true, value_name = "DIR", env = "WELLHEAD_DATA")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

impl ServerArgs {
    /// The server, whether or not it answers. `timeout` is that of a whole answer.
    pub(crate) fn connect(&self, timeout: Option<Duration>) -> Result<Server> {
        let found = if self.server.is_none() && self.token.is_none() {
            announced::find(self.data.as_deref().unwrap_or(Path::new("data")))
        } else {
            None
        };
        if let Some(found) = &found {
            return Server::found(found, timeout);
        }
        let server = Server::new(self.server.as_deref().unwrap_or(DEFAULT_SERVER), timeout, &self.trust)?;
        match self.token.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => server.with_token(token),
            None => Ok(server),
        }
    }
}
