//! A small JSON API of this machine, from the files of a folder: so that a new plugin has something to ask before its author
//! has an account, a token or a network. For one person's tries: an answer a connection, and no more of HTTP than that takes.

use anyhow::{Context, Result};
use percent_encoding::percent_decode_str;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Longest head of a request, in bytes.
const MAX_HEAD: u64 = 64 << 10;
/// How long a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The API, for as long as this is there.
pub(super) struct SampleApi {
    folder: Arc<Mutex<PathBuf>>,
    url: String,
    task: JoinHandle<()>,
}

impl Drop for SampleApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SampleApi {
    /// Answers `GET /a/b` with `folder/a/b.json`.
    pub(super) async fn start(folder: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("the sample API cannot listen")?;
        let url = format!("http://{}", listener.local_addr().context("the sample API has no address")?);
        let folder = Arc::new(Mutex::new(folder));
        let answered_from = Arc::clone(&folder);
        let task = tokio::spawn(async move {
            // Where accepting fails, there is nobody to tell but who asks.
            while let Ok((stream, _)) = listener.accept().await {
                let folder = answered_from.lock().unwrap_or_else(PoisonError::into_inner).clone();
                tokio::spawn(async move {
                    // Whoever asked has gone.
                    let _ = tokio::time::timeout(PATIENCE, answer(stream, &folder)).await;
                });
            }
        });
        Ok(Self { folder, url, task })
    }

    /// Answers from another folder from now on.
    pub(super) fn serve(&self, folder: PathBuf) {
        *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = folder;
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

async fn answer(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut head = Vec::new();
    let (reader, mut writer) = stream.split();
    let mut reader = reader.take(MAX_HEAD);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if reader.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let target = String::from_utf8_lossy(&head);
    let target = target.split(' ').nth(1).unwrap_or("/");
    let found = match file_of(folder, target) {
        Some(file) => tokio::fs::read(&file).await.map_err(|error| format!("{}: {error}", file.display())),
        None => Err(format!("{target} leads out of {}", folder.display())),
    };
    let (status, body) = match found {
        Ok(body) => ("200 OK", body),
        Err(reason) => ("404 Not Found", serde_json::json!({ "message": reason }).to_string().into_bytes()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    writer.write_all(head.as_bytes()).await?;
    writer.write_all(&body).await?;
    writer.shutdown().await
}

/// The file that answers a request; none where its path leads out of the folder. What is asked after `?` makes no
/// difference.
fn file_of(folder: &Path, target: &str) -> Option<PathBuf> {
    let path = target.split('?').next().unwrap_or_default();
    let mut file = folder.to_owned();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let segment = percent_decode_str(segment).decode_utf8().ok()?;
        if matches!(&*segment, "." | "..") || segment.contains(['/', '\\', '\0']) {
            return None;
        }
        file.push(&*segment);
    }
    let is_root = file == folder;
    let mut name = if is_root { "index".into() } else { file.file_name()?.to_owned() };
    name.push(".json");
    Some(if is_root { file.join(name) } else { file.with_file_name(name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_file_in_the_folder_and_never_out_of_it() {
        let at = |target| file_of(Path::new("/s"), target).map(|file| file.display().to_string());
        assert_eq!(at("/readings/oslo?limit=5").as_deref(), Some("/s/readings/oslo.json"));
        assert_eq!(at("/a%20b/v1.2").as_deref(), Some("/s/a b/v1.2.json"));
        assert_eq!(at("/").as_deref(), Some("/s/index.json"));
        for out in ["/../x", "/a/%2e%2e/x", "/a%2Fb", "/%00"] {
            assert_eq!(at(out), None, "{out}");
        }
    }
}
