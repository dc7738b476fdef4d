//! A peer: a process that takes orders. What it costs is read from outside.

use crate::contest::Sample;
use crate::cpu;
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use wellhead_peer::{Answer, Call, Hello, Order, Table};

/// The longest an order may take: plugins are compiled within some, ten of them one after the other.
const PATIENCE: Duration = Duration::from_secs(300);

/// How a peer is started.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its binary.
    pub path: PathBuf,
    /// What it is called with.
    pub args: Vec<OsString>,
}

/// A running peer; killed when dropped.
pub struct Peer {
    /// What it said of itself.
    pub hello: Hello,
    child: Child,
    orders: ChildStdin,
    answers: Receiver<std::io::Result<String>>,
    /// As of its last answer.
    pids: Vec<u32>,
}

impl Peer {
    /// Starts it, and hears what it is.
    ///
    /// # Errors
    /// Where it cannot be started, or says nothing that is understood.
    pub fn start(program: &Program) -> Result<Self> {
        let path = program.path.file_name().unwrap_or_default().display();
        ensure!(program.path.exists(), "{path} is not built: run `make bench-peers`");
        let mut command = Command::new(&program.path);
        command.args(&program.args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {path}"))?;
        let (orders, output) = child.stdin.take().zip(child.stdout.take()).context("no pipes")?;
        let (sender, answers) = channel();
        // Ends with the peer's output.
        std::thread::spawn(move || BufReader::new(output).lines().try_for_each(|line| sender.send(line)));
        let pids = vec![child.id()];
        let hello = Hello { name: String::new(), built_from: String::new(), cannot: Vec::new() };
        let mut peer = Self { hello, child, orders, answers, pids };
        let line = peer.line().with_context(|| format!("{path} said no hello"))?;
        peer.hello = serde_json::from_str(&line).with_context(|| format!("{path} said no hello: {line}"))?;
        Ok(peer)
    }

    /// Its processes, itself first.
    #[must_use]
    pub fn pids(&self) -> &[u32] {
        &self.pids
    }

    /// Has it do a work.
    ///
    /// # Errors
    /// Where it could not, or took too long. It is of no more use then.
    pub fn order(&mut self, order: &Order) -> Result<Sample> {
        let before: HashMap<u32, Duration> =
            self.pids.iter().filter_map(|&pid| Some((pid, cpu::of_process(pid).ok()?))).collect();
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        self.orders.write_all(&line).context("it is gone")?;
        let line = self.line()?;
        let answer: Answer = serde_json::from_str(&line).with_context(|| format!("no answer: {line}"))?;
        let used = |pid: &u32| {
            let after = cpu::of_process(*pid).unwrap_or_default();
            after.saturating_sub(before.get(pid).copied().unwrap_or_default())
        };
        let (host, plugins) = answer.pids.split_first().context("an answer without a process")?;
        let (mut host, children): (Duration, Duration) = (used(host), plugins.iter().map(used).sum());
        let plugin = match answer.plugin_cpu_ns.map(Duration::from_nanos) {
            Some(inside) => {
                host = host.saturating_sub(inside);
                Some(inside + children)
            }
            None => (!plugins.is_empty()).then_some(children),
        };
        self.pids.clone_from(&answer.pids);
        Ok(Sample {
            wall: Duration::from_nanos(answer.wall_ns),
            calls: answer.calls,
            bytes: answer.bytes,
            p50: Duration::from_nanos(answer.p50_ns),
            p99: Duration::from_nanos(answer.p99_ns),
            host_cpu: host,
            plugin_cpu: plugin,
        })
    }

    /// Why it does not do this, where it does not.
    #[must_use]
    pub fn cannot(&self, order: &Order) -> Option<&str> {
        let needs = needs(order);
        let said = self.hello.cannot.iter().find(|(work, _)| needs.contains(&work.as_str()));
        said.map(|(_, why)| why.as_str())
    }

    fn line(&mut self) -> Result<String> {
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => line.context("cannot read its answer"),
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                bail!("no answer within {} s", PATIENCE.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait().context("it is gone")?;
                Err(anyhow!("it ended ({status}); why stands in its standard error"))
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a peer must be able to do for this, by the words of [`Hello::cannot`].
fn needs(order: &Order) -> Vec<&'static str> {
    match order {
        Order::Calls { call, queries, sources, .. } => {
            let mut needs = vec!["calls"];
            needs.extend(match call {
                Call::Health => vec!["health"],
                Call::Query { table: Table::Series, .. } => vec!["query", "series"],
                Call::Query { table: Table::Mixed, .. } => vec!["query", "mixed"],
                Call::Upstream { .. } => vec!["upstream"],
            });
            needs.extend((*queries > 1).then_some("queries"));
            needs.extend((*sources > 1).then_some("sources"));
            needs
        }
        Order::FirstAnswer { warm } => {
            vec!["first-answer", if *warm { "first-answer-warm" } else { "first-answer-cold" }]
        }
        Order::Reload { warm } => vec!["reload", if *warm { "reload-warm" } else { "reload-cold" }],
        Order::Idle { .. } => vec!["idle"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer that answers the same to every order, in the shell's words.
    fn peer(script: &str) -> Result<Peer> {
        Peer::start(&Program { path: "/bin/sh".into(), args: vec!["-c".into(), script.into()] })
    }

    const HELLO: &str = r#"echo '{"name":"p","builtFrom":"sh","cannot":[["sources","has none"]]}';"#;
    const RELOAD: Order = Order::Reload { warm: true };

    #[test]
    fn a_peer_is_heard_and_what_it_costs_is_read_of_its_process() {
        let answer = r#"read order; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done;
            echo '{"wallNs":2000,"calls":2,"bytes":7,"inFlight":null,"p50Ns":900,"p99Ns":1100,"pids":['$$']}'; read order"#;
        let mut peer = peer(&format!("{HELLO} {answer}")).unwrap();
        assert_eq!(peer.hello.name, "p");
        let sample = peer.order(&RELOAD).unwrap();
        assert_eq!((sample.calls, sample.bytes, sample.p99), (2, 7, Duration::from_nanos(1_100)));
        assert!(sample.host_cpu > Duration::from_micros(100), "{sample:?}");
        assert_eq!(sample.plugin_cpu, None);
    }

    #[test]
    fn a_peer_that_ends_or_talks_nonsense_is_an_error_and_nothing_worse() {
        assert!(Peer::start(&Program { path: "no/such/peer".into(), args: Vec::new() }).is_err());
        assert!(peer("echo nonsense").is_err());
        let ended = peer(&format!("{HELLO} read order; exit 3")).unwrap().order(&RELOAD).unwrap_err();
        assert!(format!("{ended:#}").contains("exit status: 3"), "{ended:#}");
        assert!(peer(&format!("{HELLO} read order; echo nonsense")).unwrap().order(&RELOAD).is_err());
    }

    #[test]
    fn a_peer_is_not_asked_what_it_cannot() {
        let peer = peer(&format!("{HELLO} read order")).unwrap();
        let order = |sources| Order::Calls { call: Call::Health, calls: 1, in_flight: 1, queries: 1, sources };
        assert_eq!(peer.cannot(&order(1)), None);
        assert_eq!(peer.cannot(&order(2)), Some("has none"));
        assert_eq!(peer.cannot(&RELOAD), None);
    }
}
