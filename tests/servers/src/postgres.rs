//! PostgreSQL, Debian's package `postgresql`.

use crate::{Daemon, Folder, Signal};
use anyhow::{Context, Result, ensure};
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A running PostgreSQL with the superuser [`PostgreSql::USER`], whom it believes without a password, and the database
/// `postgres`.
#[derive(Debug)]
pub struct PostgreSql {
    daemon: Daemon,
    programs: PathBuf,
}

impl PostgreSql {
    /// The superuser.
    pub const USER: &str = "postgres";

    /// Starts one.
    pub fn start() -> Result<Self> {
        Self::start_with(&[], &[])
    }

    /// Starts one with these settings (`name=value`) and files, which the settings name as they are named here.
    pub fn start_with(settings: &[&str], files: &[(&str, &str)]) -> Result<Self> {
        let programs = programs()?;
        let folder = Folder::new()?;
        folder.give_away()?;
        let mut initdb = folder.command(programs.join("initdb"))?;
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.args(["-U", Self::USER, "-D"]).arg(folder.path().join("data"));
        folder.run(initdb)?;
        for (name, content) in files {
            folder.write(&format!("data/{name}"), content)?;
            // It refuses a private key that others can read.
            set_permissions(folder.path().join("data").join(name), Permissions::from_mode(0o600))?;
        }
        let server = programs.join("postgres");
        let command = |folder: &Folder, port: u16| {
            let mut command = folder.command(&server)?;
            let data = folder.path().join("data");
            command.current_dir(&data).arg("-D").arg(data).arg("-p").arg(port.to_string());
            // A crash of the machine is not what its tests are about.
            let ours = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "timezone=UTC", "fsync=off"];
            command.args(ours.iter().chain(settings).flat_map(|setting| ["-c", setting]));
            Ok(command)
        };
        let is_ready = ready(&programs);
        // SIGQUIT: at once, all of its processes.
        let daemon = Daemon::start(folder, Signal::QUIT, command, is_ready)?;
        Ok(Self { daemon, programs })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.daemon.port()
    }

    /// What it says itself: runs `sql` with `psql` and gives the rows, values parted by `|`.
    pub fn ask(&self, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-h", "127.0.0.1", "-U", Self::USER, "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-qAtX", "-c", sql]);
        let output = psql.arg("-p").arg(self.port().to_string()).stdin(Stdio::null()).output()?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon.kill()
    }

    /// Starts it again on its port, with its data.
    pub fn restart(&mut self) -> Result<()> {
        self.daemon.restart(ready(&self.programs))
    }

    /// Its process.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }
}

fn ready(programs: &Path) -> impl Fn(u16) -> bool + use<> {
    let program = programs.join("pg_isready");
    move |port| {
        let mut command = Command::new(&program);
        command.args(["-q", "-h", "127.0.0.1", "-p"]).arg(port.to_string());
        command.status().is_ok_and(|status| status.success())
    }
}

/// Debian keeps them apart by version and out of the PATH; the newest.
fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context("no PostgreSQL: `make test` installs it")?;
    let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.filter_map(|entry| Some(entry.ok()?.path())).max_by_key(number);
    Ok(newest.context("no version of PostgreSQL")?.join("bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_survives_a_kill_with_its_data_and_is_gone_when_dropped() {
        let mut server = PostgreSql::start_with(&["log_connections=on"], &[]).unwrap();
        assert_eq!(
            server.ask("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); SELECT * FROM t").unwrap(),
            "1\n2"
        );
        assert_eq!(server.ask("SHOW log_connections").unwrap(), "on");
        server.kill().unwrap();
        assert!(server.ask("SELECT 1").is_err());
        server.restart().unwrap();
        assert_eq!(server.ask("SELECT count(*) FROM t").unwrap(), "2");
        let port = server.port();
        let folder = server.daemon().folder().path().to_owned();
        drop(server);
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(!folder.exists());
    }
}
