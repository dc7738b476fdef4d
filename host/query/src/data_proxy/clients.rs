//! Clients kept from one request to the next, so that connections are used again.

use super::ProxyError;
use super::way_out::WayOut;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wellhead_egress::Egress;
use wellhead_runtime::DataSourceSettings;

/// Clients kept at most. One without open connections costs a few KiB; past this the one unused for longest goes.
const MAX_CLIENTS: usize = 500;

pub(super) struct Clients {
    egress: Egress,
    most: usize,
    /// Counts uses, so that the least lately used can be told.
    uses: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Grows with every change of a data source, so that a client of what was found before one is not kept after it.
    generation: u64,
    clients: HashMap<(i64, String), Client>,
}

struct Client {
    id: i64,
    version: u32,
    used: u64,
    way_out: Arc<WayOut>,
}

impl Clients {
    pub(super) fn new(egress: Egress) -> Self {
        Self { egress, most: MAX_CLIENTS, uses: AtomicU64::new(0), kept: Mutex::default() }
    }

    /// The generation before a data source is looked up, for [`of`](Self::of).
    pub(super) fn asking(&self) -> u64 {
        self.kept().generation
    }

    /// The client for these settings: one a version of them. It is kept unless anything has changed since they were
    /// `asked` for: they may be of a data source that is gone.
    pub(super) fn of(&self, asked: u64, settings: &DataSourceSettings) -> Result<Arc<WayOut>, ProxyError> {
        let key = (settings.org_id, settings.uid.clone());
        let used = self.uses.fetch_add(1, Ordering::Relaxed);
        if let Some(kept) = self.kept().clients.get_mut(&key)
            && (kept.id, kept.version) == (settings.id, settings.version)
        {
            kept.used = used;
            return Ok(Arc::clone(&kept.way_out));
        }
        // Reading certificates takes a while: not under the lock. Of two that come at once the later one stays.
        let way_out = Arc::new(WayOut::new(&self.egress, settings)?);
        let mut kept = self.kept();
        if kept.generation != asked {
            return Ok(way_out);
        }
        let all = &mut kept.clients;
        if all.len() >= self.most
            && !all.contains_key(&key)
            && let Some(oldest) = all.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone())
        {
            all.remove(&oldest);
        }
        let (id, version) = (settings.id, settings.version);
        all.insert(key, Client { id, version, used, way_out: Arc::clone(&way_out) });
        Ok(way_out)
    }

    /// Lets go of a data source's client. Requests under way end by themselves.
    pub(super) fn forget(&self, org_id: i64, uid: &str) {
        let mut kept = self.kept();
        kept.generation = kept.generation.wrapping_add(1);
        kept.clients.remove(&(org_id, uid.to_owned()));
    }

    /// Lets go of every client.
    pub(super) fn forget_all(&self) {
        let mut kept = self.kept();
        kept.generation = kept.generation.wrapping_add(1);
        kept.clients.clear();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic while it was held left a map that is at worst short of an entry.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_egress::ProxySettings;

    fn clients(most: usize) -> Clients {
        Clients { most, ..Clients::new(Egress::builder().proxy(ProxySettings::None).build().unwrap()) }
    }

    fn settings(uid: &str, version: u32) -> DataSourceSettings {
        DataSourceSettings { uid: uid.into(), version, url: "http://x".into(), ..DataSourceSettings::default() }
    }

    #[test]
    fn a_client_is_kept_for_one_version_of_one_data_source() {
        let clients = clients(10);
        let first = clients.of(clients.asking(), &settings("a", 1)).unwrap();
        assert!(Arc::ptr_eq(&first, &clients.of(clients.asking(), &settings("a", 1)).unwrap()));
        for other in [
            DataSourceSettings { id: 9, ..settings("a", 1) },
            settings("b", 1),
            settings("a", 2),
            DataSourceSettings { org_id: 2, ..settings("a", 1) },
        ] {
            assert!(!Arc::ptr_eq(&first, &clients.of(clients.asking(), &other).unwrap()), "{other:?}");
        }
        let newest = clients.of(clients.asking(), &DataSourceSettings { id: 9, ..settings("a", 2) }).unwrap();
        let held = Arc::downgrade(&newest);
        drop(newest);
        clients.forget(0, "a");
        assert!(held.upgrade().is_none(), "its secrets are gone from memory");
    }

    #[test]
    fn past_the_most_the_one_unused_for_longest_goes() {
        let clients = clients(2);
        let a = clients.of(clients.asking(), &settings("a", 1)).unwrap();
        let b = Arc::downgrade(&clients.of(clients.asking(), &settings("b", 1)).unwrap());
        clients.of(clients.asking(), &settings("a", 1)).unwrap();
        clients.of(clients.asking(), &settings("c", 1)).unwrap();
        assert!(b.upgrade().is_none());
        assert!(Arc::ptr_eq(&a, &clients.of(clients.asking(), &settings("a", 1)).unwrap()));
        assert_eq!(clients.kept().clients.len(), 2);
    }

    #[test]
    fn a_client_of_what_was_found_before_a_change_serves_and_is_not_kept_after_it() {
        let clients = clients(10);
        for change in [|clients: &Clients| clients.forget(0, "a"), Clients::forget_all] {
            let asked = clients.asking();
            change(&clients);
            let late = Arc::downgrade(&clients.of(asked, &settings("a", 1)).unwrap());
            assert!(late.upgrade().is_none(), "its secrets are gone from memory");
        }
    }
}
