//! One data source's way to its instances: which generation serves it, with which settings, through which replicas.
//!
//! Calls are sent on by [`Route::pick`], which waits for nobody. Making instances is the business of `open`.

use super::control::Exit;
use super::crashes::{Crashes, Start};
use super::generation::Generation;
use super::host::WasmHost;
use super::instance::Instance;
use super::places::Places;
use crate::guest_cache::GuestCache;
use crate::vitals::SourceLabel;
use crate::{DataSourceSettings, Limits, PluginChange, PluginError};
use futures::future::join_all;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use wellhead_egress::ConnectionPlaces;

/// How long replicas beyond the first stay after they were last needed.
const REPLICAS_STAY: Duration = Duration::from_secs(10);

/// One per data source of a plugin that was called.
pub(super) struct Route {
    pub(super) host: Arc<WasmHost>,
    pub(super) source: SourceLabel,
    pub(super) limits: Arc<Limits>,
    /// Of all its instances, those that are being replaced too.
    pub(super) places: ConnectionPlaces,
    /// Channels that are fed.
    pub(super) streams: Places,
    state: Mutex<State>,
    /// Held while instances are made: callers that come meanwhile wait for the same one.
    pub(super) making: tokio::sync::Mutex<()>,
    /// In milliseconds since the host began.
    used: AtomicU64,
}

#[derive(Default)]
struct State {
    active: Option<Active>,
    crashes: Crashes,
    /// The generation that `crashes` counts for.
    crashes_of: u64,
    /// The generation that refused settings which the one before it took.
    refused_by: Option<u64>,
    cache: Option<(DataSourceVersion, Arc<GuestCache>)>,
}

/// What a guest's cache belongs to: a crash keeps it, a change of the data source empties it.
type DataSourceVersion = (i64, u32);

/// What serves now.
#[derive(Clone)]
pub(super) struct Active {
    pub(super) generation: Arc<Generation>,
    pub(super) settings: Arc<DataSourceSettings>,
    pub(super) replicas: Vec<Arc<Instance>>,
    growing: bool,
    /// When all replicas were last found needed.
    needed: Option<Instant>,
}

/// Which of a data source's replicas a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replica {
    /// The least busy one.
    Any,
    /// Always the same: channels of one data source share what their guest keeps, such as a connection upstream.
    First,
}

/// Where a call can go.
pub(super) enum Pick {
    /// Here.
    Go(Arc<Instance>),
    /// Here, and it is time to turn to the newest generation.
    Behind(Arc<Instance>),
    /// Here, and another replica is wanted.
    Crowded(Arc<Instance>),
    /// Nowhere yet.
    Open,
}

impl Route {
    pub(super) fn new(host: Arc<WasmHost>, source: SourceLabel) -> Arc<Self> {
        let limits = host.around.limits.of(&source.plugin, source.org, &source.uid);
        let used = AtomicU64::new(host.now());
        let places = ConnectionPlaces::metered(limits.connections, host.around.vitals.meter(&source));
        let (state, making) = (Mutex::default(), tokio::sync::Mutex::default());
        let streams = Places::default();
        Arc::new(Self { host, source, limits, places, streams, state, making, used })
    }

    /// Where a call with `settings` goes now, if `target` is the newest generation.
    pub(super) fn pick(&self, settings: &Arc<DataSourceSettings>, target: &Generation, wanted: Replica) -> Pick {
        self.used.store(self.host.now(), Ordering::Relaxed);
        let mut state = self.state();
        let refused_by = state.refused_by;
        let Some(active) = state.active.as_mut().filter(|active| active.serves(settings)) else { return Pick::Open };
        let mut live = active.replicas.iter().filter(|replica| !replica.control().is_ending());
        let found = match wanted {
            Replica::Any => live.min_by_key(|replica| replica.control().in_flight()),
            Replica::First => live.next(),
        };
        let Some(least) = found.cloned() else { return Pick::Open };
        if active.generation.id.number != target.id.number && refused_by != Some(target.id.number) {
            return Pick::Behind(least);
        }
        if wanted != Replica::Any {
            return Pick::Go(least);
        }
        // The last one is turned to only where those before it have calls.
        let is_last = active.replicas.last().is_some_and(|last| Arc::ptr_eq(last, &least));
        if is_last && active.replicas.len() > 1 && least.control().pulse.is_in_use() {
            active.needed = Some(Instant::now());
        }
        if least.control().in_flight() > 0 && least.control().pulse.is_busy() {
            active.needed = Some(Instant::now());
            if !active.growing && active.replicas.len() < self.limits.replicas && self.has_places_for_another() {
                active.growing = true;
                return Pick::Crowded(least);
            }
        }
        Pick::Go(least)
    }

