//! An instance: one guest for one data source, alone in its Store, driven by one task on the guest threads.
//!
//! Requests come by channel, so callers never touch the Store. Calls run side by side; a trap ends them all, and the
//! Store with them. What a caller sees of that is [`Exit`].

use super::bindings::{datasource, resources, streaming, types};
use super::call::CallInside;
use super::control::{Control, Exit};
use super::crash;
use super::engine::EPOCH_TICK;
use super::gate::Gate;
use super::guest_log::GuestLog;
use super::prepared::Prepared;
use super::profile::GuestProfile;
use super::pulse::{AtTick, Metered, Pulse};
use super::serve;
use super::state::HostState;
use super::threads::GuestThreads;
use crate::vitals::{LiveInstance, SourceLabel, Vitals};
use crate::{Limits, Manifest};
use bytes::Bytes;
use futures::stream::BoxStream;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use wasmtime::{Store, UpdateDeadline};
use wellhead_frame::FrameReader;

/// Entries of the host's own table that a handle may stand for: a task has a thread, a waitable, an event.
const TABLE_ENTRIES_A_HANDLE: usize = 4;

/// The guest's answer, or its own error.
pub(super) type Answer<T> = Result<T, types::PluginError>;

/// Frames not yet decoded.
pub(super) struct RawReply {
    pub(super) ready: Vec<types::DataResponse>,
    pub(super) rest: Option<mpsc::Receiver<types::Piece>>,
}

/// A resource's response, its body still in the guest.
pub(super) struct RawResource {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: mpsc::Receiver<Answer<Vec<u8>>>,
}

/// The head of a resource call; its body follows as a stream.
pub(super) struct ResourceHead {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
}

/// What a run sends, not yet decoded.
pub(super) struct RawRun {
    pub(super) packets: mpsc::Receiver<streaming::Packet>,
}

/// A channel that a streaming call is about.
pub(super) struct ChannelHead {
    pub(super) path: String,
    pub(super) data: String,
}

/// What a caller can ask of an instance.
pub(super) enum Command {
    Query {
        context: types::RequestContext,
        queries: Vec<types::DataQuery>,
        call: CallInside,
        reply: oneshot::Sender<Answer<RawReply>>,
    },
    Health {
        context: types::RequestContext,
        call: CallInside,
        reply: oneshot::Sender<Answer<datasource::Health>>,
    },
    Resource {
        context: types::RequestContext,
        head: ResourceHead,
        body: BoxStream<'static, Bytes>,
        call: CallInside,
        reply: oneshot::Sender<Answer<RawResource>>,
    },
    Subscribe {
        context: types::RequestContext,
        channel: ChannelHead,
        call: CallInside,
        reply: oneshot::Sender<Answer<streaming::Subscribed>>,
    },
    Run {
        context: types::RequestContext,
        channel: ChannelHead,
        call: CallInside,
        reply: oneshot::Sender<Answer<RawRun>>,
    },
    Publish {
        context: types::RequestContext,
        channel: ChannelHead,
        call: CallInside,
        reply: oneshot::Sender<Answer<streaming::Published>>,
    },
}

/// The exports of one live guest.
pub(super) struct Guest {
    pub(super) datasource: datasource::Guest,
    pub(super) resources: Option<resources::Guest>,
    pub(super) streaming: Option<streaming::Guest>,
}

/// Why an instance did not come to life.
pub(super) enum StartError {
    /// `configure` refused the settings.
    Refused(types::PluginError),
    /// It trapped, or took too long.
    Ended(Exit),
}

/// A live instance. Dropping the last handle lets calls in flight finish and ends it.
pub(crate) struct Instance {
    commands: mpsc::Sender<Command>,
    control: Arc<Control>,
    manifest: Arc<Manifest>,
    frames: Arc<FrameReader>,
}

