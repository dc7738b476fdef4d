//! How a route gets its instances: the first one, the one of a newer generation, one more.
//!
//! A generation is on probation until it has configured one data source. A trap in `configure` before that rejects it
//! for all; afterwards it is that data source's own crash.

use super::compile::Priority;
use super::control::{Excess, Exit};
use super::convert;
use super::generation::Generation;
use super::guest_log::GuestLog;
use super::http_hooks::EgressHooks;
use super::instance::{Counted, Instance, Seed, Shared, StartError};
use super::limiter::InstanceLimiter;
use super::lives::Lives;
use super::route::{Active, Pick, Replica, Route};
use super::state::HostState;
use crate::{DataSourceSettings, GuestError, PluginChange, PluginError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wellhead_egress::{EgressClient, EgressError};

/// Why there is no instance.
pub(super) enum Failure {
    /// Its code does not compile.
    Code(String),
    /// It refuses the settings.
    Refused(GuestError),
    /// It trapped, or took too long.
    Ended(Exit),
    /// The host has no room.
    Limit(PluginError),
}

/// What came of turning to a newer generation.
pub(super) enum Turn {
    /// Calls go there now.
    Turned(Duration),
    /// Nothing to do, or nothing that could be done now.
    Stays,
    /// It trapped in `configure`.
    Trapped(String),
}

impl Route {
    /// The instance for a call with `settings`, made and configured where there is none. A failure is told to whoever
    /// waits, and tried again at the next call.
    pub(super) async fn open(
        self: &Arc<Self>,
        lives: &Lives,
        settings: &Arc<DataSourceSettings>,
    ) -> Result<Arc<Instance>, PluginError> {
        let _making = self.making.lock().await;
        loop {
            let target = lives.target()?;
            match self.pick(settings, &target, Replica::First) {
                Pick::Go(instance) | Pick::Behind(instance) | Pick::Crowded(instance) => return Ok(instance),
                Pick::Open => {}
            }
            self.adopt(settings);
            self.may_start(&target).await?;
            let predecessor = lives.predecessor(&target);
            let stays = predecessor.clone().filter(|_| self.is_refused_by(&target));
            let generation = &stays.unwrap_or_else(|| target.clone());
            match self.start(generation, settings).await {
                Ok((instance, took)) => {
                    self.turn_to(generation, settings, &instance, took);
                    return Ok(instance);
                }
                Err(Failure::Ended(exit)) => {
                    if lives.reject(generation, &exit.to_string()) {
                        continue;
                    }
                    self.ended(generation.id.number, &exit);
                    return Err(self.did_not_start(settings, &exit));
                }
                Err(Failure::Refused(error)) => {
                    // Settings that the one before takes are not the data source's fault.
                    if let Some(predecessor) = predecessor.filter(|before| !Arc::ptr_eq(before, generation))
                        && let Ok((instance, took)) = self.start(&predecessor, settings).await
                    {
                        self.held_back(&target, &error);
                        self.turn_to(&predecessor, settings, &instance, took);
                        return Ok(instance);
                    }
                    let (plugin_id, uid) = (self.source.plugin.clone(), self.source.uid.clone());
                    return Err(PluginError::InvalidSettings { plugin_id, uid, error });
                }
                Err(Failure::Code(reason)) => {
                    return Err(PluginError::Unavailable { plugin_id: self.source.plugin.clone(), reason });
                }
                Err(Failure::Limit(error)) => return Err(error),
            }
        }
    }

    /// Turns to `target` if something else serves: the new instance is configured first, and calls go on meanwhile.
    ///
    /// Whoever wants this may come late to it: by then `target` may have been rejected, or be old itself.
    pub(super) async fn turn(self: &Arc<Self>, lives: &Lives, target: &Arc<Generation>) -> Turn {
        let _making = self.making.lock().await;
        if !lives.is_current(target) {
            return Turn::Stays;
        }
        let Some(Active { generation, settings, .. }) = self.active() else { return Turn::Stays };
        if generation.id.number == target.id.number || self.is_refused_by(target) {
            return Turn::Stays;
        }
        match self.start(target, &settings).await {
            Ok((instance, took)) => {
                self.turn_to(target, &settings, &instance, took);
                Turn::Turned(took)
            }
            Err(Failure::Refused(error)) => {
                self.held_back(target, &error);
                Turn::Stays
            }
            Err(Failure::Ended(exit)) => Turn::Trapped(settings.secrets.redact(exit.to_string())),
            Err(Failure::Code(reason)) => Turn::Trapped(reason),
            Err(Failure::Limit(error)) => {
                tracing::warn!(target: "wellhead::runtime", plugin = self.source.plugin, uid = self.source.uid, "{error}");
                Turn::Stays
            }
        }
    }

    /// Adds a replica of what serves.
    pub(super) async fn add_replica(self: &Arc<Self>) {
        let _making = self.making.lock().await;
        let Some(active) = self.active() else { return };
        let instance = self.start(&active.generation, &active.settings).await.ok().map(|(instance, _)| instance);
        self.grow(&active, instance);
    }

    fn turn_to(
        self: &Arc<Self>,
        generation: &Arc<Generation>,
        settings: &Arc<DataSourceSettings>,
        instance: &Arc<Instance>,
        configure: Duration,
    ) {
        generation.prove();
        let from = self.active().map(|active| active.generation.id.clone());
        self.install(generation, settings, instance);
        let (org_id, uid) = (self.source.org, self.source.uid.clone());
        self.tell(PluginChange::Swapped { org_id, uid, from, to: generation.id.clone(), configure });
    }

    fn held_back(&self, by: &Generation, error: &GuestError) {
        self.refused_by(by);
        self.tell(PluginChange::HeldBack {
            org_id: self.source.org,
            uid: self.source.uid.clone(),
            refused_by: by.id.clone(),
            reason: error.message.clone(),
        });
    }

    fn did_not_start(&self, settings: &DataSourceSettings, exit: &Exit) -> PluginError {
        if let Exit::Limit(Excess { name, limit, actual, .. }) = *exit {
            return PluginError::limit(name, limit, actual);
        }
        let reason = format!("it did not start for data source {:?}: {exit}", self.source.uid);
        let plugin_id = self.source.plugin.clone();
        PluginError::RequestFailure { plugin_id, reason: settings.secrets.redact(reason) }
    }

    async fn start(
        &self,
        generation: &Arc<Generation>,
        settings: &Arc<DataSourceSettings>,
    ) -> Result<(Arc<Instance>, Duration), Failure> {
        let (host, manifest, limits) = (&self.host, &generation.manifest, &self.limits);
        let prepared =
            generation.prepared(host, Priority::OnDemand).await.map_err(|error| Failure::Code(error.to_string()))?;
        let started = Instant::now();
        let log = GuestLog::new(manifest.id.clone(), settings.clone(), limits.log_bytes_per_second);
        let around = &host.around;
        let metrics = around.metrics.of_instance(&manifest.id, settings.org_id, &settings.uid, limits.metric_series);
        let way_out = self.way_out(generation, settings);
        let hooks = EgressHooks::new(way_out, around.io.clone(), &manifest.id, &settings.uid);
        let counted = Counted {
            _in_runtime: host.place().await.map_err(Failure::Limit)?,
            _in_generation: generation.in_use(),
            _live: around.vitals.instance(&manifest.id),
        };
        let limiter = InstanceLimiter::new(limits, around.vitals.memory(&manifest.id));
        let (cache, determinism) = (self.cache(), around.determinism);
        let state = HostState::new(hooks, limiter, log.clone(), metrics, cache, limits.handles, determinism);
        let seed = Seed {
            prepared,
            state,
            log,
            settings: convert::settings(settings, manifest),
            source: self.source.clone(),
            manifest: manifest.clone(),
            limits: limits.clone(),
            profile: around.profile.clone(),
            counted,
        };
        let shared = Shared { guests: &host.guests, io: &around.io, gate: &host.gate, vitals: &around.vitals };
        match Instance::start(seed, shared).await {
            Ok(instance) => Ok((instance, started.elapsed())),
            Err(StartError::Refused(error)) => Err(Failure::Refused(convert::guest_error(error, &settings.secrets))),
            Err(StartError::Ended(exit)) => Err(Failure::Ended(exit)),
        }
    }

    fn way_out(&self, generation: &Generation, settings: &DataSourceSettings) -> Result<EgressClient, EgressError> {
        let extra = self.host.extra_origins(&generation.manifest);
        let mut policy = settings.egress_policy(&extra)?;
        policy.endpoints = settings.endpoints(&generation.manifest);
        self.host.around.egress.client_among(policy, &self.places)
    }
}