    /// Whether another replica would find places for its connections: one that has none fails its calls.
    fn has_places_for_another(&self) -> bool {
        self.places.free().saturating_mul(2) >= self.places.limit()
    }

    /// What serves now, where anything does.
    pub(super) fn active(&self) -> Option<Active> {
        let state = self.state();
        state.active.as_ref().filter(|active| active.is_live()).cloned()
    }

    /// Whether `generation` refused settings that the one before it took.
    pub(super) fn is_refused_by(&self, generation: &Generation) -> bool {
        self.state().refused_by == Some(generation.id.number)
    }

    pub(super) fn refused_by(&self, generation: &Generation) {
        self.state().refused_by = Some(generation.id.number);
    }

    /// Prepares for calls with `settings`: other settings than those that serve start with a clean record.
    pub(super) fn adopt(&self, settings: &Arc<DataSourceSettings>) {
        let mut state = self.state();
        let version = (settings.id, settings.version);
        let same = state.cache.as_ref().is_some_and(|(of, _)| *of == version);
        let changed = state.active.as_ref().is_some_and(|active| !active.serves(settings));
        if !same || changed {
            state.cache = Some((version, Arc::new(GuestCache::new(self.limits.cache_bytes))));
            state.crashes.reset();
            state.refused_by = None;
        }
    }

    pub(super) fn cache(&self) -> Arc<GuestCache> {
        let state = self.state();
        match &state.cache {
            Some((_, cache)) => cache.clone(),
            None => Arc::new(GuestCache::new(self.limits.cache_bytes)),
        }
    }

    /// Waits until an instance of `generation` may be started.
    ///
    /// # Errors
    /// [`PluginError::Unavailable`] in quarantine.
    pub(super) async fn may_start(&self, generation: &Generation) -> Result<(), PluginError> {
        loop {
            let start = {
                let mut state = self.state();
                state.count_for(generation);
                state.crashes.start(Instant::now(), self.limits.crash_window)
            };
            match start {
                Start::Now => return Ok(()),
                Start::At(then) => tokio::time::sleep_until(then.into()).await,
                Start::Quarantined(reason) => {
                    let reason = format!(
                        "data source {:?} is quarantined after {reason}; a new version of the plugin or other settings \
                         let it out, and so does an operator's reset",
                        self.source.uid
                    );
                    return Err(PluginError::Unavailable { plugin_id: self.source.plugin.clone(), reason });
                }
            }
        }
    }

    /// Turns to `instance`: from now on calls go there, and what served before finishes its calls and ends.
    pub(super) fn install(
        self: &Arc<Self>,
        generation: &Arc<Generation>,
        settings: &Arc<DataSourceSettings>,
        instance: &Arc<Instance>,
    ) {
        self.watch(generation, instance);
        let active = Active {
            generation: generation.clone(),
            settings: settings.clone(),
            replicas: vec![instance.clone()],
            growing: false,
            needed: None,
        };
        let before = {
            let mut state = self.state();
            state.count_for(generation);
            state.active.replace(active)
        };
        self.retire_soon(before);
    }

    /// Adds a replica, unless the route turned meanwhile; `None` where none could be made.
    pub(super) fn grow(self: &Arc<Self>, of: &Active, instance: Option<Arc<Instance>>) {
        let mut state = self.state();
        let same = |active: &&mut Active| {
            Arc::ptr_eq(&active.generation, &of.generation) && Arc::ptr_eq(&active.settings, &of.settings)
        };
        let active = state.active.as_mut().filter(same);
        let Some(active) = active else {
            drop(state);
            if let Some(instance) = instance {
                self.retire_soon(Some(Active { replicas: vec![instance], ..of.clone() }));
            }
            return;
        };
        active.growing = false;
        active.replicas.retain(|replica| !replica.control().is_ending());
        if let Some(instance) = instance {
            active.replicas.push(instance.clone());
            let generation = active.generation.clone();
            drop(state);
            self.watch(&generation, &instance);
        }
    }

    /// Counts the instance's crash, if that is how it ends.
    fn watch(self: &Arc<Self>, generation: &Arc<Generation>, instance: &Arc<Instance>) {
        let (route, number): (Weak<Self>, u64) = (Arc::downgrade(self), generation.id.number);
        instance.control().on_end(move |exit| {
            if let Some(route) = route.upgrade() {
                route.ended(number, exit);
            }
        });
    }

