//! The grants of data sources that were asked for since anything last changed.

use crate::{Grant, IdentityError};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// How many data sources are remembered. Callers name them, existing or not; past this, all are forgotten.
const CAPACITY: usize = 20_000;

#[derive(Default)]
pub(super) struct GrantCache {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Grows with every change, so that what was read before one is not put in after it.
    generation: u64,
    /// By org, then by uid, so that a look-up makes no `String`.
    orgs: HashMap<i64, HashMap<String, Arc<[Grant]>>>,
    length: usize,
}

impl GrantCache {
    pub(super) fn get_or_read(
        &self,
        org_id: i64,
        uid: &str,
        read: impl FnOnce() -> Result<Vec<Grant>, IdentityError>,
    ) -> Result<Arc<[Grant]>, IdentityError> {
        let generation = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(grants) = state.orgs.get(&org_id).and_then(|org| org.get(uid)) {
                return Ok(Arc::clone(grants));
            }
            state.generation
        };
        let grants: Arc<[Grant]> = read()?.into();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.generation == generation {
            if state.length >= CAPACITY {
                state.clear();
            }
            let org = state.orgs.entry(org_id).or_default();
            if org.insert(uid.to_owned(), Arc::clone(&grants)).is_none() {
                state.length += 1;
            }
        }
        Ok(grants)
    }

    /// To be called after a change is on disk.
    pub(super) fn forget(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.generation = state.generation.wrapping_add(1);
        state.clear();
    }
}

impl State {
    fn clear(&mut self) {
        self.orgs.clear();
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grantee, Permission};

    const OLD: Grant = Grant { id: 1, grantee: Grantee::User(1), permission: Permission::Query };

    fn get(cache: &GrantCache, uid: &str, read: Vec<Grant>) -> Vec<Grant> {
        cache.get_or_read(1, uid, || Ok(read)).unwrap().to_vec()
    }

    #[test]
    fn what_was_read_is_remembered_until_it_is_forgotten() {
        let cache = GrantCache::default();
        assert_eq!(get(&cache, "a", vec![OLD]), [OLD]);
        assert_eq!(get(&cache, "a", vec![]), [OLD]);
        cache.forget();
        assert_eq!(get(&cache, "a", vec![]), []);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let cache = GrantCache::default();
        let read = || {
            cache.forget();
            Ok(vec![OLD])
        };
        assert_eq!(cache.get_or_read(1, "a", read).unwrap().to_vec(), [OLD]);
        assert_eq!(get(&cache, "a", vec![]), []);
    }

    #[test]
    fn names_that_callers_make_up_do_not_fill_the_memory() {
        let cache = GrantCache::default();
        (0..CAPACITY + 10).for_each(|number| drop(get(&cache, &number.to_string(), vec![])));
        let state = cache.state.read().unwrap();
        assert_eq!((state.length, state.orgs[&1].len()), (10, 10));
    }
}
