//! A Prometheus of a test's own: the system's package, as an unprivileged user, in a folder that goes with it.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::http::{self, Answer};

/// How long a server may take to come up. Generous: the machine may be busy with other tests.
const STARTUP: Duration = Duration::from_secs(60);

/// `nobody` and `nogroup` of Debian: servers do not run as root, even where tests do.
const NOBODY: u32 = 65_534;

/// Basic authentication of a [guarded](Prometheus::guarded) server.
pub const USER: &str = "admin";
/// Its password, of which the server has the bcrypt hash that Prometheus's documentation shows.
pub const PASSWORD: &str = "test";
const USERS: &str = "basic_auth_users:\n  admin: $2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay\n";
const AUTHORIZATION: &str = "Basic YWRtaW46dGVzdA==";

/// A running server, killed when dropped.
#[derive(Debug)]
pub struct Prometheus {
    process: Child,
    port: u16,
    /// Removed after the process is gone.
    _folder: TempDir,
}

impl Prometheus {
    /// Starts a server that scrapes nothing and has these samples, OpenMetrics text.
    pub async fn start(openmetrics: &str) -> Result<Self> {
        Self::start_with(openmetrics, "").await
    }

    /// The same, which answers nobody but [`USER`].
    pub async fn guarded(openmetrics: &str) -> Result<Self> {
        Self::start_with(openmetrics, USERS).await
    }

    async fn start_with(openmetrics: &str, web_config: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        std::fs::write(path.join("prometheus.yml"), "scrape_configs: []\n")?;
        std::fs::write(path.join("web.yml"), web_config)?;
        create_blocks(path, openmetrics)?;
        give_away(path)?;
        // Between finding a port and the server's taking it another process may be faster: then the next one is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut process = spawn(path, port)?;
            if wait_until_ready(&mut process, port).await? {
                return Ok(Self { process, port, _folder: folder });
            }
        }
        let log = std::fs::read_to_string(path.join("log")).unwrap_or_default();
        bail!("prometheus does not stay up; its log:\n{log}");
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it answers itself.
    pub async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
        http::get(self.port, path, parameters).await
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It is ours to reap, whether or not it was still alive.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn create_blocks(folder: &Path, openmetrics: &str) -> Result<()> {
    let input = folder.join("input.om");
    std::fs::write(&input, openmetrics)?;
    let output = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&input, &folder.join("data")])
        .output()
        .context("promtool cannot be run: install Debian's package prometheus")?;
    ensure!(output.status.success(), "promtool: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Makes the folder the server's, where the test runs as root.
fn give_away(folder: &Path) -> Result<()> {
    if is_root()? {
        let status = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(folder).status()?;
        ensure!(status.success(), "chown {}: {status}", folder.display());
    }
    Ok(())
}

fn is_root() -> Result<bool> {
    Ok(std::fs::read_to_string("/proc/self/status")?.lines().any(|line| line.starts_with("Uid:\t0\t")))
}

fn spawn(folder: &Path, port: u16) -> Result<Child> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
        .arg(format!("--web.config.file={}", folder.join("web.yml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(["--storage.tsdb.retention.time=100y", "--web.enable-remote-write-receiver"])
        .arg("--enable-feature=exemplar-storage,native-histograms,promql-at-modifier,promql-negative-offset")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    if is_root()? {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.spawn().context("prometheus cannot be run: install Debian's package prometheus")
}

/// False where the process ended, as it does when the port is taken.
async fn wait_until_ready(process: &mut Child, port: u16) -> Result<bool> {
    let deadline = Instant::now() + STARTUP;
    while process.try_wait()?.is_none() {
        let ready = http::get_with(port, "/-/ready", &[], &[("Authorization", AUTHORIZATION)]).await;
        if ready.is_ok_and(|answer| answer.status == 200) {
            return Ok(true);
        }
        if Instant::now() > deadline {
            let _ = process.kill();
            process.wait()?;
            bail!("prometheus is not ready after {STARTUP:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(false)
}
