//! One connection: what comes is read, what is to be said is written, and neither waits for the other.
//!
//! All of it is one task and one loop. What is ready is written into the socket's buffer, and flushed once. A socket that
//! takes no byte for the server's write time-out fails, as under every response; what a slow one misses meanwhile is the
//! hub's to drop and to tell.

use super::session::{Outbox, Session};
use crate::live::protocol::{Command, Commands, Disconnect, PING};
use crate::state::AppState;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use std::error::Error as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// Messages between two flushes: enough to fill the socket's buffer many times over with small ones.
const IN_A_ROW: usize = 64;
/// Rounds of the loop before other tasks have their turn.
const ROUNDS: usize = 8;
/// Answers that wait to be written before a client is read no further.
const ANSWERS_WAITING: usize = 64;
/// How long a client has to take its leave.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a connection ends.
enum End {
    /// The client is gone, or cannot be written to.
    Gone,
    /// It is told why.
    Told(Disconnect),
}

impl From<Disconnect> for End {
    fn from(disconnect: Disconnect) -> Self {
        Self::Told(disconnect)
    }
}

pub(super) struct Connection {
    socket: WebSocket,
    session: Session,
    outbox: Outbox,
    /// What is left of the client's last message.
    commands: Option<Commands<Bytes>>,
    is_unflushed: bool,
    /// Until `connect` the time for that; then until the next ping.
    clock: Pin<Box<Sleep>>,
    ping: Duration,
    was_connected: bool,
    /// A ping is out that was not answered.
    awaits_pong: bool,
    draining: BoxFuture<'static, ()>,
}

impl Connection {
    pub(super) fn new(app: &AppState, socket: WebSocket, session: Session) -> Self {
        let (clock, drain) = (Box::pin(sleep(app.config.handshake_timeout)), app.drain_begins());
        Self {
            socket,
            session,
            outbox: Outbox::new(),
            commands: None,
            is_unflushed: false,
            clock,
            ping: app.config.live_ping,
            was_connected: false,
            awaits_pong: false,
            draining: drain.boxed(),
        }
    }

