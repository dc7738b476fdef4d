//! How a plugin's code changes under full load: a new generation is compiled and tried, each data source swaps by
//! itself, the old generation drains.
//!
//! One change at a time; calls never wait for one.

use super::compile::{CompileError, Priority};
use super::generation::Generation;
use super::lives::Admission;
use super::open::Turn;
use super::plugin::WasmPlugin;
use super::route::Route;
use crate::load::Candidate;
use crate::{GenerationId, OperatorState, PluginChange, PluginError};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Data sources that swap side by side.
const SWAPS_AT_ONCE: usize = 4;

/// What came of new code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It serves.
    Done,
    /// It is what serves already.
    Same,
    /// It waits for an operator: why.
    Waits(&'static str),
    /// It was refused, and what served goes on: why.
    Rejected(String),
}

impl WasmPlugin {
    /// Takes `candidate` in the place of the code that serves, unless it may not be loaded now. What serves goes on
    /// until the new code has proven itself.
    pub(crate) async fn replace(self: &Arc<Self>, candidate: Candidate, by_hand: bool) -> Change {
        let _changing = self.changing.lock().await;
        let hash: Arc<str> = candidate.hash.as_str().into();
        match self.lives.admits(&hash, by_hand) {
            Admission::Same => return Change::Same,
            Admission::Wait(why) => {
                self.lives.waits(hash);
                return Change::Waits(why);
            }
            Admission::Refused(reason) => return Change::Rejected(reason),
            Admission::Load => {}
        }
        let generation = self.lives.discover(candidate);
        if let Err(error) = self.compile(&generation, Priority::OnDemand).await {
            return Change::Rejected(self.does_not_compile(&generation, &error));
        }
        self.activate(&generation).await
    }

    /// The plugin's first code. It is compiled when it is needed or when there is time, so that a host with many plugins
    /// serves at once. False where an operator pinned the plugin to other code, before this process.
    pub(crate) fn begin(&self, candidate: Candidate, said: OperatorState) -> bool {
        let is_pinned_elsewhere = said.pinned.as_ref().is_some_and(|pinned| *pinned != candidate.hash);
        self.lives.restore(said);
        if is_pinned_elsewhere {
            self.lives.waits(candidate.hash.into());
            return false;
        }
        let generation = self.lives.discover(candidate);
        self.lives.promote(&generation);
        true
    }

    /// Compiles what there is to compile, telling of it.
    pub(super) async fn compile(&self, generation: &Arc<Generation>, priority: Priority) -> Result<(), CompileError> {
        let id = generation.id.clone();
        self.lives.tell(PluginChange::Compiling { generation: id.clone() });
        generation.prepared(&self.host, priority).await?;
        let compile = generation.compile_time().unwrap_or_default();
        self.lives.tell(PluginChange::Ready { generation: id, compile });
        Ok(())
    }

    /// Tells that code was refused. What may compile next time is told without its hash, so that it is not passed over
    /// then as refused.
    pub(super) fn does_not_compile(&self, generation: &Generation, error: &CompileError) -> String {
        let hash = (!error.is_passing()).then(|| generation.id.hash.clone());
        self.lives.rejected(None, hash, error.to_string());
        error.to_string()
    }

    /// Goes back to the generation before this one. The code that is left is loaded again only by somebody's word.
    ///
    /// # Errors
    /// [`PluginError::Unavailable`] where there is none.
    pub(crate) async fn roll_back(self: &Arc<Self>) -> Result<Change, PluginError> {
        let _changing = self.changing.lock().await;
        let previous = self.lives.previous();
        let previous = previous.ok_or_else(|| self.unavailable("it has no generation before this one".into()))?;
        let from = self.lives.current();
        let change = self.activate(&previous).await;
        if change == Change::Done
            && let Some(from) = from
        {
            self.lives.put_aside(from.id.hash.clone());
        }
        Ok(change)
    }

