//! `wellhead serve` as people run it, in a process of its own, with the guest in its plugins folder.

use crate::bench::Options;
use crate::http::client::{Client, Read};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Of the user `admin`.
const PASSWORD: &str = "a-password-of-the-bench";
/// The header's value by which that user signs in.
const AS_ADMIN: &str = "Basic YWRtaW46YS1wYXNzd29yZC1vZi10aGUtYmVuY2g=";
/// What a table of a million rows needs.
const LIMITS: &str = "[limits]\ncall-deadline = \"5m\"\nguest-cpu = \"5m\"\nmemory = \"2GiB\"\n\
                      json-response = \"2GiB\"\njson-rows = 2000000\n";
const SOURCES: &str = "apiVersion: 1\ndatasources:\n  - {name: peer, uid: peer, type: wellhead-peer-datasource}\n";
/// The counter of guests' CPU time, in seconds; a line for each data source.
const GUEST_CPU: &str = "wellhead_plugin_guest_cpu_seconds_total{";

/// A running server; killed when dropped.
pub struct Serve {
    child: Child,
    /// What it says goes somewhere as long as it runs.
    _stdout: BufReader<ChildStdout>,
    address: String,
    _folder: TempDir,
}

impl Serve {
    /// Starts it.
    ///
    /// # Errors
    /// Where it is not built, or does not get ready.
    pub fn start(options: &Options) -> Result<Self> {
        let folder = tempfile::tempdir_in(&options.scratch)?;
        let of = |name: &str| folder.path().join(name);
        for name in ["plugins", "provisioning"] {
            fs::create_dir(of(name))?;
        }
        fs::copy(options.guest(), of("plugins/peer.wasm")).context("the guest is not built: run `make bench-peers`")?;
        fs::write(of("wellhead.toml"), LIMITS)?;
        fs::write(of("provisioning/peer.yaml"), SOURCES)?;
        let program = options.binary("wellhead");
        let mut command = Command::new(&program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WELLHEAD_")) {
            command.env_remove(name);
        }
        command.env("WELLHEAD_ADMIN_PASSWORD", PASSWORD).current_dir(folder.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--config", "wellhead.toml"]);
        command.args(["--data", "data", "--plugins", "plugins", "--provisioning", "provisioning"]);
        // Whoever signs in with a password has it checked at every request, which would hide all the rest.
        command.args(["--anonymous-viewer", "on"]);
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.with_context(|| format!("cannot start {}: build it first", program.display()))?;
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let address = ready(&mut stdout);
        let mut serve = Self { child, _stdout: stdout, address: String::new(), _folder: folder };
        serve.address = address?;
        Ok(serve)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// Where it does not listen.
    pub fn connect(&self) -> Result<Client> {
        Client::connect(&self.address)
    }

    /// CPU time of its guests so far, as its metrics say.
    ///
    /// # Errors
    /// Where they do not.
    pub fn guest_cpu(&self, client: &mut Client) -> Result<Duration> {
        let metrics = client.get("/metrics", AS_ADMIN)?;
        Ok(Duration::try_from_secs_f64(seconds_in(&metrics))?)
    }
}

/// Asks the guest for a table.
///
/// # Errors
/// Where the answer is not good.
pub fn ask(client: &mut Client, accept: &str, model: &str) -> Result<Read> {
    let body =
        format!(r#"{{"from":"now-1h","to":"now","queries":[{{"refId":"A","datasource":{{"uid":"peer"}},{model}}}]}}"#);
    client.post("/api/ds/query", accept, &body)
}

fn seconds_in(metrics: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with(GUEST_CPU));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).filter(|value| value.is_finite()).sum()
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

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_time_is_summed_over_data_sources() {
        let metrics = "# HELP x\nwellhead_plugin_guest_cpu_seconds_total{uid=\"a\"} 1.5\n\
                       wellhead_plugin_guest_cpu_seconds_total{uid=\"b\"} 0.25\nwellhead_http_requests_total 7\n";
        assert!((seconds_in(metrics) - 1.75).abs() < 1e-9);
    }
}
