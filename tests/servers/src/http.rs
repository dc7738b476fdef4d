//! The plainest HTTP client there is: HTTP/1.0, one connection a request, no code in common with what is tested.

use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Sends a request, and gives the status and the body of the answer.
pub fn send(port: u16, request: &str, headers: &[(&str, &str)], body: &str) -> Result<(u16, String)> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    write!(connection, "{request} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n", body.len())?;
    for (name, value) in headers {
        write!(connection, "{name}: {value}\r\n")?;
    }
    write!(connection, "\r\n{body}")?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer without an end of its head")?;
    let status = head.split(' ').nth(1).with_context(|| format!("no status in {head:?}"))?;
    Ok((status.parse()?, body.to_owned()))
}
