//! What a Store holds beside the guest: its WASI view, its limits, its way out, its log.

use super::cancel_token::Cancellable;
use super::guest_log::GuestLog;
use super::http_hooks::EgressHooks;
use super::limiter::InstanceLimiter;
use super::simulation::{SimulatedClock, SimulatedView, simulate};
use crate::Determinism;
use crate::guest_cache::GuestCache;
use crate::guest_metrics::InstanceMetrics;
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// One per instance; wasmtime hands it to every import.
pub(crate) struct HostState {
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    pub(super) hooks: EgressHooks,
    pub(super) limiter: InstanceLimiter,
    pub(super) log: Arc<GuestLog>,
    pub(super) metrics: InstanceMetrics,
    pub(super) cache: Arc<GuestCache>,
    pub(super) cancellable: Cancellable,
    clock: SimulatedClock,
}

impl HostState {
    pub(super) fn new(
        hooks: EgressHooks,
        limiter: InstanceLimiter,
        log: Arc<GuestLog>,
        metrics: InstanceMetrics,
        cache: Arc<GuestCache>,
        handles: usize,
        determinism: Option<Determinism>,
    ) -> Self {
        // No environment, no arguments, no directories, no sockets, no name look-up: a fresh context grants nothing.
        // What the guest prints becomes log lines.
        let mut wasi = WasiCtx::builder();
        wasi.stdout(log.stream("stdout"))
            .stderr(log.stream("stderr"))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        if let Some(determinism) = determinism {
            simulate(determinism, &mut wasi);
        }
        let wasi = wasi.build();
        let mut table = ResourceTable::new();
        // Every handle of a WASI resource has an entry and some have more: the count of handles is what is to be met first.
        table.set_max_capacity(handles.saturating_mul(4));
        Self {
            wasi,
            table,
            http: WasiHttpCtx::new(),
            hooks,
            limiter,
            log,
            metrics,
            cache,
            cancellable: Cancellable::default(),
            clock: SimulatedClock::default(),
        }
    }

    /// What the guest's handles stand for.
    pub(super) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// What guests read and wait for where time is simulated.
    pub(super) fn simulated(&mut self) -> SimulatedView<'_> {
        SimulatedView { clock: &self.clock, table: &mut self.table }
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for HostState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}
