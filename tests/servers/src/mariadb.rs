//! MariaDB, Debian's package `mariadb-server`.

use crate::{Daemon, Folder, Signal};
use anyhow::{Result, ensure};
use std::process::{Command, Stdio};

const SERVER: &str = "/usr/sbin/mariadbd";

/// A running MariaDB with the user `root`, who needs no password, and the empty database `test`.
#[derive(Debug)]
pub struct MariaDb(Daemon);

impl MariaDb {
    /// Starts one.
    pub fn start() -> Result<Self> {
        Self::start_with(&[], &[])
    }

    /// Starts one with these options (`name=value`) and files in its folder, which is the folder it runs in.
    pub fn start_with(options: &[&str], files: &[(&str, &str)]) -> Result<Self> {
        let folder = Folder::new()?;
        for (name, content) in files {
            folder.write(name, content)?;
        }
        folder.give_away()?;
        let data = format!("--datadir={}", folder.path().join("data").display());
        let mut install = folder.command("mariadb-install-db")?;
        // Several at once would take each other's temporary tables in the shared folder.
        install.env("TMPDIR", folder.path());
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &data]);
        folder.run(install)?;
        let command = |folder: &Folder, port: u16| {
            let mut command = folder.command(SERVER)?;
            command.env("TMPDIR", folder.path());
            command.args(["--no-defaults", "--bind-address=127.0.0.1", "--default-time-zone=+00:00", &data]);
            command.args(["--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci"]);
            command.arg(format!("--port={port}"));
            command.arg(format!("--socket={}", folder.path().join("socket").display()));
            command.arg(format!("--pid-file={}", folder.path().join("pid").display()));
            command.args(options.iter().map(|option| format!("--{option}")));
            Ok(command)
        };
        let server = Self(Daemon::start(folder, Signal::KILL, command, |port| ask(port, "", "SELECT 1").is_ok())?);
        ask(server.port(), "", "CREATE DATABASE test")?;
        Ok(server)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// What it says itself: runs `sql` with `mariadb` in the database `test` and gives the rows, values parted by tabs.
    pub fn ask(&self, sql: &str) -> Result<String> {
        ask(self.port(), "test", sql)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        self.0.kill()
    }

    /// Starts it again on its port, with its data.
    pub fn restart(&mut self) -> Result<()> {
        self.0.restart(|port| ask(port, "test", "SELECT 1").is_ok())
    }

    /// Its process.
    pub fn daemon(&self) -> &Daemon {
        &self.0
    }
}

fn ask(port: u16, database: &str, sql: &str) -> Result<String> {
    let mut client = Command::new("mariadb");
    client.args(["--no-defaults", "--host=127.0.0.1", "--user=root", "--batch", "--skip-column-names"]);
    client.arg(format!("--port={port}")).arg(format!("--execute={sql}")).arg(format!("--database={database}"));
    let output = client.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "mariadb: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_and_survives_a_kill_with_its_data() {
        let mut server = MariaDb::start_with(&["max-connections=17"], &[]).unwrap();
        server.ask("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)").unwrap();
        assert_eq!(server.ask("SELECT @@max_connections, @@time_zone").unwrap(), "17\t+00:00");
        server.kill().unwrap();
        assert!(server.ask("SELECT 1").is_err());
        server.restart().unwrap();
        assert_eq!(server.ask("SELECT a FROM t ORDER BY a").unwrap(), "1\n2");
    }
}
