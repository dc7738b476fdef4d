//! Memory that the instances of one data source share: the contract's `cache`.
//!
//! Bounded in bytes; may lose anything at any time; never on disk. It belongs to one generation of a plugin and one
//! version of a data source, because it is made with their instances and dropped with them.

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Longest key, in bytes.
pub(crate) const MAX_KEY: usize = 512;
/// Largest value, in bytes.
pub(crate) const MAX_VALUE: usize = 1 << 20;

/// One data source's cache. Takes no memory until something is set.
#[derive(Debug)]
pub(crate) struct GuestCache {
    capacity: usize,
    entries: OnceLock<Cache<String, Entry, Bytes>>,
}

#[derive(Clone, Debug)]
struct Entry {
    value: Arc<[u8]>,
    expires: Instant,
}

#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<String, Entry> for Bytes {
    fn weight(&self, key: &String, entry: &Entry) -> u64 {
        // What an entry costs beside its bytes: without it a million empty values would weigh nothing.
        const OVERHEAD: usize = 128;
        key.len().saturating_add(entry.value.len()).saturating_add(OVERHEAD) as u64
    }
}

impl GuestCache {
    /// A cache of at most `capacity` bytes.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, entries: OnceLock::new() }
    }

    /// The value under `key`, unless it expired or was lost.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<[u8]>> {
        let entries = self.entries.get()?;
        let entry = entries.get(key)?;
        if entry.expires <= Instant::now() {
            entries.remove(key);
            return None;
        }
        Some(entry.value)
    }

    /// Keeps `value` for `ttl`. Keys and values beyond their limits are not kept: a cache may lose anything.
    pub(crate) fn set(&self, key: String, value: &[u8], ttl: Duration) {
        if key.len() > MAX_KEY || value.len() > MAX_VALUE {
            return;
        }
        let Some(expires) = Instant::now().checked_add(ttl) else { return };
        let entries = self.entries.get_or_init(|| {
            let expected_entries = self.capacity / (16 << 10);
            Cache::with_weighter(expected_entries, self.capacity as u64, Bytes)
        });
        entries.insert(key, Entry { value: value.into(), expires });
    }

    /// Forgets `key`.
    pub(crate) fn delete(&self, key: &str) {
        if let Some(entries) = self.entries.get() {
            entries.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_value_is_there_until_it_expires_or_is_deleted() {
        let cache = GuestCache::new(1 << 20);
        assert_eq!(cache.get("a"), None);
        cache.set("a".into(), b"1", MINUTE);
        cache.set("b".into(), b"2", Duration::ZERO);
        assert_eq!(cache.get("a").as_deref(), Some(&b"1"[..]));
        assert_eq!(cache.get("b"), None);
        cache.delete("a");
        assert_eq!(cache.get("a"), None);
    }

    #[test]
    fn the_bytes_kept_stay_below_the_capacity() {
        let cache = GuestCache::new(1 << 20);
        for key in 0..100 {
            cache.set(key.to_string(), &vec![0; 100 << 10], MINUTE);
        }
        let kept: usize = (0..100).filter_map(|key| cache.get(&key.to_string())).map(|value| value.len()).sum();
        assert!(kept > 0 && kept <= 1 << 20, "{kept}");
    }

    #[test]
    fn keys_and_values_beyond_their_limits_are_not_kept() {
        let cache = GuestCache::new(16 << 20);
        cache.set("k".repeat(MAX_KEY + 1), b"v", MINUTE);
        cache.set("k".into(), &vec![0; MAX_VALUE + 1], MINUTE);
        assert_eq!(cache.get(&"k".repeat(MAX_KEY + 1)), None);
        assert_eq!(cache.get("k"), None);
    }
}
