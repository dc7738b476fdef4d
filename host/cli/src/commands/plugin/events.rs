//! `wellhead plugin events`: the server's stream of events, a line each, until it ends.

use crate::client::event_stream::EventStream;
use crate::client::http::{Server, read, refused};
use crate::exit::Outcome;
use crate::output::harmless;
use anyhow::{Context, Result};
use reqwest::Method;
use serde::Deserialize;
use std::io::{self, Write};

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
    let mut events = EventStream::default();
    while let Some(chunk) = response.chunk().await.with_context(|| format!("{url} broke off"))? {
        for event in events.push(&chunk)? {
            let data = event.data;
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
