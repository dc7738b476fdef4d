//! Where a guest's CPU time goes: stacks, sampled at the ticks at which guests can be interrupted anyway.
//!
//! A tick that passed while no guest computed says nothing of what comes next, so it is not sampled: what is seen is in
//! proportion to what was computed. A guest is interrupted where a function begins or a loop turns around, so time spent
//! between those is told of the next one. Nothing of this is there where nobody asked for a profile.

use super::state::HostState;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wasmtime::component::Component;
use wasmtime::{GuestProfiler, StoreContextMut};

/// How often a guest that computes is looked at. Ticks of a host without a profile are five times as far apart.
const INTERVAL: Duration = Duration::from_millis(1);

/// A CPU profile of one plugin's guests: all instances of the first code that starts while it is taken.
///
/// Hand a clone to [`RuntimeBuilder::guest_profile`](crate::RuntimeBuilder::guest_profile), let the guests work, and
/// [`finish`](Self::finish) it.
#[derive(Clone)]
pub struct GuestProfile(Arc<Inner>);

struct Inner {
    born: Instant,
    /// When guests were last interrupted, in nanoseconds since birth.
    ticked: AtomicU64,
    samples: AtomicU64,
    stage: Mutex<Stage>,
}

#[derive(Default)]
enum Stage {
    /// No guest has started yet.
    #[default]
    Waits,
    Taken(Box<Taken>),
    Over,
}

struct Taken {
    /// Whose functions are known to the profiler.
    component: Component,
    profiler: GuestProfiler,
}

impl Default for GuestProfile {
    fn default() -> Self {
        Self(Arc::new(Inner {
            born: Instant::now(),
            ticked: AtomicU64::new(0),
            samples: AtomicU64::new(0),
            stage: Mutex::default(),
        }))
    }
}

impl GuestProfile {
    /// Between two looks at a guest.
    pub(super) fn interval() -> Duration {
        INTERVAL
    }

    /// Guests are interrupted from here on.
    pub(super) fn ticked(&self) {
        let now = u64::try_from(self.0.born.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.ticked.store(now, Ordering::Relaxed);
    }

    /// Takes up an instance of `component`; false where the profile is of other code.
    pub(super) fn takes(&self, plugin_id: &str, component: &Component) -> bool {
        let mut stage = self.stage();
        match &*stage {
            Stage::Waits => {}
            Stage::Taken(taken) => return taken.component.image_range() == component.image_range(),
            Stage::Over => return false,
        }
        let profiler = GuestProfiler::new_component(
            component.engine(),
            plugin_id,
            INTERVAL,
            component.clone(),
            std::iter::empty(),
        );
        match profiler {
            Ok(profiler) => {
                *stage = Stage::Taken(Box::new(Taken { component: component.clone(), profiler }));
                true
            }
            Err(error) => {
                tracing::warn!(target: "wellhead::runtime", plugin = plugin_id, "no profile: {error:#}");
                false
            }
        }
    }

    /// Called in the guest, at a tick. `computes_since` is when the guest's turn began.
    pub(super) fn sample(&self, store: &StoreContextMut<'_, HostState>, computes_since: Instant) {
        let ticked = self.0.born + Duration::from_nanos(self.0.ticked.load(Ordering::Relaxed));
        if ticked < computes_since {
            return;
        }
        if let Stage::Taken(taken) = &mut *self.stage() {
            taken.profiler.sample(store, INTERVAL);
            self.0.samples.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often a guest was looked at so far; each stands for a millisecond of computing.
    pub fn samples(&self) -> u64 {
        self.0.samples.load(Ordering::Relaxed)
    }

    /// The profile as JSON in the Firefox Profiler's processed format, which <https://profiler.firefox.com> and `samply
    /// load` open. `None` where no guest started. The profile ends here: what guests do afterwards is not in any.
    pub fn finish(&self) -> Option<Vec<u8>> {
        let Stage::Taken(taken) = std::mem::replace(&mut *self.stage(), Stage::Over) else { return None };
        let mut json = Vec::new();
        match taken.profiler.finish(&mut json) {
            Ok(()) => Some(json),
            Err(error) => {
                tracing::warn!(target: "wellhead::runtime", "the profile cannot be written: {error:#}");
                None
            }
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for GuestProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestProfile").field("samples", &self.samples()).finish_non_exhaustive()
    }
}
