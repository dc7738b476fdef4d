//! From nothing to a WebSocket: dialling, TLS, and the handshake, within one bound of time.

use super::failure::Failure;
use super::wire::{LastHeard, Wire};
use crate::settings::Settings;
use futures::SinkExt;
use futures::StreamExt;
use http::{HeaderValue, Request, header};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use wellhead_sdk::net::{Connection, TlsOptions};
use wellhead_sdk::task;

/// The manifest's name for the endpoint.
const ENDPOINT: &str = "server";
/// The library reads so much at once, which is a message or many.
const READ_BUFFER: usize = 64 << 10;
/// What may wait to be sent.
const WRITE_BUFFER: usize = 4 << 20;
/// Messages that are passed over before others of the instance have their turn.
const AT_ONCE: u32 = 256;
/// What a server may take for its part of closing.
const GOODBYE: Duration = Duration::from_secs(2);

/// An open connection.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<Wire>,
    pub(crate) heard: LastHeard,
}

/// Connects to a target of the data source's endpoint.
pub(crate) async fn open(settings: &Settings, target: &str) -> Result<Socket, Failure> {
    let limit = settings.connect_timeout;
    match task::timeout(limit, connect(settings, target)).await {
        Ok(opened) => opened,
        Err(_) => {
            let url = settings.address.url(target);
            Err(Failure::passing(format_args!("{url}: no handshake within {} ms", limit.as_millis())))
        }
    }
}

async fn connect(settings: &Settings, target: &str) -> Result<Socket, Failure> {
    let request = request(settings, target)?;
    let mut connection = Connection::connect(ENDPOINT).await.map_err(Failure::of_net)?;
    if settings.address.is_secure {
        let options = TlsOptions { verify: settings.verify, ..TlsOptions::default() };
        connection.start_tls(&options).await.map_err(Failure::of_net)?;
    }
    let wire = Wire::new(connection);
    let heard = wire.last_heard();
    let longest = settings.max_message_bytes;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(longest))
        .max_frame_size(Some(longest));
    let opened = client_async_with_config(request, wire, Some(config)).await;
    let (stream, _) = opened.map_err(|error| Failure::of_handshake(&error, &settings.address.url(target)))?;
    Ok(Socket { stream, heard })
}

fn request(settings: &Settings, target: &str) -> Result<Request<()>, Failure> {
    let mut request = Request::builder()
        .uri(settings.address.url(target))
        .header(header::HOST, &settings.address.host)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, generate_key());
    if !settings.subprotocols.is_empty() {
        request = request.header(header::SEC_WEBSOCKET_PROTOCOL, settings.subprotocols.join(", "));
    }
    let mut request =
        request.body(()).map_err(|error| Failure::passing(format_args!("writing the handshake: {error}")))?;
    request.headers_mut().extend(settings.headers.clone());
    request.headers_mut().entry(header::USER_AGENT).or_insert(HeaderValue::from_static("wellhead"));
    Ok(request)
}

impl Socket {
    /// Closes politely, within a bound: says why, and waits until the server has hung up.
    pub(crate) async fn close(mut self, code: CloseCode) {
        let goodbye = async {
            let frame = CloseFrame { code, reason: "".into() };
            if self.stream.send(Message::Close(Some(frame))).await.is_ok() {
                self.hang_up().await;
            }
        };
        // Whoever takes longer finds the connection gone.
        let _ = task::timeout(GOODBYE, goodbye).await;
    }

    /// Answers a close of the server's, and waits until it has hung up.
    pub(crate) async fn closed(mut self) {
        let _ = task::timeout(GOODBYE, self.hang_up()).await;
    }

    async fn hang_up(&mut self) {
        let mut read = 0_u32;
        while let Some(Ok(_)) = self.stream.next().await {
            read = read.wrapping_add(1);
            // One that goes on sending keeps neither others nor the clock from their turn.
            if read.is_multiple_of(AT_ONCE) {
                task::yield_now().await;
            }
        }
    }
}
