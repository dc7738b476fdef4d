//! What goes over an open connection: messages in, to every channel on it; what channels say, out; pings where it is
//! silent. Reading and writing go on side by side, so that an endpoint that waits for us to read can still be told
//! something.

use super::failure::Failure;
use super::handshake::Socket;
use super::link::{Command, Link, Member};
use crate::document::Json;
use crate::mapping::Trouble;
use crate::settings::Settings;
use futures::channel::{mpsc, oneshot};
use futures::{FutureExt, SinkExt, StreamExt};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error as WsError, Message};
use wellhead_sdk::metrics::Counter;
use wellhead_sdk::{Error, ErrorSource, task};

static MESSAGES: Counter = Counter::new("messages_total");

/// Messages that are read before others of the instance have their turn.
const AT_ONCE: u32 = 256;
/// Messages that may wait to be sent; who would publish one more is told so.
const MOST_OUTGOING: usize = 256;
/// How long the last messages may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a conversation ended.
pub(crate) enum Ending {
    /// Nobody was left, or somebody asked for it, and waits to hear of it.
    Deserted(Option<oneshot::Sender<()>>),
    /// The connection is lost.
    Failed(Failure),
}

/// An open connection in use.
pub(crate) struct Conversation<'d> {
    settings: &'d Settings,
    link: &'d Link,
    socket: Socket,
    commands: &'d mut mpsc::UnboundedReceiver<Command>,
    outgoing: VecDeque<Outgoing>,
    is_unflushed: bool,
    /// Since when the endpoint takes nothing of what waits.
    stuck: Option<Duration>,
    /// When a ping was last sent.
    pinged: Duration,
    timer: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// A message that is to be sent, and who wants to hear that it is on its way.
struct Outgoing {
    message: Message,
    tell: Option<oneshot::Sender<Result<(), Error>>>,
}

/// What there is to do after some time of reading and writing.
enum Event {
    /// There is more to read; others first.
    Busy,
    /// All that was there is read, or it is time to look at the clock.
    Quiet,
    Command(Command),
    /// The server closed, and wants an answer.
    Closed(Failure),
    /// A message is longer than it may be.
    TooLong(Failure),
    Lost(Failure),
}

