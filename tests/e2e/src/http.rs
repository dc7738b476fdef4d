//! The plainest HTTP client there is, so that what a server says is heard through nothing of ours: HTTP/1.0, one
//! connection a request.

use anyhow::{Context, Result, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Status and body of an answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Asks for a path with parameters.
pub async fn get(port: u16, path: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
    get_with(port, path, parameters, &[]).await
}

/// Asks for a path with parameters and these headers.
pub async fn get_with(port: u16, path: &str, parameters: &[(&str, &str)], headers: &[(&str, &str)]) -> Result<Answer> {
    let mut head = format!("GET {path}?{} HTTP/1.0\r\nHost: 127.0.0.1\r\n", form(parameters));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    send(port, &head, &[]).await
}

/// Parameters as a query string has them, and a form.
pub fn form(parameters: &[(&str, &str)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> =
        parameters.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    pairs.join("&")
}

/// Sends a body with these headers.
pub async fn post(port: u16, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
    let mut head = format!("POST {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    send(port, &head, body).await
}

async fn send(port: u16, head: &str, body: &[u8]) -> Result<Answer> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(body).await?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await?;
    let end =
        answer.windows(4).position(|window| window == b"\r\n\r\n").context("an answer without an end of its head")?;
    let body = answer.split_off(end + 4);
    let head = String::from_utf8(answer)?;
    let Some(status) = head.split(' ').nth(1) else { bail!("no status in {head:?}") };
    Ok(Answer { status: status.parse()?, body })
}
