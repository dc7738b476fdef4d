//! A current ClickHouse: chdb, its engine as a Python package, behind the form of the HTTP interface. `make test` installs
//! it where it can be had.

use crate::{Daemon, Folder, Signal, http};
use anyhow::{Result, ensure};
use std::path::Path;

/// Where `make test` puts the package; both from the project's root.
const PYTHON: &str = "target/python/chdb/bin/python";
const SERVER: &str = "tests/servers/chdb/server.py";

/// A running engine with the users `default`, who needs no password, and `reader`, whose password is `right`.
#[derive(Debug)]
pub struct Chdb(Daemon);

impl Chdb {
    /// Starts one; `None`, said by name on standard error, where the package is not installed.
    pub fn start() -> Result<Option<Self>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let python = root.join(PYTHON);
        if !python.exists() {
            eprintln!("passed over, as chdb is not installed (`make test` does it where it can be had): {PYTHON}");
            return Ok(None);
        }
        let program = root.join(SERVER).canonicalize()?;
        let command = |folder: &Folder, port: u16| {
            // The interpreter that the package is for may be in the home of whoever runs the tests.
            let mut command = folder.own_command(&python)?;
            command.arg("-B").arg(&program).args([&port.to_string(), "data"]);
            Ok(command)
        };
        Ok(Some(Self(Daemon::start(Folder::new()?, Signal::KILL, command, |port| ask(port, "SELECT 1").is_ok())?)))
    }

    /// Its port on 127.0.0.1, of the HTTP interface.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// What it says itself: runs `sql` and gives the rows, values parted by tabs.
    pub fn ask(&self, sql: &str) -> Result<String> {
        ask(self.port(), sql)
    }
}

fn ask(port: u16, sql: &str) -> Result<String> {
    let (status, body) = http::send(port, "POST /", &[], sql)?;
    ensure!(status == 200, "chdb: {body}");
    Ok(body.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_and_forgets_what_was_set_for_one_query() {
        let Some(server) = Chdb::start().unwrap() else { return };
        let asked = http::send(server.port(), "POST /?max_threads=3&param_a=x", &[], "SELECT {a:String}");
        assert_eq!(asked.unwrap(), (200, "x\n".to_owned()));
        assert_ne!(server.ask("SELECT value FROM system.settings WHERE name = 'max_threads'").unwrap(), "3");
        let (status, body) =
            http::send(server.port(), "POST /", &[("X-ClickHouse-User", "reader")], "SELECT 1").unwrap();
        assert!(status == 403 && body.contains("AUTHENTICATION_FAILED"), "{body}");
    }
}