impl<'d> Conversation<'d> {
    pub(crate) fn new(
        settings: &'d Settings,
        link: &'d Link,
        socket: Socket,
        commands: &'d mut mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        Self {
            settings,
            link,
            socket,
            commands,
            outgoing: VecDeque::new(),
            is_unflushed: false,
            stuck: None,
            pinged: Duration::ZERO,
            timer: None,
        }
    }

    /// Goes on until nobody is left, or the connection is lost.
    pub(crate) async fn hold(mut self) -> Ending {
        self.greet();
        loop {
            match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Busy => task::yield_now().await,
                Event::Quiet => {
                    if let Some(failure) = self.look_at_clock() {
                        return Ending::Failed(failure);
                    }
                }
                Event::Command(command) => {
                    if let Some(asked) = self.obey(command) {
                        self.take_leave().await;
                        return Ending::Deserted(asked);
                    }
                }
                Event::Closed(failure) => {
                    self.socket.closed().await;
                    return Ending::Failed(failure);
                }
                Event::TooLong(failure) => {
                    self.socket.close(CloseCode::Size).await;
                    return Ending::Failed(failure);
                }
                Event::Lost(failure) => return Ending::Failed(failure),
            }
        }
    }

    /// Says what the data source and its channels say on every connection.
    fn greet(&mut self) {
        self.say(self.settings.on_connect.texts());
        for member in self.link.members() {
            member.is_greeted.set(true);
            self.say(member.query.on_connect.texts());
        }
    }

    fn say(&mut self, texts: Vec<String>) {
        self.outgoing.extend(texts.into_iter().map(|text| Outgoing { message: Message::text(text), tell: None }));
    }

    /// Does what it is asked for. `Some`: it is over, and somebody may wait to hear of that.
    fn obey(&mut self, command: Command) -> Option<Option<oneshot::Sender<()>>> {
        let members = self.link.members();
        match command {
            Command::Join(member) => {
                let is_here = members.iter().any(|other| Rc::ptr_eq(other, &member));
                if is_here && !member.is_greeted.replace(true) {
                    self.say(member.query.on_connect.texts());
                }
            }
            Command::Leave(member) => {
                // What ends a subscription that another channel has, too, would end it for both.
                let is_needed = members.iter().any(|other| other.query.on_disconnect == member.query.on_disconnect);
                if member.is_greeted.get() && !is_needed {
                    self.say(member.query.on_disconnect.texts());
                }
                if members.is_empty() {
                    return Some(None);
                }
            }
            Command::Publish(_, tell) if self.outgoing.len() >= MOST_OUTGOING => {
                let _ = tell.send(Err(too_slow(&self.url())));
            }
            Command::Publish(text, tell) => {
                self.outgoing.push_back(Outgoing { message: Message::text(text), tell: Some(tell) });
            }
            Command::Close(tell) => {
                for member in members {
                    self.say(member.query.on_disconnect.texts());
                }
                return Some(Some(tell));
            }
        }
        None
    }

    async fn take_leave(mut self) {
        let outgoing = std::mem::take(&mut self.outgoing);
        let last = async {
            for Outgoing { message, .. } in outgoing {
                self.socket.stream.send(message).await?;
            }
            Ok::<(), WsError>(())
        };
        // Where the server takes nothing any more there is nothing to be said.
        let _ = task::timeout(LAST_WORDS, last).await;
        self.socket.close(CloseCode::Normal).await;
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Err(failure) = self.poll_write(cx) {
            return Poll::Ready(Event::Lost(failure));
        }
        // Whatever waits to be sent: who leaves is not kept by an endpoint that reads nothing.
        if let Poll::Ready(Some(command)) = self.commands.poll_next_unpin(cx) {
            return Poll::Ready(Event::Command(command));
        }
        if let Poll::Ready(event) = self.poll_read(cx) {
            return Poll::Ready(event);
        }
        if self.timer.is_none() {
            self.timer = self.next_look().map(|wait| Box::pin(task::sleep(wait)) as _);
        }
        match self.timer.as_mut().map(|timer| timer.poll_unpin(cx)) {
            Some(Poll::Ready(())) => {
                self.timer = None;
                Poll::Ready(Event::Quiet)
            }
            _ => Poll::Pending,
        }
    }

    /// Hands over what is to be sent, as far as it is taken. A failure where nothing was for too long: an endpoint that
    /// sends and does not read would never be silent.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.hand_over(cx).map_err(|error| self.failure(&error))? {
            self.stuck = None;
            return Ok(());
        }
        let now = task::monotonic();
        let since = *self.stuck.get_or_insert(now);
        match self.settings.idle_timeout {
            Some(limit) if now.saturating_sub(since) >= limit => {
                let (url, limit) = (self.url(), limit.as_millis());
                Err(Failure::passing(format_args!("{url} took nothing of what it was sent for {limit} ms")))
            }
            _ => Ok(()),
        }
    }

    /// Whether anything was taken, or nothing waits.
    fn hand_over(&mut self, cx: &mut Context<'_>) -> Result<bool, WsError> {
        let stream = &mut self.socket.stream;
        let mut is_moving = false;
        while !self.outgoing.is_empty() {
            match stream.poll_ready_unpin(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Ok(is_moving),
            }
            if let Some(Outgoing { message, tell }) = self.outgoing.pop_front() {
                stream.start_send_unpin(message)?;
                (self.is_unflushed, is_moving) = (true, true);
                if let Some(tell) = tell {
                    let _ = tell.send(Ok(()));
                }
            }
        }
        if self.is_unflushed {
            match stream.poll_flush_unpin(cx) {
                Poll::Ready(flushed) => flushed?,
                Poll::Pending => return Ok(is_moving),
            }
            self.is_unflushed = false;
        }
        Ok(true)
    }

    /// Reads what is there, up to a bound, and leaves it with the channels.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let mut read = None;
        let mut taken = 0_u32;
        let event = loop {
            if taken == AT_ONCE {
                break Poll::Ready(Event::Busy);
            }
            let message = match self.socket.stream.poll_next_unpin(cx) {
                Poll::Pending => break Poll::Pending,
                Poll::Ready(Some(Ok(message))) => message,
                Poll::Ready(Some(Err(error @ WsError::Capacity(_)))) => {
                    break Poll::Ready(Event::TooLong(self.failure(&error)));
                }
                Poll::Ready(Some(Err(error))) => break Poll::Ready(Event::Lost(self.failure(&error))),
                Poll::Ready(None) => break Poll::Ready(Event::Lost(Failure::of_close(None, &self.url()))),
            };
            taken += 1;
            let (members, arrived) = read.get_or_insert_with(|| (self.link.members(), task::now().nanos()));
            match message {
                Message::Text(text) => leave(members, &text, *arrived),
                Message::Binary(bytes) => match std::str::from_utf8(&bytes) {
                    Ok(text) => leave(members, text, *arrived),
                    Err(_) => count(members, Trouble::NotText, &String::from_utf8_lossy(start(&bytes))),
                },
                Message::Close(frame) => {
                    break Poll::Ready(Event::Closed(Failure::of_close(frame.as_ref(), &self.url())));
                }
                // A pong goes out with the next read; what came of our own ping is a sign of life like any other.
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        };
        if let Some((members, _)) = read {
            MESSAGES.add(f64::from(taken), &[]);
            members.iter().for_each(|member| member.inbox.wake());
        }
        event
    }

    /// Sends a ping where it is time to. A failure where the endpoint has been silent for too long.
    fn look_at_clock(&mut self) -> Option<Failure> {
        let now = task::monotonic();
        let heard = self.socket.heard.at();
        if let Some(limit) = self.settings.idle_timeout
            && now.saturating_sub(heard) >= limit
        {
            let limit = limit.as_millis();
            let text = format!("nothing came from {} for {limit} ms, not even an answer to a ping", self.url());
            return Some(Failure::passing(text));
        }
        if let Some(interval) = self.settings.ping_interval
            && now.saturating_sub(heard.max(self.pinged)) >= interval
        {
            self.pinged = now;
            self.outgoing.push_back(Outgoing { message: Message::Ping(Bytes::new()), tell: None });
        }
        None
    }

    /// How long until the clock must be looked at.
    fn next_look(&self) -> Option<Duration> {
        let heard = self.socket.heard.at();
        let ping = self.settings.ping_interval.map(|interval| heard.max(self.pinged) + interval);
        let idle = self.settings.idle_timeout.map(|limit| heard + limit);
        let next = ping.into_iter().chain(idle).min()?;
        Some(next.saturating_sub(task::monotonic()))
    }

    fn failure(&self, error: &WsError) -> Failure {
        Failure::of_connection(error, &self.url())
    }

    fn url(&self) -> String {
        self.settings.address.url(&self.link.target)
    }
}

/// What is said to somebody who publishes more than an endpoint takes.
fn too_slow(url: &str) -> Error {
    let text =
        format!("{url} does not take what it is sent: {MOST_OUTGOING} messages wait for it; publish again later");
    Error::new(503, ErrorSource::Downstream, text)
}

/// Leaves a message with every channel that wants it. It is read once for all of them.
fn leave(members: &[Rc<Member>], text: &str, arrived: i64) {
    match Json::read(text) {
        Ok(document) => {
            for member in members.iter().filter(|member| member.query.wants(&document)) {
                member.inbox.leave(&document, arrived);
            }
        }
        Err(_) => count(members, Trouble::NotJson, text),
    }
}

fn count(members: &[Rc<Member>], trouble: Trouble, text: &str) {
    for member in members {
        member.inbox.count(trouble, text);
    }
}

/// As much as an error shows, and a little more.
fn start(bytes: &[u8]) -> &[u8] {
    bytes.get(..256).unwrap_or(bytes)
}
