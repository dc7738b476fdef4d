//! `wellhead serve` as a process, with one data source.

use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;
use wellhead_test_support::guest;

/// The data source.
pub(super) const SOURCE: &str = "large";
/// Of the user `admin`.
const PASSWORD: &str = "a-password-of-the-soak";
/// The header's value by which that user signs in.
pub(super) const AS_ADMIN: &str = "Basic YWRtaW46YS1wYXNzd29yZC1vZi10aGUtc29haw==";

/// What bounds an answer in time, raised: how long it takes is not what is looked at.
const LIMITS: &str = "[limits]\ncall-deadline = \"15m\"\nguest-cpu = \"15m\"\n";

/// A running server; killed when dropped.
pub(super) struct Server {
    child: Child,
    /// What it says goes somewhere as long as it runs.
    _stdout: BufReader<ChildStdout>,
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
    _folder: TempDir,
}

impl Server {
    /// Starts it before a PostgreSQL on this port, with so many rows as the most of an answer.
    pub(super) fn start(postgres: u16, row_limit: u64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let of = |name: &str| folder.path().join(name);
        for name in ["plugins", "provisioning"] {
            std::fs::create_dir(of(name))?;
        }
        std::fs::copy(guest("postgres"), of("plugins/postgres.wasm")).context("cannot copy the plugin")?;
        std::fs::write(of("wellhead.toml"), LIMITS)?;
        let mut source = format!("apiVersion: 1\ndatasources:\n  - {{name: {SOURCE}, uid: {SOURCE}, type: postgres, ");
        write!(source, "url: '127.0.0.1:{postgres}', user: postgres, jsonData: {{database: postgres, ")?;
        writeln!(source, "sslmode: disable, rowLimit: {row_limit}}}}}")?;
        std::fs::write(of("provisioning/large.yaml"), source)?;

        let program = std::env::current_exe()?.with_file_name("wellhead");
        let mut command = Command::new(&program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WELLHEAD_")) {
            command.env_remove(name);
        }
        command.env("WELLHEAD_ADMIN_PASSWORD", PASSWORD).current_dir(folder.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--config", "wellhead.toml"]);
        command.args(["--data", "data", "--plugins", "plugins", "--provisioning", "provisioning"]);
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.with_context(|| format!("cannot start {}: build it first", program.display()))?;
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let address = ready(&mut stdout);
        let mut server = Self { child, _stdout: stdout, address: String::new(), _folder: folder };
        server.address = address?;
        Ok(server)
    }

    /// Its process id.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }
}

/// Reads until the server says where it is.
fn ready(stdout: &mut BufReader<ChildStdout>) -> Result<String> {
    let mut line = String::new();
    while stdout.read_line(&mut line)? > 0 {
        if let Some(rest) = line.strip_prefix("wellhead is ready at http://") {
            let address = rest.split_whitespace().next();
            return Ok(address.context("no address where the server is ready")?.to_owned());
        }
        line.clear();
    }
    bail!("the server ended before it was ready")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
