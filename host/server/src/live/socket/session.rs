//! What a client may say when, and what comes of it: nothing but `connect` at first, then the commands on channels.
//!
//! Subscribing goes on side by side, because one data source may be slow; what is published keeps its order. A connection
//! has so many commands under way and no more: it is not read meanwhile, which slows down a client that asks faster than it
//! is answered, and is why there is no other limit to its rate.

use super::channels::{Channels, News};
use crate::auth::Proof;
use crate::http::{ApiError, random};
use crate::live::protocol::{Disconnect, Reply, ReplyError, Request, publication, unsubscribe_code, unsubscribed};
use crate::live::standing::{SharedStanding, Standing};
use crate::state::AppState;
use axum::http::HeaderMap;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};
use wellhead::{Authority, Caller, Channel, LiveError, PublicError, Subscription, SubscriptionEnd, Wire};
use wellhead_frame::JsonOptions;
use wellhead_identity::Identity;

/// Channels of one connection, as the library has it.
const CHANNELS: usize = 128;
/// Commands under way: a client that comes back asks for all its channels at once.
const UNDER_WAY: usize = CHANNELS;
/// Bytes of what those commands hold.
const UNDER_WAY_BYTES: usize = 256 << 10;

/// Whoever opened the connection, before it said `connect`.
pub(super) struct Newcomer {
    pub(super) proof: Proof,
    /// Where the request itself had credentials, or none are asked for.
    pub(super) identity: Option<Identity>,
    pub(super) headers: HeaderMap,
    pub(super) traceparent: Option<String>,
}

enum Stage {
    New(Box<Newcomer>),
    /// Credentials are being checked.
    Connecting,
    Connected(SharedStanding),
}

/// Commands that were carried out.
enum Done {
    Connected { id: u32, outcome: Result<Box<Standing>, ApiError> },
    Subscribed { id: u32, name: String, bytes: usize, outcome: Result<Subscription, LiveError> },
    Published { id: u32, bytes: usize, outcome: Result<(), LiveError> },
}

/// What is to be published, in its order.
struct Publishing {
    id: u32,
    channel: Channel,
    data: String,
}

pub(super) struct Session {
    app: AppState,
    client: String,
    stage: Stage,
    under_way: FuturesUnordered<BoxFuture<'static, Done>>,
    under_way_bytes: usize,
    /// Channels that are being subscribed to, and by which command.
    joining: HashMap<String, u32>,
    channels: Channels,
    to_publish: VecDeque<Publishing>,
    is_publishing: bool,
}

/// What is to be sent.
pub(super) type Outbox = VecDeque<String>;

