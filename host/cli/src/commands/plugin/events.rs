//! `wellhead plugin events`: the server's stream of events, a line each, until it ends.

use crate::client::http::{Server, read, refused};
use crate::exit::Outcome;
use crate::output::harmless;
use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde::Deserialize;
use std::io::{self, Write};

/// Far more than any event has; a server that sends no line end is not one of ours.
const LINE_BYTES: usize = 1 << 20;

/// The part of an event that is for people.
#[derive(Deserialize)]
struct Event {
    at: Option<String>,
    message: String,
}

pub(super) async fn follow(server: &Server, as_json: bool) -> Result<Outcome> {
    let url = server.url(&["api", "plugins", "events"]);
    let mut response = server.send(server.request(Method::GET, &url)).await?;
    if !response.status().is_success() {
        let status = response.status();
        return Err(refused(status, &read(response).await?, &url));
    }
    let mut lines = Lines::default();
    while let Some(chunk) = response.chunk().await.with_context(|| format!("{url} broke off"))? {
        for data in lines.push(&chunk)? {
            let mut out = io::stdout().lock();
            if as_json {
                writeln!(out, "{data}")?;
            } else {
                let Event { at, message } =
                    serde_json::from_str(&data).with_context(|| format!("{url} sent {data:?}"))?;
                writeln!(out, "{} {}", harmless(&at.unwrap_or_default()), harmless(&message))?;
            }
        }
    }
    Ok(Outcome::Done)
}

/// Server-Sent Events, put together from chunks. Of each, the data, which is one line with this server.
#[derive(Default)]
struct Lines {
    open: Vec<u8>,
}

impl Lines {
    fn push(&mut self, chunk: &[u8]) -> Result<Vec<String>> {
        self.open.extend_from_slice(chunk);
        let mut data = Vec::new();
        while let Some(end) = self.open.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.open.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            data.extend(line.trim_end().strip_prefix("data:").map(|data| data.trim_start().to_owned()));
        }
        if self.open.len() > LINE_BYTES {
            bail!("the server sent a line of more than {LINE_BYTES} bytes");
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_wherever_the_chunks_end() {
        let text = b": hello\n\nevent: a\ndata: {\"x\":1}\n\n:\n\nevent: b\r\ndata:{\"y\":2}\r\n\r\n";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let data: Vec<String> = text.chunks(size).flat_map(|chunk| lines.push(chunk).unwrap()).collect();
            assert_eq!(data, ["{\"x\":1}", "{\"y\":2}"], "chunks of {size}");
        }
        assert!(Lines::default().push(&vec![b'x'; LINE_BYTES + 1]).is_err());
    }
}
