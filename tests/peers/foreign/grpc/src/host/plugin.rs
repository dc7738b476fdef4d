//! A plugin's process and the connection to it.

use anyhow::{Context, Result};
use peer_grpc::proto::data_client::DataClient;
use peer_grpc::proto::diagnostics_client::DiagnosticsClient;
use peer_grpc::{COOKIE, SOCKET_FOLDER, socket_in};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

/// The longest a plugin may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(20);
/// What may be under way to the host: more than any table.
const WINDOW: u32 = 1 << 30;
/// Of HTTP/2.
const FRAME: u32 = 1 << 20;

/// Killed when dropped.
pub(crate) struct Plugin {
    pub(crate) data: DataClient<Channel>,
    pub(crate) diagnostics: DiagnosticsClient<Channel>,
    child: Child,
    pid: u32,
    /// The plugin ends when this does, also where the host is killed.
    _alive: ChildStdin,
}

impl Plugin {
    /// Starts one, and connects to where it says it listens.
    pub(crate) async fn start(program: &Path) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for a socket")?;
        let (cookie, value) = COOKIE;
        let mut command = Command::new(program);
        command.env_clear().env(cookie, value).env(SOCKET_FOLDER, folder.path()).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let pid = child.id().context("the plugin is gone")?;
        let (alive, out) = child.stdin.take().zip(child.stdout.take()).context("no pipes")?;
        let mut line = String::new();
        let said = timeout(PATIENCE, BufReader::new(out).read_line(&mut line)).await;
        said.context("the plugin does not say where it listens")?.context("cannot read what the plugin says")?;
        let endpoint = Endpoint::from_shared(format!("unix:{}", socket_in(&line)?.display()))?
            .initial_connection_window_size(WINDOW)
            .initial_stream_window_size(WINDOW)
            .max_frame_size(FRAME);
        let channel = endpoint.connect().await.context("cannot connect to the plugin")?;
        let data = DataClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
        Ok(Self { data, diagnostics: DiagnosticsClient::new(channel), child, pid, _alive: alive })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Kills it, and waits until it is gone.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.child.kill().await.context("cannot end the plugin")
    }
}