impl Session {
    pub(super) fn new(app: AppState, newcomer: Newcomer) -> Self {
        Self {
            app,
            client: uuid(),
            stage: Stage::New(Box::new(newcomer)),
            under_way: FuturesUnordered::new(),
            under_way_bytes: 0,
            joining: HashMap::new(),
            channels: Channels::default(),
            to_publish: VecDeque::new(),
            is_publishing: false,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        matches!(self.stage, Stage::Connected(_))
    }

    /// Whether another command must wait.
    pub(super) fn is_busy(&self) -> bool {
        let commands = self.under_way.len().saturating_add(self.to_publish.len());
        matches!(self.stage, Stage::Connecting) || commands >= UNDER_WAY || self.under_way_bytes >= UNDER_WAY_BYTES
    }

    /// Takes a command; answers, or begins what will be answered.
    pub(super) fn take(&mut self, id: u32, request: Request, out: &mut Outbox) -> Result<(), Disconnect> {
        let standing = match (&self.stage, request) {
            (Stage::New(_), Request::Connect { token }) => {
                self.connect(id, token);
                return Ok(());
            }
            (Stage::Connected(standing), request) if !matches!(request, Request::Connect { .. }) => {
                (Arc::clone(standing), request)
            }
            // As the library: nothing before `connect`, and that once.
            _ => return Err(Disconnect::BadRequest),
        };
        let answer = match standing {
            (standing, Request::Subscribe { channel, data }) => self.subscribe(id, channel, data, standing),
            (standing, Request::Publish { channel, data }) => self.publish(id, &channel, data, standing),
            (_, Request::Unsubscribe { channel }) => {
                self.unsubscribe(id, &channel, out);
                Ok(())
            }
            (_, Request::Connect { .. } | Request::NotAvailable) => Err(ReplyError::not_available()),
            (_, Request::Rpc) => Err(ReplyError::method_not_found()),
        };
        if let Err(error) = answer {
            out.push_back(Reply::Failed(&error).message(id));
        }
        Ok(())
    }

    fn connect(&mut self, id: u32, token: String) {
        let Stage::New(newcomer) = std::mem::replace(&mut self.stage, Stage::Connecting) else { return };
        let app = self.app.clone();
        self.under_way.push(
            async move {
                let outcome = let_in(app, *newcomer, &token).await.map(Box::new);
                Done::Connected { id, outcome }
            }
            .boxed(),
        );
    }

    fn subscribe(&mut self, id: u32, name: String, data: String, standing: SharedStanding) -> Result<(), ReplyError> {
        let channel = self.channel(&name, &standing)?;
        if self.channels.has(&name) || self.joining.contains_key(&name) {
            return Err(ReplyError::already_subscribed());
        }
        let asked = self.channels.count().saturating_add(self.joining.len()).saturating_add(1);
        if asked > CHANNELS {
            let limit = format!("limit \"channels of a connection\" exceeded: {asked} asked, {CHANNELS} allowed");
            return Err(ReplyError::limit_exceeded(format!("{limit}; open a second connection")));
        }
        self.joining.insert(name.clone(), id);
        let (hub, bytes) = (self.app.wellhead.live().clone(), data.len());
        self.under_way_bytes = self.under_way_bytes.saturating_add(bytes);
        self.under_way.push(
            async move {
                let outcome = hub.subscribe(standing, &channel, &data).await;
                Done::Subscribed { id, name, bytes, outcome }
            }
            .boxed(),
        );
        Ok(())
    }

    /// Whoever leaves while joining has joined and left: the command that is still under way finds nobody.
    fn unsubscribe(&mut self, id: u32, name: &str, out: &mut Outbox) {
        if let Some(joining) = self.joining.remove(name) {
            out.push_back(Reply::Subscribed { data: None }.message(joining));
        }
        self.channels.leave(name);
        out.push_back(Reply::Unsubscribed.message(id));
    }

    fn publish(&mut self, id: u32, name: &str, data: String, standing: SharedStanding) -> Result<(), ReplyError> {
        let channel = self.channel(name, &standing)?;
        self.under_way_bytes = self.under_way_bytes.saturating_add(data.len());
        self.to_publish.push_back(Publishing { id, channel, data });
        self.publish_next(standing);
        Ok(())
    }

    fn publish_next(&mut self, standing: SharedStanding) {
        if self.is_publishing {
            return;
        }
        let Some(Publishing { id, channel, data }) = self.to_publish.pop_front() else { return };
        self.is_publishing = true;
        let hub = self.app.wellhead.live().clone();
        self.under_way.push(
            async move {
                let outcome = match standing.caller().await {
                    Ok(caller) => hub.publish(&caller, &channel, &data).await,
                    Err(reason) => Err(LiveError::Denied { channel, reason }),
                };
                Done::Published { id, bytes: data.len(), outcome }
            }
            .boxed(),
        );
    }

    /// The channel of a name, where it is one of the client's org.
    fn channel(&self, name: &str, standing: &Standing) -> Result<Channel, ReplyError> {
        let channel = name.parse::<Channel>().map_err(|error| self.failed(&error.into()))?;
        let own = standing.org_id();
        if channel.org_id() != own {
            let other = channel.org_id();
            return Err(ReplyError::http(403, format!("the channel is one of org {other}, and you are in org {own}")));
        }
        Ok(channel)
    }

    /// What a client is told of a failure, secrets blanked.
    fn failed(&self, error: &LiveError) -> ReplyError {
        let PublicError { status, message, detail, .. } = error.public();
        let text = detail.map_or(message.clone(), |detail| format!("{message}: {detail}"));
        ReplyError::http(status, self.app.wellhead.redactor().redact(&text).into_owned())
    }

    /// Answers what was carried out meanwhile; whether anything was.
    pub(super) fn poll_done(&mut self, cx: &mut Context<'_>, out: &mut Outbox) -> Result<bool, Disconnect> {
        let mut any = false;
        while let Poll::Ready(Some(done)) = self.under_way.poll_next_unpin(cx) {
            any = true;
            self.answer(done, out)?;
        }
        Ok(any)
    }

    fn answer(&mut self, done: Done, out: &mut Outbox) -> Result<(), Disconnect> {
        match done {
            Done::Connected { id, outcome: Ok(standing) } => {
                self.stage = Stage::Connected(Arc::from(standing));
                let (client, version) = (self.client.as_str(), concat!("wellhead ", env!("CARGO_PKG_VERSION")));
                let ping = self.app.config.live_ping.as_secs().max(1);
                out.push_back(Reply::Connected { client, version, ping }.message(id));
            }
            Done::Connected { id, outcome: Err(error) } => {
                let refused = not_let_in(&error);
                out.push_back(Reply::Failed(&refused).message(id));
                return Err(Disconnect::InvalidToken);
            }
            Done::Subscribed { id, name, bytes, outcome } => {
                self.under_way_bytes = self.under_way_bytes.saturating_sub(bytes);
                // Somebody who left meanwhile, and may have come back, was answered.
                if self.joining.get(&name) != Some(&id) {
                    return Ok(());
                }
                self.joining.remove(&name);
                match outcome {
                    Ok(subscription) => self.joined(id, name, subscription, out),
                    Err(error) => self.refused(id, &error, out)?,
                }
            }
            Done::Published { id, bytes, outcome } => {
                self.under_way_bytes = self.under_way_bytes.saturating_sub(bytes);
                self.is_publishing = false;
                match outcome {
                    Ok(()) => out.push_back(Reply::Published.message(id)),
                    Err(error) => self.refused(id, &error, out)?,
                }
                if let Stage::Connected(standing) = &self.stage {
                    self.publish_next(Arc::clone(standing));
                }
            }
        }
        Ok(())
    }

    fn joined(&mut self, id: u32, name: String, mut subscription: Subscription, out: &mut Outbox) {
        let options = JsonOptions::default().with_max_bytes(self.app.wellhead.live().limits().frame_bytes);
        // One that is too large is left out: the channel's frames come anyway.
        let initial = subscription.take_initial().and_then(|frame| frame.to_json(&options).ok());
        let initial = initial.as_deref().and_then(|json| std::str::from_utf8(json).ok());
        out.push_back(Reply::Subscribed { data: initial }.message(id));
        self.channels.join(name, subscription);
    }

    fn refused(&self, id: u32, error: &LiveError, out: &mut Outbox) -> Result<(), Disconnect> {
        out.push_back(Reply::Failed(&self.failed(error)).message(id));
        self.check_standing()
    }

    /// Whoever could sign in no more is shown out.
    fn check_standing(&self) -> Result<(), Disconnect> {
        match &self.stage {
            Stage::Connected(standing) if standing.has_ended() => Err(Disconnect::InvalidToken),
            _ => Ok(()),
        }
    }

    /// The next message of a channel.
    pub(super) fn poll_channels(&mut self, cx: &mut Context<'_>, out: &mut Outbox) -> Poll<Result<Bytes, Disconnect>> {
        Poll::Ready(match std::task::ready!(self.channels.poll(cx)) {
            News::Update(update) => {
                let make = |channel: &Channel, json: &[u8]| publication(&channel.to_string(), json);
                Ok(update.wire(Wire::WebSocket, make))
            }
            News::End(name, end) => {
                let push = self.ended(&name, &end);
                match self.check_standing() {
                    Ok(()) => Ok(push.into()),
                    Err(disconnect) => {
                        out.push_back(push);
                        Err(disconnect)
                    }
                }
            }
        })
    }

    fn ended(&self, name: &str, end: &SubscriptionEnd) -> String {
        let reason = end.to_string();
        unsubscribed(name, unsubscribe_code(end.code()), &self.app.wellhead.redactor().redact(&reason))
    }
}

async fn let_in(app: AppState, newcomer: Newcomer, token: &str) -> Result<Standing, ApiError> {
    let Newcomer { proof, identity, headers, traceparent } = newcomer;
    // What a client goes out of its way to send counts more than what its browser adds.
    let (proof, identity) = match token {
        token if !token.is_empty() && app.sign_in.is_some() => (proof.with_token(token)?, None),
        _ => (proof, identity),
    };
    let identity = match identity {
        Some(identity) => identity,
        None => proof.let_in(&app).await?,
    };
    let of_request = Caller { headers, traceparent, ..Caller::default() };
    Ok(Standing::new(app, proof, identity, &of_request))
}

/// What failed of a sign-in, for the client: whether to try again.
fn not_let_in(error: &ApiError) -> ReplyError {
    let PublicError { status, message, detail, .. } = error.public().clone();
    let text = detail.map_or(message.clone(), |detail| format!("{message}: {detail}"));
    match status {
        429 => ReplyError::too_many_requests(text),
        500.. => ReplyError::internal(message),
        _ => ReplyError::unauthorized(text),
    }
}

/// An id in the form of a random UUID (RFC 9562, 5.4). It is a name, not a secret.
fn uuid() -> String {
    let (high, low) = (random(), random());
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (d, e) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_id_has_the_form_of_a_random_uuid() {
        let id = uuid();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert!(id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_ne!(uuid(), id);
    }
}
