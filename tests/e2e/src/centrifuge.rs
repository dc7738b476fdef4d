//! The npm package `centrifuge` in Node.js, which follows live channels as Grafana's pages do: `tests/centrifuge`.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long an event may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client of a running server.
pub struct Centrifuge {
    process: Child,
    input: ChildStdin,
    events: mpsc::UnboundedReceiver<String>,
}

impl Drop for Centrifuge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Centrifuge {
    /// Connects to the server at `port`.
    pub async fn connect(port: u16) -> Result<Self> {
        let mut client = Self::start(port, None)?;
        client.command(&json!({"command": "connect"}))?;
        client.event("connected").await?;
        Ok(client)
    }

    /// A client that has yet to [`connect`](Self::command), with a service account's token.
    pub fn start(port: u16, token: Option<&str>) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../centrifuge");
        ensure!(folder.join("node_modules").exists(), "tests/centrifuge has no packages: `make test` installs them");
        let mut process = Command::new("node")
            .arg("client.mjs")
            .arg(format!("ws://127.0.0.1:{port}/api/live/ws"))
            .args(token)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start node")?;
        let input = process.stdin.take().context("node has no input")?;
        let output = process.stdout.take().context("node has no output")?;
        let (told, events) = mpsc::unbounded_channel();
        // Ends with node's output.
        std::thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| told.send(line))
        });
        Ok(Self { process, input, events })
    }

    /// Has it do something: see `client.mjs`.
    pub fn command(&mut self, command: &Value) -> Result<()> {
        Ok(self.input.write_all(format!("{command}\n").as_bytes())?)
    }

    /// The next event, whatever it is.
    pub async fn next(&mut self) -> Result<Value> {
        let line = tokio::time::timeout(PATIENCE, self.events.recv()).await.context("no event came")?;
        Ok(serde_json::from_str(&line.context("node ended")?)?)
    }

    /// The next event of this kind; others are passed over.
    pub async fn event(&mut self, kind: &str) -> Result<Value> {
        let mut passed = Vec::new();
        loop {
            match self.next().await {
                Ok(event) if of(&event, "event") == kind => return Ok(event),
                Ok(event) => passed.push(of(&event, "event").clone()),
                Err(error) => bail!("waited for {kind}, there were {passed:?}: {error:#}"),
            }
        }
    }

    /// Subscribes, and waits until that is so.
    pub async fn subscribe(&mut self, channel: &str, data: Value) -> Result<Value> {
        self.command(&json!({"command": "subscribe", "channel": channel, "data": data}))?;
        self.event("subscribed").await
    }

    /// Subscribes to what cannot be subscribed to: the code and the words of the refusal.
    pub async fn refused(&mut self, channel: &str) -> Result<(u64, String)> {
        self.command(&json!({"command": "subscribe", "channel": channel}))?;
        loop {
            let event = self.next().await?;
            match of(&event, "event").as_str() {
                // A refusal for good, and one that the client will try again.
                Some("unsubscribed") => {
                    return Ok((of(&event, "code").as_u64().context("code")?, of(&event, "reason").to_string()));
                }
                Some("refused") => {
                    return Ok((of(&event, "code").as_u64().context("code")?, of(&event, "message").to_string()));
                }
                Some("subscribed") => bail!("{channel} was subscribed to"),
                _ => {}
            }
        }
    }

    /// The document of the next publication.
    pub async fn publication(&mut self) -> Result<Value> {
        Ok(of(&self.event("publication").await?, "data").clone())
    }
}

/// A detail of an event; null where there is none.
fn of<'a>(event: &'a Value, detail: &str) -> &'a Value {
    event.get(detail).unwrap_or(&Value::Null)
}
