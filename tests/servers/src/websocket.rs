//! A WebSocket server, npm's `ws`, with an endpoint for everything that endpoints do to their clients: what there is
//! stands at the head of `websocket/server.mjs`. `make test` installs the package.

use crate::{Daemon, Folder, Signal, http};
use anyhow::{Result, ensure};
use std::net::TcpStream;
use std::path::Path;

/// From the project's root.
const FOLDER: &str = "tests/servers/websocket";

/// A running server.
#[derive(Debug)]
pub struct WebSocketServer {
    daemon: Daemon,
    speaks_tls: bool,
}

impl WebSocketServer {
    /// Starts one.
    pub fn start() -> Result<Self> {
        Self::start_in(Folder::new()?, &[])
    }

    /// Starts one that speaks TLS, with this certificate and key, PEM.
    pub fn start_with_tls(certificate: &str, key: &str) -> Result<Self> {
        let folder = Folder::new()?;
        folder.write("server.crt", certificate)?;
        folder.write("server.key", key)?;
        Self::start_in(folder, &["server.crt", "server.key"])
    }

    fn start_in(folder: Folder, files: &[&str]) -> Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(FOLDER).canonicalize()?;
        ensure!(program.join("node_modules/ws").exists(), "npm's ws is not installed in {FOLDER}: `make test` does it");
        let command = |folder: &Folder, port: u16| {
            // The package may be in the home of whoever runs the tests.
            let mut command = folder.own_command("node")?;
            command.arg(program.join("server.mjs")).arg(port.to_string()).args(files);
            Ok(command)
        };
        let speaks_tls = !files.is_empty();
        let daemon = Daemon::start(folder, Signal::KILL, command, |port| is_ready(port, speaks_tls))?;
        Ok(Self { daemon, speaks_tls })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.daemon.port()
    }

    /// What it has seen, as JSON: `open` connections, `connections` in all, what clients `said`, and the codes they
    /// `closed` with. Not of one that speaks TLS.
    pub fn seen(&self) -> Result<String> {
        Ok(http::send(self.port(), "GET /", &[], "")?.1)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon.kill()
    }

    /// Starts it again on its port.
    pub fn restart(&mut self) -> Result<()> {
        let speaks_tls = self.speaks_tls;
        self.daemon.restart(|port| is_ready(port, speaks_tls))
    }

    /// Its process.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }
}

fn is_ready(port: u16, speaks_tls: bool) -> bool {
    if speaks_tls {
        return TcpStream::connect(("127.0.0.1", port)).is_ok();
    }
    http::send(port, "GET /", &[], "").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_and_is_there_again_after_a_kill() {
        let mut server = WebSocketServer::start().unwrap();
        assert_eq!(server.seen().unwrap(), r#"{"open":0,"connections":0,"said":[],"closed":[]}"#);
        server.kill().unwrap();
        assert!(server.seen().is_err());
        server.restart().unwrap();
        assert!(server.seen().is_ok());
    }
}
