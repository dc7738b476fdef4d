//! The npm package `centrifuge` in Node.js, which follows live channels as Grafana's pages do: `tests/centrifuge`.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long what is waited for may take on a machine that is busy with other tests, whatever else comes meanwhile.
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
        self.before(Instant::now() + PATIENCE).await
    }

    async fn before(&mut self, deadline: Instant) -> Result<Value> {
        let line = tokio::time::timeout_at(deadline, self.events.recv()).await.context("the time is up")?;
        Ok(serde_json::from_str(&line.context("node ended")?)?)
    }

    /// The first event that is `wanted`; others are passed over.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        let mut passed = Passed::default();
        loop {
            match self.before(deadline).await {
                Ok(event) if wanted(&event) => return Ok(event),
                Ok(event) => passed.add(&event),
                Err(error) => bail!("waited for {what}, there were {passed}: {error:#}"),
            }
        }
    }

    /// The next event of this kind; others are passed over.
    pub async fn event(&mut self, kind: &str) -> Result<Value> {
        self.until(kind, |event| of(event, "event") == kind).await
    }

    /// Subscribes, and waits until that is so.
    pub async fn subscribe(&mut self, channel: &str, data: Value) -> Result<Value> {
        self.command(&json!({"command": "subscribe", "channel": channel, "data": data}))?;
        self.event("subscribed").await
    }

    /// Subscribes to what cannot be subscribed to: the code and the words of the refusal.
    pub async fn refused(&mut self, channel: &str) -> Result<(u64, String)> {
        self.command(&json!({"command": "subscribe", "channel": channel}))?;
        // A refusal for good, and one that the client will try again.
        let answers = ["unsubscribed", "refused", "subscribed"];
        let is_answer = |event: &Value| answers.iter().any(|answer| of(event, "event") == answer);
        let event = self.until("an answer to subscribe", is_answer).await?;
        let said = match of(&event, "event").as_str() {
            Some("unsubscribed") => of(&event, "reason"),
            Some("refused") => of(&event, "message"),
            _ => bail!("{channel} was subscribed to"),
        };
        Ok((of(&event, "code").as_u64().context("code")?, said.to_string()))
    }

    /// The document of the next publication.
    pub async fn publication(&mut self) -> Result<Value> {
        Ok(of(&self.event("publication").await?, "data").clone())
    }
}

/// How many events of which kinds were passed over.
#[derive(Default)]
struct Passed(BTreeMap<String, usize>);

impl Passed {
    fn add(&mut self, event: &Value) {
        let kind = of(event, "event").as_str().unwrap_or_default().to_owned();
        *self.0.entry(kind).or_default() += 1;
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

/// A detail of an event; null where there is none.
fn of<'a>(event: &'a Value, detail: &str) -> &'a Value {
    event.get(detail).unwrap_or(&Value::Null)
}