    /// Stays at `hash`, which is that of the code that serves or of the one before, to which it then goes back.
    ///
    /// # Errors
    /// [`PluginError::Unavailable`] where neither has that hash.
    pub(crate) async fn pin(self: &Arc<Self>, hash: &str) -> Result<Change, PluginError> {
        let _changing = self.changing.lock().await;
        let known = [self.lives.current(), self.lives.previous()];
        let mut known = known.into_iter().flatten();
        // A prefix is enough, as long as it is not empty.
        let found = known.clone().find(|generation| !hash.is_empty() && generation.id.hash.starts_with(hash));
        let Some(generation) = found else {
            let known: Vec<String> = known.by_ref().map(|generation| generation.id.hash.to_string()).collect();
            let reason = format!("it has no code with hash {hash:?}; there is {}", known.join(" and "));
            return Err(self.unavailable(reason));
        };
        self.lives.pin(Some(generation.id.hash.clone()));
        if self.lives.is_current(&generation) {
            return Ok(Change::Same);
        }
        Ok(self.activate(&generation).await)
    }

    /// Lets go of all code: calls in flight finish, new ones are refused with `reason`.
    pub(crate) async fn retire(self: &Arc<Self>, reason: &str) {
        let _changing = self.changing.lock().await;
        let Some(generation) = self.lives.decommission(reason) else { return };
        self.lives.tell(PluginChange::Draining { generation: generation.id.clone() });
        let plugin = self.clone();
        let began = Instant::now();
        self.host.around.io.spawn(async move {
            plugin.stop_all().await;
            generation.drained().await;
            plugin.lives.tell(PluginChange::Retired { generation: generation.id.clone(), drain: began.elapsed() });
        });
    }

    /// Makes `generation` the one that serves: data sources with an instance swap now, those used last first; the others
    /// at their next call.
    async fn activate(self: &Arc<Self>, generation: &Arc<Generation>) -> Change {
        // Code that served before is not compiled again.
        let compile = generation.compile_time().filter(|_| !generation.is_proven()).unwrap_or_default();
        let before = self.lives.promote(generation);
        let began = Instant::now();
        let mut turns = self.turns(generation);
        let mut configure = Duration::ZERO;
        let mut trapped = None;
        while let Some(turn) = turns.next().await {
            match turn {
                Turn::Turned(took) => configure = configure.max(took),
                Turn::Stays => {}
                Turn::Trapped(reason) => {
                    trapped = Some(reason);
                    break;
                }
            }
        }
        drop(turns);
        if let Some(reason) = trapped
            && self.lives.demote(generation, &reason)
        {
            self.turn_back().await;
            return Change::Rejected(reason);
        }
        // A call of a data source without an instance may have found the trap first.
        if !self.lives.is_current(generation) {
            self.turn_back().await;
            return Change::Rejected("configure failed for another data source".into());
        }
        self.lives.active(generation);
        if let Some(before) = before {
            self.drain(before, generation.id.clone(), [compile, configure], began);
        }
        Change::Done
    }

    /// After a rejection: data sources that had swapped already go back.
    async fn turn_back(&self) {
        let Some(current) = self.lives.current() else { return };
        let mut turns = self.turns(&current);
        while turns.next().await.is_some() {}
    }

    /// Turns every data source to `generation`, those used last first.
    fn turns(&self, generation: &Arc<Generation>) -> BoxStream<'static, Turn> {
        let (lives, generation) = (self.lives.clone(), generation.clone());
        let turn = move |route: Arc<Route>| {
            let (lives, generation) = (lives.clone(), generation.clone());
            async move { route.turn(&lives, &generation).await }
        };
        stream::iter(self.routes.all()).map(turn).buffered(SWAPS_AT_ONCE).boxed()
    }

    /// Waits for the old generation's last instance, and tells of it.
    fn drain(&self, before: Arc<Generation>, to: GenerationId, took: [Duration; 2], began: Instant) {
        let lives = self.lives.clone();
        let [compile, configure] = took;
        lives.tell(PluginChange::Draining { generation: before.id.clone() });
        self.host.around.io.spawn(async move {
            before.drained().await;
            let (from, drain) = (before.id.clone(), began.elapsed());
            lives.tell(PluginChange::Retired { generation: from.clone(), drain });
            lives.tell(PluginChange::Reloaded { from, to, compile, configure, drain });
        });
    }
}
