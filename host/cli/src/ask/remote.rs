//! Asking a server: Wellhead's own, or any that speaks Grafana's query API.

use super::Request;
use crate::answer::{Answer, limits};
use crate::client::http::{Server, read, refused};
use crate::progress;
use anyhow::{Context, Result};
use reqwest::{Method, Url, header};
use wellhead_frame::Frame;
use wellhead_server::ARROW_STREAM;

/// A server that answers `/api/ds/query`.
#[derive(Debug)]
pub(crate) struct Remote {
    server: Server,
    url: Url,
}

impl Remote {
    /// The query API of `server`.
    pub(crate) fn new(server: Server) -> Self {
        let url = server.url(&["api", "ds", "query"]);
        Self { server, url }
    }

    /// Asks, and reads the answer whole. As Arrow where the server has it: that is exact, cheaper to read, and has no
    /// limit on its size.
    pub(crate) async fn ask(&self, request: &Request) -> Result<Vec<Answer>> {
        let asked = self
            .server
            .request(Method::POST, &self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, format!("{ARROW_STREAM}, application/json;q=0.5"))
            .body(request.body().to_string());
        let _shown = progress::shown("Waiting for the answer");
        let response = self.server.send(asked).await?;
        let status = response.status();
        let is_arrow = response.headers().get(header::CONTENT_TYPE).is_some_and(|found| found == ARROW_STREAM);
        let body = read(response).await.with_context(|| format!("cannot read the answer of {}", self.url))?;
        if is_arrow {
            let frames = Frame::all_from_ipc(body, &limits()).with_context(|| format!("the answer of {}", self.url))?;
            return Answer::from_arrow(frames);
        }
        // 400 is also the status of an answer in which one refId of many failed.
        match Answer::from_response(&body) {
            Ok(answers) => Ok(answers),
            Err(error) if status.is_success() => Err(error.context(format!("the answer of {}", self.url))),
            Err(_) => Err(refused(status, &body, &self.url)),
        }
    }
}
