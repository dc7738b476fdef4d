//! All routes of one plugin, by org and data source.

use super::host::WasmHost;
use super::route::Route;
use crate::DataSourceSettings;
use crate::vitals::SourceLabel;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Looked up at every call, so by borrowed keys: the uid first, then the few orgs that use it.
type Table = HashMap<String, Vec<Arc<Route>>>;

/// Made at a data source's first call, dropped when it has been idle for long.
pub(super) struct Routes {
    host: Arc<WasmHost>,
    plugin_id: String,
    table: RwLock<Table>,
}

impl Routes {
    pub(super) fn new(host: Arc<WasmHost>, plugin_id: String) -> Self {
        Self { host, plugin_id, table: RwLock::default() }
    }

    /// The route of a data source.
    pub(super) fn of(&self, settings: &DataSourceSettings) -> Arc<Route> {
        let find = |table: &Table| {
            let mut routes = table.get(settings.uid.as_str())?.iter();
            routes.find(|route| route.source.org == settings.org_id).cloned()
        };
        let found = find(&self.table.read().unwrap_or_else(PoisonError::into_inner));
        found.unwrap_or_else(|| {
            let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
            // Another call may have been first.
            find(&table).unwrap_or_else(|| {
                let (plugin, uid) = (self.plugin_id.clone(), settings.uid.clone());
                let route = Route::new(self.host.clone(), SourceLabel { plugin, org: settings.org_id, uid });
                table.entry(settings.uid.clone()).or_default().push(route.clone());
                route
            })
        })
    }

    /// All of them, those used last first.
    pub(super) fn all(&self) -> Vec<Arc<Route>> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let mut routes: Vec<Arc<Route>> = table.values().flatten().cloned().collect();
        drop(table);
        routes.sort_by_key(|route| std::cmp::Reverse(route.last_used()));
        routes
    }

    /// Lets every route let go of what it does not need, and forgets those with nothing left.
    pub(super) fn tend(&self) {
        let done: Vec<Arc<Route>> = self.all().into_iter().filter(Route::tend).collect();
        if done.is_empty() {
            return;
        }
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        for route in done {
            self.host.around.vitals.forget(&route.source);
            // A call that has just got this route goes on with it; the next makes another.
            if let Some(routes) = table.get_mut(&route.source.uid) {
                routes.retain(|other| !Arc::ptr_eq(other, &route));
            }
        }
        table.retain(|_, routes| !routes.is_empty());
    }

    /// Forgets a data source; its route's instances are the caller's to stop.
    pub(super) fn forget(&self, org_id: i64, uid: &str) -> Option<Arc<Route>> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let routes = table.get_mut(uid)?;
        let place = routes.iter().position(|route| route.source.org == org_id)?;
        let route = routes.swap_remove(place);
        if routes.is_empty() {
            table.remove(uid);
        }
        self.host.around.vitals.forget(&route.source);
        Some(route)
    }
}
