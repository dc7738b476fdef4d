//! How commands find the server that runs on a data folder: two files in it, for its owner alone.
//!
//! `server.json` says where it listens, `operator.token` lets its reader in. A server that ended in an orderly way has taken
//! both with it; what a crash leaves is of no use to anybody, because every server makes its token anew.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use wellhead_identity::{OPERATOR_FILE, OperatorToken};

const SERVER_FILE: &str = "server.json";

/// Where a server is that runs on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Whereabouts {
    url: String,
    pid: u32,
}

/// A server that announces itself until this is dropped.
pub(crate) struct Announced {
    files: [PathBuf; 2],
}

impl Announced {
    pub(crate) fn new(folder: &Path, scheme: &str, address: SocketAddr, operator: &OperatorToken) -> Result<Self> {
        let url = format!("{scheme}://{}", SocketAddr::new(reachable(address.ip()), address.port()));
        let whereabouts = serde_json::to_string(&Whereabouts { url, pid: std::process::id() })?;
        let announced = Self { files: [folder.join(SERVER_FILE), folder.join(OPERATOR_FILE)] };
        let write = || {
            operator.write(folder)?;
            // Last, because whoever finds it reads the token next.
            let mut file = NamedTempFile::new_in(folder)?;
            file.write_all(whereabouts.as_bytes())?;
            file.persist(folder.join(SERVER_FILE))?;
            std::io::Result::Ok(())
        };
        write().with_context(|| format!("cannot write into the data folder {}", folder.display()))?;
        Ok(announced)
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// An address to which this machine can connect: one that stands for all of them stands for loopback too.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

/// A server that was found.
pub(crate) struct Found {
    pub(crate) url: String,
    pub(crate) token: OperatorToken,
}

/// The server that runs on `folder`, as far as its files say. Whether it still does shows when it is asked.
pub(crate) fn find(folder: &Path) -> Option<Found> {
    let whereabouts = std::fs::read(folder.join(SERVER_FILE)).ok()?;
    let Whereabouts { url, .. } = serde_json::from_slice(&whereabouts).ok()?;
    let token = OperatorToken::read(folder).ok()?;
    Some(Found { url, token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_found_for_as_long_as_it_announces_itself() {
        let folder = tempfile::tempdir().unwrap();
        let operator = OperatorToken::generate().unwrap();
        assert!(find(folder.path()).is_none());
        let address = "0.0.0.0:4000".parse().unwrap();
        let announced = Announced::new(folder.path(), "http", address, &operator).unwrap();
        let found = find(folder.path()).unwrap();
        assert_eq!(found.url, "http://127.0.0.1:4000");
        assert!(operator.is(found.token.text().expose()));
        drop(announced);
        assert!(find(folder.path()).is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn its_files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let operator = OperatorToken::generate().unwrap();
        let _announced = Announced::new(folder.path(), "http", "[::]:1".parse().unwrap(), &operator).unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(find(folder.path()).unwrap().url, "http://[::1]:1");
    }
}