    pub(super) async fn run(mut self) {
        let end = std::future::poll_fn(|cx| self.poll(cx)).await;
        if let End::Told(disconnect) = end {
            // Who does not take its leave in time is left standing.
            let _ = tokio::time::timeout(FAREWELL, self.take_leave(disconnect)).await;
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        for _ in 0..ROUNDS {
            match self.round(cx) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(end) => return Poll::Ready(end),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Moves whatever can be; whether anything did.
    fn round(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if self.draining.poll_unpin(cx).is_ready() {
            return Err(Disconnect::Shutdown.into());
        }
        let ticked = self.tick(cx)?;
        let read = self.read(cx)?;
        let answered = self.session.poll_done(cx, &mut self.outbox)?;
        let written = self.write(cx)?;
        Ok(ticked || read || answered || written)
    }

    fn tick(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if self.session.is_connected() && !self.was_connected {
            self.was_connected = true;
            // The first comes somewhere in the second half of the time, so that clients who came together are not pinged
            // together.
            let share = 0.5 + (crate::http::random() % 1_000) as f64 / 2_000.0;
            self.clock.as_mut().reset(Instant::now() + self.ping.mul_f64(share));
        }
        if self.clock.poll_unpin(cx).is_pending() {
            return Ok(false);
        }
        if !self.was_connected {
            return Err(Disconnect::Stale.into());
        }
        // An answer may stand behind commands that wait for their turn.
        if self.awaits_pong && self.commands.is_none() {
            return Err(Disconnect::NoPong.into());
        }
        self.awaits_pong = true;
        self.outbox.push_back(PING.to_owned());
        self.clock.as_mut().reset(Instant::now() + self.ping);
        Ok(true)
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let mut any = false;
        while self.outbox.len() < ANSWERS_WAITING {
            let Some(commands) = &mut self.commands else {
                match self.message(cx)? {
                    Some(message) => self.commands = Some(Commands::of(message)),
                    None => return Ok(any),
                }
                any = true;
                continue;
            };
            if self.session.is_busy() {
                return Ok(any);
            }
            any = true;
            match commands.next() {
                None => self.commands = None,
                Some(Ok(Command::Pong)) if self.awaits_pong => self.awaits_pong = false,
                Some(Ok(Command::Pong)) => return Err(Disconnect::BadRequest.into()),
                Some(Ok(Command::Send)) if self.was_connected => return Err(Disconnect::NotAvailable.into()),
                Some(Ok(Command::Send)) => return Err(Disconnect::BadRequest.into()),
                Some(Ok(Command::Request { id, request })) => self.session.take(id, request, &mut self.outbox)?,
                Some(Err(malformed)) => {
                    tracing::debug!(target: "wellhead::http", "a live connection is ended: {malformed}");
                    return Err(Disconnect::BadRequest.into());
                }
            }
        }
        Ok(any)
    }

    /// The client's next message, `None` where there is none yet.
    fn message(&mut self, cx: &mut Context<'_>) -> Result<Option<Bytes>, End> {
        loop {
            return match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Pending => Ok(None),
                Poll::Ready(Some(Ok(Message::Text(text)))) => Ok(Some(text.into())),
                Poll::Ready(Some(Ok(Message::Binary(bytes)))) => Ok(Some(bytes)),
                // WebSocket's own, which are answered below.
                Poll::Ready(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
                Poll::Ready(Some(Err(error))) if is_too_long(&error) => Err(Disconnect::TooLong.into()),
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(target: "wellhead::http", "a live connection ended: {error}");
                    Err(End::Gone)
                }
                Poll::Ready(Some(Ok(Message::Close(_))) | None) => Err(End::Gone),
            };
        }
    }

    /// Answers go first, then what channels have, for as long as the socket takes more.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        let mut any = false;
        for _ in 0..IN_A_ROW {
            match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Pending => break,
                Poll::Ready(outcome) => writable(outcome)?,
            }
            let message = match self.outbox.pop_front() {
                Some(message) => message.into(),
                None => match self.session.poll_channels(cx, &mut self.outbox) {
                    Poll::Pending => break,
                    Poll::Ready(message) => text(message?),
                },
            };
            writable(Pin::new(&mut self.socket).start_send(Message::Text(message)))?;
            self.is_unflushed = true;
            any = true;
        }
        if self.is_unflushed
            && let Poll::Ready(outcome) = Pin::new(&mut self.socket).poll_flush(cx)
        {
            writable(outcome)?;
            self.is_unflushed = false;
        }
        Ok(any)
    }

    /// Says what is left to say, and why this is the end; then waits for the client to say the same, because what it sent
    /// and nobody read would have the close frame thrown away.
    async fn take_leave(&mut self, disconnect: Disconnect) -> Result<(), axum::Error> {
        while let Some(message) = self.outbox.pop_front() {
            self.socket.feed(Message::Text(message.into())).await?;
        }
        let (code, reason) = (disconnect.code(), disconnect.reason().into());
        self.socket.send(Message::Close(Some(CloseFrame { code, reason }))).await?;
        if disconnect == Disconnect::TooLong {
            // The rest of that message cannot be read away.
            std::future::pending::<()>().await;
        }
        while let Some(Ok(_)) = self.socket.next().await {}
        Ok(())
    }
}

/// A message that channels share. Bytes that are no text were made by nobody here.
fn text(bytes: Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(bytes).unwrap_or_default()
}

fn writable(outcome: Result<(), axum::Error>) -> Result<(), End> {
    outcome.map_err(|error| {
        tracing::debug!(target: "wellhead::http", "a live connection is cut: {error}");
        End::Gone
    })
}

/// Whether the socket refused a message for its length.
fn is_too_long(error: &axum::Error) -> bool {
    use tokio_tungstenite::tungstenite::Error;
    let refused = error.source().and_then(|source| source.downcast_ref::<Error>());
    matches!(refused, Some(Error::Capacity(_)))
}
