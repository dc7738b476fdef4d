//! The live instances of one plugin, at most one a data source, made at the first call and replaced when the data
//! source changes or the instance ends.

use super::control::Exit;
use super::convert;
use super::guest_log::GuestLog;
use super::host::WasmHost;
use super::http_hooks::EgressHooks;
use super::instance::{Instance, Seed, StartError};
use super::limiter::InstanceLimiter;
use super::prepared::Prepared;
use super::state::HostState;
use crate::guest_cache::GuestCache;
use crate::{DataSourceSettings, Manifest, PluginError};
use futures::future::join_all;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use wellhead_egress::{EgressError, EgressPolicy, Upstream};

/// Data sources are told apart by org and uid.
type Key = (i64, String);

/// One data source's place: its settings, its cache, and its instance once it is there.
struct Slot {
    settings: Arc<DataSourceSettings>,
    cache: Arc<GuestCache>,
    instance: OnceCell<Arc<Instance>>,
}

impl Slot {
    /// Whether a call with `settings` can use it: the same settings, and an instance that is not ending.
    fn serves(&self, settings: &Arc<DataSourceSettings>) -> bool {
        let same = Arc::ptr_eq(&self.settings, settings)
            || (self.settings.version == settings.version && self.settings == *settings);
        same && !self.instance.get().is_some_and(|instance| instance.control().is_ending())
    }
}

/// All live instances of one plugin.
pub(super) struct Instances {
    host: Arc<WasmHost>,
    manifest: Arc<Manifest>,
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
}

impl Instances {
    pub(super) fn new(host: Arc<WasmHost>, manifest: Arc<Manifest>) -> Self {
        Self { host, manifest, slots: Mutex::default() }
    }

    /// The instance of a data source, where it is there and takes calls.
    pub(super) fn live(&self, settings: &Arc<DataSourceSettings>) -> Option<Arc<Instance>> {
        self.slot(settings).instance.get().cloned()
    }

    /// The instance of a data source, made and configured where there is none. Callers that come meanwhile wait for the
    /// same one; a failure is told to each and tried again at the next call.
    pub(super) async fn get(
        &self,
        settings: &Arc<DataSourceSettings>,
        prepared: &Arc<Prepared>,
    ) -> Result<Arc<Instance>, PluginError> {
        let slot = self.slot(settings);
        let made = slot.instance.get_or_try_init(|| self.start(&slot, prepared)).await;
        made.cloned()
    }

    /// Lets every instance finish its calls within `drain`, then ends it; one that does not is killed.
    pub(super) async fn stop(&self, drain: Duration) {
        let slots: Vec<Arc<Slot>> = self.lock().drain().map(|(_, slot)| slot).collect();
        let shutdown = self.host.around.limits.shutdown_deadline;
        join_all(slots.iter().filter_map(|slot| slot.instance.get()).map(|instance| retire(instance, drain, shutdown)))
            .await;
    }

    fn slot(&self, settings: &Arc<DataSourceSettings>) -> Arc<Slot> {
        let key = (settings.org_id, settings.uid.clone());
        let mut slots = self.lock();
        let before = slots.get(&key);
        if let Some(slot) = before.filter(|slot| slot.serves(settings)) {
            return slot.clone();
        }
        // The cache belongs to a version of the data source: a crash keeps it, a change empties it.
        let cache = before
            .filter(|slot| slot.settings.version == settings.version)
            .map(|slot| slot.cache.clone())
            .unwrap_or_else(|| Arc::new(GuestCache::new(self.host.around.limits.cache_bytes)));
        let slot = Arc::new(Slot { settings: settings.clone(), cache, instance: OnceCell::new() });
        // Dropping the old slot's instance lets its calls finish and ends it.
        slots.insert(key, slot.clone());
        slot
    }

    async fn start(&self, slot: &Slot, prepared: &Arc<Prepared>) -> Result<Arc<Instance>, PluginError> {
        let (host, settings, manifest) = (&self.host, &slot.settings, &self.manifest);
        let log = GuestLog::new(manifest.id.clone(), settings.clone(), host.around.limits.log_bytes_per_second);
        let metrics = host.around.metrics.of_source(
            &manifest.id,
            settings.org_id,
            &settings.uid,
            host.around.limits.metric_series,
        );
        let hooks = EgressHooks::new(self.way_out(settings), host.around.io.clone(), &manifest.id, &settings.uid);
        let limiter = InstanceLimiter::new(&host.around.limits);
        let state = HostState::new(hooks, limiter, log.clone(), metrics, slot.cache.clone());
        let settings_inside = convert::settings(settings, manifest);
        let seed = Seed {
            prepared: prepared.clone(),
            state,
            log,
            settings: settings_inside,
            plugin_id: manifest.id.clone(),
            vitals: host.around.vitals.clone(),
        };
        match Instance::start(seed, &host.around.limits, &host.guests).await {
            Ok(instance) => Ok(instance),
            Err(StartError::Refused(error)) => Err(PluginError::InvalidSettings {
                plugin_id: manifest.id.clone(),
                uid: settings.uid.clone(),
                error: convert::guest_error(error, &settings.secrets),
            }),
            Err(StartError::Ended(exit)) => {
                let reason = format!("it did not start for data source {:?}: {}", settings.uid, words(exit));
                Err(PluginError::RequestFailure {
                    plugin_id: manifest.id.clone(),
                    reason: settings.secrets.redact(reason),
                })
            }
        }
    }

    fn way_out(&self, settings: &DataSourceSettings) -> Result<wellhead_egress::EgressClient, EgressError> {
        let json_data = serde_json::Value::from(settings.json_data.clone());
        let upstream = Upstream {
            url: &settings.url,
            basic_auth: settings.basic_auth,
            basic_auth_user: &settings.basic_auth_user,
            json_data: &json_data,
            secrets: settings.secrets.as_map(),
        };
        self.host
            .around
            .egress
            .client(EgressPolicy::for_data_source(&upstream, &self.host.extra_origins(&self.manifest))?)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn retire(instance: &Instance, drain: Duration, shutdown: Duration) {
    let control = instance.control();
    control.stop();
    let _ = tokio::time::timeout(drain, control.idle()).await;
    if tokio::time::timeout(shutdown.saturating_mul(2), control.end()).await.is_err() {
        control.kill("it did not end within its drain and shutdown deadlines");
        control.end().await;
    }
}

/// An instance's end as words for its callers.
pub(super) fn words(exit: Exit) -> String {
    match exit {
        Exit::Stopped => "its instance was stopped".into(),
        Exit::Crashed(reason) => format!("its instance crashed: {reason}"),
        Exit::Killed(reason) => format!("its instance was ended: {reason}"),
    }
}