/// What an instance is made of.
pub(super) struct Seed {
    pub(super) prepared: Arc<Prepared>,
    pub(super) state: HostState,
    pub(super) log: Arc<GuestLog>,
    pub(super) settings: types::InstanceSettings,
    pub(super) source: SourceLabel,
    pub(super) manifest: Arc<Manifest>,
    pub(super) limits: Arc<Limits>,
    /// Where its CPU time is looked for, if it is.
    pub(super) profile: Option<GuestProfile>,
    /// Held while the instance lives: whatever counts it.
    pub(super) counted: Counted,
}

/// What an instance shares with the others of its runtime.
pub(super) struct Shared<'a> {
    pub(super) guests: &'a GuestThreads,
    pub(super) io: &'a Handle,
    pub(super) gate: &'a Gate,
    pub(super) vitals: &'a Vitals,
}

/// Counts an instance as alive wherever that matters, until it is dropped.
pub(super) struct Counted {
    pub(super) _live: LiveInstance,
    pub(super) _in_generation: super::generation::InUse,
    pub(super) _in_runtime: super::places::Place,
}

impl Instance {
    /// Instantiates the component and configures it. Contacts nobody: `configure` reads settings.
    pub(super) async fn start(seed: Seed, shared: Shared<'_>) -> Result<Arc<Self>, StartError> {
        let (limits, manifest) = (seed.limits.clone(), seed.manifest.clone());
        let pulse = Pulse::new(shared.gate.clone());
        let cpu_seconds = shared.vitals.guest_cpu(&seed.source);
        let control = Control::new(pulse, limits.clone(), cpu_seconds, shared.io.clone());
        let (commands, inbox) = mpsc::channel(limits.calls_in_flight.max(1));
        let (configured, outcome) = oneshot::channel();
        let vitals = shared.vitals.clone();
        let life = Life { control: control.clone(), log: seed.log.clone(), vitals, inbox, configured };
        shared.guests.spawn(life.run(seed));
        let instance = Arc::new(Self { commands, control, manifest, frames: Arc::default() });
        match tokio::time::timeout(limits.configure_deadline, outcome).await {
            Ok(Ok(Ok(()))) => Ok(instance),
            Ok(Ok(Err(refusal))) => Err(StartError::Refused(refusal)),
            // The task ended with the sender unused: it says why.
            Ok(Err(_)) => Err(StartError::Ended(instance.control.end().await)),
            Err(_) => {
                instance.control.kill(format!("configure took more than {:?}", limits.configure_deadline));
                Err(StartError::Ended(instance.control.end().await))
            }
        }
    }

    /// A place in the instance's inbox, where it still takes calls.
    pub(super) fn reserve(&self) -> Result<mpsc::Permit<'_, Command>, mpsc::error::TrySendError<()>> {
        self.commands.try_reserve()
    }

    pub(crate) fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Of the code it runs, which may not be the newest: what it may see of a caller goes by this.
    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Reads its frames.
    pub(super) fn frames(&self) -> &Arc<FrameReader> {
        &self.frames
    }

    /// Takes no more calls, lets those in flight finish within the drain deadline, and ends; kills what does not end.
    pub(super) async fn retire(&self) {
        let limits = self.control.limits();
        self.control.stop();
        let _ = tokio::time::timeout(limits.drain, self.control.idle()).await;
        let shutdown = limits.shutdown_deadline.saturating_mul(2);
        if tokio::time::timeout(shutdown, self.control.end()).await.is_err() {
            self.control.kill("it did not end within its drain and shutdown deadlines");
            self.control.end().await;
        }
    }
}

/// The task that owns the Store.
struct Life {
    control: Arc<Control>,
    log: Arc<GuestLog>,
    vitals: Vitals,
    inbox: mpsc::Receiver<Command>,
    configured: oneshot::Sender<Answer<()>>,
}

