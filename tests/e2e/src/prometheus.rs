//! A Prometheus of a test's own: Debian's package.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use wellhead_test_servers::{Daemon, Folder, Signal};

use crate::http::{self, Answer};

/// Basic authentication of a [guarded](Prometheus::guarded) server.
pub const USER: &str = "admin";
/// Its password, of which the server has the bcrypt hash that Prometheus's documentation shows.
pub const PASSWORD: &str = "test";
const USERS: &str = "basic_auth_users:\n  admin: $2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay\n";
const AUTHORIZATION: &str = "Basic YWRtaW46dGVzdA==";

/// A running server, gone when dropped.
#[derive(Debug)]
pub struct Prometheus(Daemon);

impl Prometheus {
    /// Starts a server that scrapes nothing and has these samples, OpenMetrics text.
    pub fn start(openmetrics: &str) -> Result<Self> {
        Self::start_with(openmetrics, "")
    }

    /// The same, which answers nobody but [`USER`].
    pub fn guarded(openmetrics: &str) -> Result<Self> {
        Self::start_with(openmetrics, USERS)
    }

    fn start_with(openmetrics: &str, web_config: &str) -> Result<Self> {
        let folder = Folder::new()?;
        folder.write("prometheus.yml", "scrape_configs: []\n")?;
        folder.write("web.yml", web_config)?;
        create_blocks(&folder, openmetrics)?;
        // SIGKILL: what it would still write goes with the folder.
        Ok(Self(Daemon::start(folder, Signal::KILL, command, is_ready)?))
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// What it answers itself.
    pub async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
        http::get(self.port(), path, parameters).await
    }
}

fn create_blocks(folder: &Folder, openmetrics: &str) -> Result<()> {
    folder.write("input.om", openmetrics)?;
    let output = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", "input.om", "data"])
        .current_dir(folder.path())
        .output()
        .context("promtool cannot be run: install Debian's package prometheus")?;
    ensure!(output.status.success(), "promtool: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn command(folder: &Folder, port: u16) -> Result<Command> {
    let mut command = folder.command("prometheus")?;
    command
        .args(["--config.file=prometheus.yml", "--web.config.file=web.yml", "--storage.tsdb.path=data"])
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(["--storage.tsdb.retention.time=100y", "--web.enable-remote-write-receiver"])
        .arg("--enable-feature=exemplar-storage,native-histograms,promql-at-modifier,promql-negative-offset");
    Ok(command)
}

fn is_ready(port: u16) -> bool {
    let answer = wellhead_test_servers::http::send(port, "GET /-/ready", &[("Authorization", AUTHORIZATION)], "");
    answer.is_ok_and(|(status, _)| status == 200)
}
