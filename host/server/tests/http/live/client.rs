//! A client of the Centrifuge protocol, as far as tests need one.

use crate::support::PATIENCE;
use axum::http::HeaderValue;
use axum::http::header::HeaderName;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    /// Pushes that came before the reply that was waited for.
    pushes: VecDeque<Value>,
    next_id: u32,
    pub(crate) answers_pings: bool,
}

/// A message of the server.
#[derive(Debug)]
enum Heard {
    Text(String),
    Closed(Option<CloseFrame>),
}

impl Client {
    /// Opens a connection; else the status and body of the refusal.
    pub(crate) async fn open(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, (u16, Value)> {
        let mut request = format!("ws://{address}/api/live/ws").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        match timeout(PATIENCE, client_async(request, stream)).await.expect("the server answers in time") {
            Ok((socket, _)) => Ok(Self { socket, pushes: VecDeque::new(), next_id: 1, answers_pings: true }),
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                Err((response.status().as_u16(), serde_json::from_slice(body).unwrap_or_default()))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a connection and says `connect`.
    pub(crate) async fn connected(address: SocketAddr) -> Self {
        let mut client = Self::open(address, &[]).await.unwrap();
        let reply = client.ask(json!({"connect": {}})).await;
        assert!(reply["connect"]["client"].is_string(), "{reply}");
        client
    }

    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// Sends a command and waits for its reply.
    pub(crate) async fn ask(&mut self, mut command: Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        command["id"] = json!(id);
        self.say(command.to_string()).await;
        loop {
            match self.hear().await {
                Heard::Text(text) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["id"] == json!(id) {
                        return message;
                    }
                    self.pushes.push_back(message);
                }
                closed => panic!("closed while {command} waits: {closed:?}"),
            }
        }
    }

    pub(crate) async fn subscribe(&mut self, channel: &str) -> Value {
        self.ask(json!({"subscribe": {"channel": channel}})).await
    }

    /// Code and message of the error that a command ends in.
    pub(crate) async fn refused(&mut self, command: Value) -> (u64, String) {
        let reply = self.ask(command).await;
        let error = &reply["error"];
        (error["code"].as_u64().unwrap_or_else(|| panic!("{reply}")), error["message"].as_str().unwrap().to_owned())
    }

    /// The next message that answers no command.
    pub(crate) async fn push(&mut self) -> Value {
        loop {
            let message = self.message().await;
            // Replies that nobody waits for are passed over.
            if message["push"].is_object() {
                return message["push"].clone();
            }
        }
    }

    /// The next message, whatever it is.
    pub(crate) async fn message(&mut self) -> Value {
        if let Some(message) = self.pushes.pop_front() {
            return message;
        }
        match self.hear().await {
            Heard::Text(text) => serde_json::from_str(&text).unwrap(),
            closed => panic!("{closed:?}"),
        }
    }

    /// The next push of this channel.
    pub(crate) async fn push_of(&mut self, channel: &str) -> Value {
        loop {
            let push = self.push().await;
            if push["channel"] == channel {
                return push;
            }
        }
    }

    /// Reads to the end of the connection: the code and reason of the close frame.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Heard::Closed(frame) = self.hear().await {
                let frame = frame.expect("a close frame");
                return (frame.code.into(), frame.reason.as_str().to_owned());
            }
        }
    }

    async fn hear(&mut self) -> Heard {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("the server says something in time");
            match message {
                Some(Ok(Message::Text(text))) if text.as_str() == "{}" => {
                    if self.answers_pings {
                        self.say("{}").await;
                    }
                }
                Some(Ok(Message::Text(text))) => return Heard::Text(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => return Heard::Closed(frame),
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("{error}"),
                None => return Heard::Closed(None),
            }
        }
    }
}