impl Life {
    async fn run(self, seed: Seed) {
        let Seed { prepared, state, settings, source, limits, profile, counted, .. } = seed;
        let (control, log, vitals) = (self.control.clone(), self.log.clone(), self.vitals.clone());
        let _end = TellsOfItsEnd(control.clone());
        let component = prepared.instance.component();
        let mut store = Store::new(component.engine(), state);
        let profile = profile.filter(|profile| profile.takes(&source.plugin, component));
        bound(&mut store, &limits, &control.pulse, profile);
        let spent = |cpu| control.spent(cpu);
        let outcome = {
            let live = std::pin::pin!(self.live(&mut store, &prepared, settings));
            let live = Metered { inner: live, pulse: &control.pulse, spent };
            tokio::select! {
                biased;
                exit = control.killed() => Ok(exit),
                outcome = live => outcome.map(|()| Exit::Stopped),
            }
        };
        let refused = store.data().limiter.refused();
        // Guest destructors and open connections go with the Store; callers may count on that once they see the end.
        drop(store);
        drop((counted, prepared));
        let exit = outcome.unwrap_or_else(|error| Exit::Crashed(crash::report(&log, &error, refused)));
        if exit != Exit::Stopped {
            vitals.crashed(&source.plugin);
        }
        control.ended(exit);
    }

    async fn live(
        self,
        store: &mut Store<HostState>,
        prepared: &Prepared,
        settings: types::InstanceSettings,
    ) -> wasmtime::Result<()> {
        let instance = prepared.instance.instantiate_async(&mut *store).await?;
        let datasource = prepared.datasource.load(&mut *store, &instance)?;
        let resources = prepared.resources.as_ref().map(|indices| indices.load(&mut *store, &instance)).transpose()?;
        let streaming = prepared.streaming.as_ref().map(|indices| indices.load(&mut *store, &instance)).transpose()?;
        let guest = Guest { datasource, resources, streaming };
        let shutdown_deadline = self.control.limits().shutdown_deadline;
        store
            .run_concurrent(async |accessor| {
                let answer = guest.datasource.call_configure(accessor, settings).await?;
                let refused = answer.is_err();
                // Nobody waits where the configure deadline has passed.
                let heard = self.configured.send(answer).is_ok();
                if refused || !heard {
                    return Ok(());
                }
                serve::calls(accessor, &guest, self.inbox, &self.control).await;
                let shutdown = guest.datasource.call_shutdown(accessor);
                tokio::time::timeout(shutdown_deadline, shutdown).await.unwrap_or(Ok(()))
            })
            .await?
    }
}

/// Says that an instance ended where its task did not come to say it: a panic of the host's own code.
struct TellsOfItsEnd(Arc<Control>);

impl Drop for TellsOfItsEnd {
    fn drop(&mut self) {
        if !self.0.has_ended() {
            self.0.ended(Exit::Crashed("the host failed while it served the guest; its log has more".into()));
        }
    }
}

/// Everything wasmtime itself can keep within bounds.
fn bound(store: &mut Store<HostState>, limits: &Limits, pulse: &Arc<Pulse>, profile: Option<GuestProfile>) {
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits.transfer_bytes);
    store.set_max_component_handles(limits.handles);
    if let Some(table) = store.concurrent_resource_table() {
        table.set_max_capacity(limits.handles.saturating_mul(TABLE_ENTRIES_A_HANDLE));
    }
    // A guest that computes lets the others of its thread go on at every tick, and can be killed there.
    let pulse = pulse.clone();
    store.epoch_deadline_callback(move |store| {
        if let Some(profile) = &profile {
            profile.sample(&store, pulse.computes_since());
        }
        Ok(match pulse.at_tick(EPOCH_TICK) {
            AtTick::GoOn => UpdateDeadline::Continue(1),
            AtTick::Yield => UpdateDeadline::Yield(1),
            AtTick::TakeTurns => UpdateDeadline::YieldCustom(1, Box::pin(pulse.clone().take_turn())),
        })
    });
    store.set_epoch_deadline(1);
}
