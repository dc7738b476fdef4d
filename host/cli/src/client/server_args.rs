//! Which server a command speaks to: the one that is named, or the one that runs on the data folder.

use crate::client::http::Server;
use crate::client::trust::TrustArgs;
use crate::config::{ConfigArgs, Settings};
use crate::host::announced;
use anyhow::Result;
use std::path::PathBuf;
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
    /// Data folder of the Wellhead to speak to, where no server is named [default: that of ./wellhead.toml, else data]
    #[arg(long, global = true, value_name = "DIR", env = "WELLHEAD_DATA")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

impl ServerArgs {
    /// Whether the command line or the environment says which server, or who asks it.
    pub(crate) fn is_named(&self) -> bool {
        self.server.is_some() || self.token().is_some()
    }

    fn token(&self) -> Option<&str> {
        self.token.as_deref().filter(|token| !token.is_empty())
    }

    /// The data folder: that of the configuration file, where the flag and the environment name none.
    fn folder(&self) -> PathBuf {
        let (settings, _) = Settings::load(&ConfigArgs::of_folders(None, self.data.clone(), None));
        settings.data.value
    }

    /// The server, whether or not it answers. `timeout` is that of a whole answer.
    pub(crate) fn connect(&self, timeout: Option<Duration>) -> Result<Server> {
        if !self.is_named()
            && let Some(found) = announced::find(&self.folder())
        {
            return Server::found(&found, timeout);
        }
        let server = Server::new(self.server.as_deref().unwrap_or(DEFAULT_SERVER), timeout, &self.trust)?;
        match self.token() {
            Some(token) => server.with_token(token),
            None => Ok(server),
        }
    }
}