    /// An instance of generation `number` ended, or never got as far as serving.
    pub(super) fn ended(&self, number: u64, exit: &Exit) {
        if *exit == Exit::Stopped {
            return;
        }
        let quarantine = {
            let mut state = self.state();
            let secrets = state.active.as_ref().map(|active| active.settings.secrets.clone()).unwrap_or_default();
            let reason = secrets.redact(exit.to_string());
            self.tell(PluginChange::Crashed {
                org_id: self.source.org,
                uid: self.source.uid.clone(),
                reason: reason.clone(),
            });
            let counts = state.crashes_of == number
                && state.crashes.add(Instant::now(), &reason, self.limits.crashes, self.limits.crash_window);
            counts.then(|| state.crashes.quarantine().unwrap_or_default().to_owned())
        };
        if let Some(reason) = quarantine {
            self.tell(PluginChange::Quarantined { org_id: self.source.org, uid: self.source.uid.clone(), reason });
        }
    }

    /// Why the data source is in quarantine, if it is.
    pub(super) fn quarantine(&self) -> Option<String> {
        self.state().crashes.quarantine().map(str::to_owned)
    }

    /// Lets it out of quarantine; true where it was in.
    pub(super) fn release(&self) -> bool {
        let mut state = self.state();
        let was_in = state.crashes.quarantine().is_some();
        state.crashes.reset();
        drop(state);
        if was_in {
            self.tell(PluginChange::Released { org_id: self.source.org, uid: self.source.uid.clone() });
        }
        was_in
    }

    /// When it was last called, in milliseconds since the host began.
    pub(super) fn last_used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Lets go of what is not needed any more. True where nothing is left that the route has to remember.
    pub(super) fn tend(self: &Arc<Self>) -> bool {
        let unused = Duration::from_millis(self.host.now().saturating_sub(self.last_used()));
        if unused >= self.limits.idle_after {
            let idle = self.take_if_idle();
            self.retire_soon(idle);
        }
        let mut state = self.state();
        if let Some(active) = &mut state.active {
            let needed = active.needed.is_some_and(|needed| needed.elapsed() < REPLICAS_STAY);
            let spare = active.replicas.last().filter(|last| last.control().in_flight() == 0).is_some();
            if active.replicas.len() > 1 && !needed && spare {
                let replicas = active.replicas.pop().into_iter().collect();
                let spare = Active { replicas, ..active.clone() };
                drop(state);
                self.retire_soon(Some(spare));
                return false;
            }
        }
        let forgettable = state.crashes.start(Instant::now(), self.limits.crash_window) == Start::Now;
        state.active.is_none() && unused >= self.limits.idle_after && forgettable
    }

    /// Ends its instances where none has a call; true where there were any.
    pub(super) async fn evict(&self) -> bool {
        let Some(active) = self.take_if_idle() else { return false };
        join_all(active.replicas.iter().map(|replica| replica.retire())).await;
        true
    }

    /// Whether it has instances and none of them a call.
    pub(super) fn is_idle(&self) -> bool {
        self.state().active.as_ref().is_some_and(Active::is_idle)
    }

    fn take_if_idle(&self) -> Option<Active> {
        let mut state = self.state();
        if state.active.as_ref().is_some_and(Active::is_idle) { state.active.take() } else { None }
    }

    /// Lets every instance finish its calls, then ends it. The next call makes a new one.
    pub(super) async fn stop(&self) {
        let active = self.state().active.take();
        if let Some(active) = active {
            join_all(active.replicas.iter().map(|replica| replica.retire())).await;
        }
    }

    fn retire_soon(&self, active: Option<Active>) {
        let Some(active) = active else { return };
        for replica in active.replicas {
            // Its callers must not find it again; how long they take is not this route's business.
            replica.control().stop();
            self.host.around.io.spawn(async move { replica.retire().await });
        }
    }

    pub(super) fn tell(&self, change: PluginChange) {
        self.host.around.events.tell(&self.source.plugin, change);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts crashes of `generation` from now on: other code, other chance.
    fn count_for(&mut self, generation: &Generation) {
        if self.crashes_of != generation.id.number {
            self.crashes_of = generation.id.number;
            self.crashes.reset();
        }
    }
}

impl Active {
    /// Whether a call with `settings` can use it: the same settings, or older ones than it has.
    fn serves(&self, settings: &Arc<DataSourceSettings>) -> bool {
        let mine = &self.settings;
        Arc::ptr_eq(mine, settings)
            || mine.id == settings.id && mine.version > settings.version
            || mine.version == settings.version && mine == settings
    }

    fn is_live(&self) -> bool {
        self.replicas.iter().any(|replica| !replica.control().is_ending())
    }

    fn is_idle(&self) -> bool {
        self.replicas.iter().all(|replica| replica.control().in_flight() == 0)
    }
}
