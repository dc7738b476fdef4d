//! ClickHouse 18.16, Debian's package `clickhouse-server`: the oldest whose HTTP interface people still meet.

use crate::{Daemon, Folder, Signal, http};
use anyhow::{Context, Result, ensure};
use std::cell::Cell;
use std::net::TcpListener;

const SERVER: &str = "/usr/sbin/clickhouse-server";

/// A running ClickHouse with the user `default`, who needs no password.
#[derive(Debug)]
pub struct ClickHouse {
    daemon: Daemon,
    https_port: Option<u16>,
}

impl ClickHouse {
    /// Starts one.
    pub fn start() -> Result<Self> {
        Self::start_with("")
    }

    /// Starts one with these elements of its configuration besides.
    pub fn start_with(elements: &str) -> Result<Self> {
        Self::start_in(Folder::new()?, elements, false)
    }

    /// Starts one that also speaks HTTPS, with this certificate and key, PEM.
    pub fn start_with_tls(certificate: &str, key: &str) -> Result<Self> {
        let folder = Folder::new()?;
        folder.write("server.crt", certificate)?;
        folder.write("server.key", key)?;
        Self::start_in(folder, TLS, true)
    }

    fn start_in(folder: Folder, elements: &str, speaks_tls: bool) -> Result<Self> {
        folder.write("users.xml", USERS)?;
        let https_port = Cell::new(None);
        let command = |folder: &Folder, port: u16| {
            if speaks_tls {
                https_port.set(Some(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port()));
            }
            folder.write("config.xml", config(folder, port, https_port.get(), elements))?;
            folder.give_away()?;
            let mut command = folder.command(SERVER)?;
            command.arg(format!("--config-file={}", folder.path().join("config.xml").display()));
            Ok(command)
        };
        let daemon = Daemon::start(folder, Signal::KILL, command, |port| ask(port, "SELECT 1").is_ok())?;
        Ok(Self { daemon, https_port: https_port.get() })
    }

    /// Its port on 127.0.0.1, of the HTTP interface.
    pub fn port(&self) -> u16 {
        self.daemon.port()
    }

    /// Its port of the HTTP interface with TLS.
    pub fn https_port(&self) -> Result<u16> {
        self.https_port.context("it was started without TLS")
    }

    /// What it says itself: runs `sql` and gives the rows, values parted by tabs.
    pub fn ask(&self, sql: &str) -> Result<String> {
        ask(self.port(), sql)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon.kill()
    }

    /// Starts it again on its port, with its data.
    pub fn restart(&mut self) -> Result<()> {
        self.daemon.restart(|port| ask(port, "SELECT 1").is_ok())
    }

    /// Its process.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }
}

fn ask(port: u16, sql: &str) -> Result<String> {
    let (status, body) = http::send(port, "POST /", &[], sql)?;
    ensure!(status == 200, "ClickHouse: {body}");
    Ok(body.trim_end().to_owned())
}

/// Files are looked for in the folder it runs in.
const TLS: &str = "<openSSL><server>
    <certificateFile>server.crt</certificateFile><privateKeyFile>server.key</privateKeyFile>
    <verificationMode>none</verificationMode><loadDefaultCAFile>false</loadDefaultCAFile>
  </server></openSSL>";

const USERS: &str = "<yandex>
  <profiles><default><max_memory_usage>2000000000</max_memory_usage></default></profiles>
  <users><default>
    <password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
  </default></users>
  <quotas><default/></quotas>
</yandex>
";

/// Everything it writes stays in the folder. It insists on a port for its own protocol; zero is any that is free.
fn config(folder: &Folder, port: u16, https_port: Option<u16>, elements: &str) -> String {
    let folder = folder.path().display();
    let https = https_port.map(|port| format!("<https_port>{port}</https_port>")).unwrap_or_default();
    format!(
        "<yandex>
  <logger><level>warning</level><log>{folder}/server.log</log><errorlog>{folder}/errors.log</errorlog></logger>
  <http_port>{port}</http_port>{https}<listen_host>127.0.0.1</listen_host>
  <path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
  <user_files_path>{folder}/files/</user_files_path><format_schema_path>{folder}/schemas/</format_schema_path>
  <users_config>{folder}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size><timezone>UTC</timezone>
  {elements}
</yandex>
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_and_survives_a_kill_with_its_data() {
        let mut server = ClickHouse::start().unwrap();
        server.ask("CREATE TABLE t (a UInt8) ENGINE = TinyLog").unwrap();
        server.ask("INSERT INTO t VALUES (1), (2)").unwrap();
        server.kill().unwrap();
        assert!(server.ask("SELECT 1").is_err());
        server.restart().unwrap();
        assert_eq!(server.ask("SELECT a FROM t ORDER BY a").unwrap(), "1\n2");
    }
}
