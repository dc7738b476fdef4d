//! The life of a connection: opened, lost, waited for, opened again, until no channel is left or nothing but a person can
//! help. It runs beside the channels' runs, whichever of them comes and goes.

use super::backoff::{Backoff, random};
use super::conversation::{Conversation, Ending};
use super::failure::Failure;
use super::handshake;
use super::link::{Command, Link, not_connected};
use super::registry::Registry;
use crate::settings::Settings;
use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use wellhead_sdk::frame::Severity;
use wellhead_sdk::task::{self, Either};

/// An outage that lasted so long is told although there are no rows to tell it with.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// Who keeps a connection.
pub(crate) struct Driver {
    settings: Rc<Settings>,
    link: Rc<Link>,
    registry: Registry,
    commands: mpsc::UnboundedReceiver<Command>,
    outage: Option<Outage>,
    /// Dropped with the driver: that tells whoever waits for its end.
    waiting_for_end: Vec<oneshot::Sender<()>>,
}

/// A time without a connection.
struct Outage {
    since: Duration,
    attempts: u32,
    /// Whether a connection was there before it.
    is_loss: bool,
    is_told: bool,
}

/// There is nobody left to have a connection for.
struct Deserted;

impl Driver {
    pub(crate) fn new(
        settings: Rc<Settings>,
        link: Rc<Link>,
        registry: Registry,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        Self { settings, link, registry, commands, outage: None, waiting_for_end: Vec::new() }
    }

    /// Keeps the connection to its end.
    pub(crate) async fn drive(mut self) {
        let ended = self.keep().await;
        // First, so that no channel joins what is over.
        self.registry.remove(&self.link);
        if let Err(failure) = ended {
            for member in self.link.members() {
                member.inbox.fail(failure.error.clone());
                member.inbox.wake();
            }
        }
    }

    /// `Err`: trying again is of no use.
    async fn keep(&mut self) -> Result<(), Failure> {
        let mut backoff = Backoff::new(self.settings.reconnect_max);
        loop {
            let settings = self.settings.clone();
            let link = self.link.clone();
            let Ok(opened) = self.unless_deserted(handshake::open(&settings, &link.target)).await else {
                return Ok(());
            };
            let failure = match opened {
                Ok(socket) => {
                    let opened_at = task::monotonic();
                    self.is_back(opened_at);
                    let conversation = Conversation::new(&settings, &link, socket, &mut self.commands);
                    let ending = conversation.hold().await;
                    backoff.lived(task::monotonic().saturating_sub(opened_at));
                    match ending {
                        Ending::Deserted(asked) => {
                            self.waiting_for_end.extend(asked);
                            return Ok(());
                        }
                        Ending::Failed(failure) => failure,
                    }
                }
                Err(failure) => failure,
            };
            if failure.is_permanent {
                return Err(failure);
            }
            let wait = backoff.next(random());
            self.is_gone(&failure, wait);
            if self.unless_deserted(task::sleep(wait)).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Waits for what is to come, while there is a channel to wait for.
    async fn unless_deserted<T>(&mut self, coming: impl Future<Output = T>) -> Result<T, Deserted> {
        match task::select(pin!(coming), pin!(self.deserted())).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right(((), _)) => Err(Deserted),
        }
    }

    /// Hears what there is to hear without a connection, until no channel is left.
    async fn deserted(&mut self) {
        while !self.link.is_deserted() {
            match self.commands.next().await {
                Some(Command::Publish(_, tell)) => drop(tell.send(Err(not_connected()))),
                Some(Command::Close(tell)) => return self.waiting_for_end.push(tell),
                Some(Command::Join(_) | Command::Leave(_)) => {}
                None => return,
            }
        }
    }

    fn is_gone(&mut self, failure: &Failure, wait: Duration) {
        let now = task::monotonic();
        let outage = self.outage.get_or_insert_with(|| Outage {
            since: now,
            attempts: 0,
            is_loss: self.link.members().iter().any(|member| member.is_greeted.get()),
            is_told: false,
        });
        outage.attempts += 1;
        // One attempt that fails is hardly worth a frame of its own: the next may succeed in a moment. Who never had a
        // connection has nothing else to look at.
        let is_hopeful = outage.is_loss && now.saturating_sub(outage.since) + wait < WORTH_TELLING;
        if outage.is_told || is_hopeful {
            if outage.attempts == 1 {
                self.tell(Severity::Warning, &format!("{}; connecting again", failure.error), false);
            }
            return;
        }
        outage.is_told = true;
        let text =
            format!("{}; connecting again in {} ms, and so on until it succeeds", failure.error, wait.as_millis());
        self.tell(Severity::Warning, &text, true);
    }

    fn is_back(&mut self, now: Duration) {
        if let Some(outage) = self.outage.take() {
            let seconds = now.saturating_sub(outage.since).as_secs_f64();
            let missing = if outage.is_loss { "; what came in between is missing" } else { "" };
            let text = format!("connected after {seconds:.1} s and {} attempts{missing}", outage.attempts + 1);
            self.tell(Severity::Info, &text, outage.is_told);
        }
    }

    fn tell(&self, severity: Severity, text: &str, at_once: bool) {
        for member in self.link.members() {
            member.inbox.tell(severity, text, at_once);
            member.inbox.wake();
        }
    }
}
