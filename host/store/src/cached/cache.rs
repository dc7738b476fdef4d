//! The bounded cache behind a [`CachedStore`](super::CachedStore): by uid, and from id to uid.

use crate::DataSource;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct DataSources {
    ttl: Duration,
    by_uid: Cache<(i64, String), Entry>,
    /// May lead to a uid that has another id by now, or is gone: what is found there is compared.
    uids: Cache<(i64, i64), Arc<str>>,
    /// Counts what was dropped, so that a reader learns that what it just read may be old. Held while something is kept or
    /// dropped: what is old is never there, not even for the moment until somebody notices.
    drops: Mutex<u64>,
}

#[derive(Clone)]
struct Entry {
    source: Arc<DataSource>,
    read_at: Instant,
}

/// When a reader asked the store.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    drops: u64,
    at: Instant,
}

impl DataSources {
    pub(super) fn new(ttl: Duration, capacity: usize) -> Self {
        Self { ttl, by_uid: Cache::new(capacity), uids: Cache::new(capacity), drops: Mutex::new(0) }
    }

    pub(super) fn by_uid(&self, org_id: i64, uid: &str) -> Option<Arc<DataSource>> {
        let entry = self.by_uid.get(&UidOf { org_id, uid })?;
        (entry.read_at.elapsed() < self.ttl).then_some(entry.source)
    }

    pub(super) fn by_id(&self, org_id: i64, id: i64) -> Option<Arc<DataSource>> {
        let uid = self.uids.get(&(org_id, id))?;
        self.by_uid(org_id, &uid).filter(|source| source.id == id)
    }

    /// To be called before the store is asked for what is then [`kept`](Self::keep).
    pub(super) fn asking(&self) -> Asked {
        Asked { drops: *self.drops(), at: Instant::now() }
    }

    pub(super) fn keep(&self, asked: Asked, source: &Arc<DataSource>) {
        let drops = self.drops();
        // It may have changed between the reading and the keeping, and was then dropped before it was kept.
        if *drops != asked.drops {
            return;
        }
        let key = (source.org_id, source.uid.clone());
        self.uids.insert((source.org_id, source.id), source.uid.as_str().into());
        self.by_uid.insert(key, Entry { source: Arc::clone(source), read_at: asked.at });
    }

    pub(super) fn drop_one(&self, org_id: i64, uid: &str) {
        let mut drops = self.drops();
        *drops = drops.wrapping_add(1);
        self.by_uid.remove(&UidOf { org_id, uid });
    }

    pub(super) fn drop_all(&self) {
        let mut drops = self.drops();
        *drops = drops.wrapping_add(1);
        self.by_uid.clear();
    }

    fn drops(&self) -> MutexGuard<'_, u64> {
        self.drops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that is looked up without a copy of the uid.
struct UidOf<'a> {
    org_id: i64,
    uid: &'a str,
}

impl Hash for UidOf<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As the tuple does.
        (self.org_id, self.uid).hash(state);
    }
}

impl Equivalent<(i64, String)> for UidOf<'_> {
    fn equivalent(&self, key: &(i64, String)) -> bool {
        self.org_id == key.0 && self.uid == key.1
    }
}
