//! A recording as a folder: `http/0001-GET-path.json` and `net/0001.json`, one file an exchange or connection, made to be
//! read, reviewed and written by hand.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use http::{Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};

use super::{Content, HttpExchange, HttpOutcome, NetScript, NetStep};

/// Characters of a file name that come from a URL's path.
const NAME_FROM_PATH: usize = 60;
/// Most bytes of a file that is read: the longest body there may be, in the longest form it may have, and some.
const LONGEST_FILE: u64 = 256 << 20;

/// Why a recording cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// File or folder.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// Not what such a file holds.
    #[error("{}: {reason}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
}

/// What a plugin exchanged with the world, in order. The names are those of the files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// Requests, in the order they were sent.
    pub http: Vec<(String, HttpExchange)>,
    /// Byte connections, in the order they were opened.
    pub net: Vec<(String, NetScript)>,
}

impl Recording {
    /// Gives the exchanges the names that their files will have.
    #[must_use]
    pub fn of(http: impl IntoIterator<Item = HttpExchange>, net: impl IntoIterator<Item = NetScript>) -> Self {
        let http = http.into_iter().zip(1_usize..).map(|(exchange, number)| {
            let path = exchange.request.url.split('?').next().unwrap_or_default();
            let path =
                path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
            let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
            let path: String = path.chars().map(plain).take(NAME_FROM_PATH).collect();
            let path = path.trim_matches('-');
            let dash = if path.is_empty() { "" } else { "-" };
            (format!("http/{number:04}-{}{dash}{path}.json", exchange.request.method), exchange)
        });
        let net = net.into_iter().zip(1_usize..).map(|(script, number)| (format!("net/{number:04}.json"), script));
        Self { http: http.collect(), net: net.collect() }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.http.is_empty() && self.net.is_empty()
    }

    /// Whether the plugin asked, and not one request or connection came as far as an upstream.
    #[must_use]
    pub fn reaches_nobody(&self) -> bool {
        let http = self.http.iter().all(|(_, exchange)| match &exchange.outcome {
            HttpOutcome::Error(fault) => fault.is_on_the_way(),
            HttpOutcome::Response(_) => false,
        });
        let net = self.net.iter().all(|(_, script)| match script.steps.as_slice() {
            [NetStep::Error(fault)] => fault.is_on_the_way(),
            _ => false,
        });
        http && net && !self.is_empty()
    }

    /// Reads `http/*.json` and `net/*.json` of `folder`, in the order of their names. A folder that is not there is empty.
    ///
    /// # Errors
    /// [`RecordingError`], which names file and line.
    pub fn read(folder: &Path) -> Result<Self, RecordingError> {
        let http: Vec<(String, HttpExchange)> = read_all(folder, "http")?;
        let net: Vec<(String, NetScript)> = read_all(folder, "net")?;
        let invalid = |name: &str, reason| RecordingError::Invalid { path: folder.join(name), reason };
        for (name, exchange) in &http {
            check_exchange(exchange).map_err(|reason| invalid(name, reason))?;
        }
        for (name, script) in &net {
            script.steps.iter().try_for_each(check_step).map_err(|reason| invalid(name, reason))?;
        }
        Ok(Self { http, net })
    }

    /// Reads one file of a recording, or of what lies beside it. It may be a stranger's: a device, a pipe and a file
    /// without end are refused before they are read.
    ///
    /// # Errors
    /// [`RecordingError`], which names it.
    pub fn read_file(path: &Path) -> Result<Vec<u8>, RecordingError> {
        let failed = |error| RecordingError::Io { path: path.to_owned(), error };
        let invalid = |reason| Err(RecordingError::Invalid { path: path.to_owned(), reason });
        let found = fs::metadata(path).map_err(failed)?;
        if !found.is_file() {
            return invalid("it is no file".to_owned());
        }
        if found.len() > LONGEST_FILE {
            return invalid(format!("it has {} bytes, and {LONGEST_FILE} are read at most", found.len()));
        }
        fs::read(path).map_err(failed)
    }

