//! What the two sides of `peer-grpc` have in common: the protocol, and how they find each other, which is go-plugin's way.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use tokio::runtime::{Builder, Runtime};

/// The protocol's code.
#[expect(unused_qualifications, reason = "it is generated")]
pub mod proto {
    tonic::include_proto!("plugin");
}

/// A plugin that is started without this in its environment was started by a person, and says so.
pub const COOKIE: (&str, &str) = ("grafana_plugin_type", "datasource");
/// The folder a plugin makes its socket in, from its environment.
pub const SOCKET_FOLDER: &str = "PLUGIN_UNIX_SOCKET_DIR";

/// go-plugin's own version, and Grafana's of what is spoken.
const VERSIONS: &str = "1|2";

/// The line a plugin says on standard output, once it listens.
#[must_use]
pub fn handshake(socket: &Path) -> String {
    format!("{VERSIONS}|unix|{}|grpc\n", socket.display())
}

/// Where it listens, by that line.
///
/// # Errors
/// Where it speaks another protocol.
pub fn socket_in(line: &str) -> Result<PathBuf> {
    let socket = line.trim_end().strip_prefix(VERSIONS).and_then(|rest| rest.strip_prefix("|unix|"));
    match socket.and_then(|rest| rest.strip_suffix("|grpc")) {
        Some(socket) => Ok(socket.into()),
        None => bail!("the plugin speaks another protocol: {line:?}"),
    }
}

/// What either side runs on: where there are two cores, a thread each, which costs the least of all ways, because no call
/// goes from thread to thread; where there are more, a thread for each core.
///
/// # Errors
/// Where threads cannot be made.
pub fn runtime() -> Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    let mut builder = if cores <= 2 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build().context("cannot make threads")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_finds_the_socket_that_a_plugin_names() {
        let socket = Path::new("a folder/plugin|1");
        assert_eq!(socket_in(&handshake(socket)).unwrap(), socket);
        for line in ["", "1|2|tcp|127.0.0.1:1|grpc\n", "1|1|unix|s|grpc\n", "1|2|unix|s|netrpc\n"] {
            assert!(socket_in(line).is_err(), "{line:?}");
        }
    }
}