    /// Writes the files into `folder`, in the place of those of an earlier recording: files whose names begin with a
    /// number of four digits. Files of other names stay.
    ///
    /// # Errors
    /// [`RecordingError::Io`].
    pub fn write(&self, folder: &Path) -> Result<(), RecordingError> {
        clear(&folder.join("http"))?;
        clear(&folder.join("net"))?;
        for (name, exchange) in &self.http {
            write_file(&folder.join(name), exchange)?;
        }
        for (name, script) in &self.net {
            write_file(&folder.join(name), script)?;
        }
        Ok(())
    }
}

fn check_exchange(exchange: &HttpExchange) -> Result<(), String> {
    let HttpExchange { request, outcome } = exchange;
    Method::from_bytes(request.method.as_bytes())
        .map_err(|_| format!("request.method: {:?} is none", request.method))?;
    request.body.bytes().map_err(|reason| format!("request.body: {reason}"))?;
    let HttpOutcome::Response(response) = outcome else { return Ok(()) };
    StatusCode::from_u16(response.status)
        .map_err(|_| format!("response.status: {} is none; write 100 to 999", response.status))?;
    response.body.bytes().map_err(|reason| format!("response.body: {reason}"))?;
    Ok(())
}

fn check_step(step: &NetStep) -> Result<(), String> {
    let check = |name: &str, content: &Content| content.bytes().map(drop).map_err(|reason| format!("{name}: {reason}"));
    match step {
        NetStep::Write(content) => check("write", content),
        NetStep::Read(content) => check("read", content),
        NetStep::StartTls(info) => check("startTls.serverEndPoint", &info.server_end_point),
        NetStep::Finish {} | NetStep::End {} | NetStep::Error(_) => Ok(()),
    }
}

/// The files of one kind, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, RecordingError> {
    let failed = |error| RecordingError::Io { path: folder.to_owned(), error };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_all<T: DeserializeOwned>(folder: &Path, kind: &str) -> Result<Vec<(String, T)>, RecordingError> {
    let read = |path: PathBuf| {
        let text = Recording::read_file(&path)?;
        let value = serde_json::from_slice(&text)
            .map_err(|error| RecordingError::Invalid { path: path.clone(), reason: error.to_string() })?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok((format!("{kind}/{name}"), value))
    };
    files(&folder.join(kind))?.into_iter().map(read).collect()
}

/// Takes the earlier recording's files out of a folder. One that is a link leads to where nobody said that files may go.
fn clear(folder: &Path) -> Result<(), RecordingError> {
    if folder.is_symlink() {
        let reason =
            "it is a link to another folder, in which nothing is written or removed: make it a folder".to_owned();
        return Err(RecordingError::Invalid { path: folder.to_owned(), reason });
    }
    for path in files(folder)? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.len() > 4 && name.bytes().take(4).all(|byte| byte.is_ascii_digit()) {
            fs::remove_file(&path).map_err(|error| RecordingError::Io { path, error })?;
        }
    }
    Ok(())
}

fn write_file(path: &Path, value: &impl Serialize) -> Result<(), RecordingError> {
    let failed = |error| RecordingError::Io { path: path.to_owned(), error };
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_reached_where_no_way_led_to_anybody() {
        let recording = |http: &str, net: &str| {
            let http: Vec<HttpExchange> = serde_json::from_str(http).unwrap();
            let net: Vec<NetScript> = serde_json::from_str(net).unwrap();
            Recording::of(http, net).reaches_nobody()
        };
        let refused = r#"{"request": {"url": "/"}, "error": {"kind": "refused"}}"#;
        let hangs = r#"{"request": {"url": "/"}, "error": {"kind": "unanswered"}}"#;
        let unreached =
            r#"{"endpoint": "server", "steps": [{"error": {"kind": "unresolved", "reason": "no such name"}}]}"#;
        let lost = r#"{"endpoint": "server", "steps": [{"write": {"text": "PING"}}, {"error": {"kind": "refused"}}]}"#;
        assert!(recording(&format!("[{refused}]"), &format!("[{unreached}]")));
        assert!(!recording("[]", "[]"));
        assert!(!recording(&format!("[{refused}, {hangs}]"), "[]"));
        assert!(!recording(&format!("[{refused}]"), &format!("[{lost}]")));
    }
}
