//! The last change of each data source, by revision: enough for any watcher to catch up.

use super::state::Key;
use crate::store::MAX_TOMBSTONES;
use crate::{Change, ChangeKind, Revision};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

#[derive(Clone, Debug, Default)]
pub(super) struct Feed {
    last: Revision,
    changes: BTreeMap<Revision, (Key, ChangeKind)>,
    changed_at: BTreeMap<Key, Revision>,
    /// The revisions of deletions, and that of the newest one that is no longer known.
    tombstones: BTreeSet<Revision>,
    forgotten: Revision,
}

impl Feed {
    pub(super) fn record(&mut self, key: Key, kind: ChangeKind) {
        self.last.0 = self.last.0.saturating_add(1);
        if let Some(before) = self.changed_at.insert(key.clone(), self.last) {
            self.changes.remove(&before);
            self.tombstones.remove(&before);
        }
        self.changes.insert(self.last, (key, kind));
        if kind == ChangeKind::Deleted {
            self.tombstones.insert(self.last);
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        while self.tombstones.len() as u64 > MAX_TOMBSTONES {
            let Some(oldest) = self.tombstones.pop_first() else { break };
            if let Some((key, _)) = self.changes.remove(&oldest) {
                self.changed_at.remove(&key);
            }
            self.forgotten = oldest;
        }
    }

    pub(super) fn after(&self, from: Revision) -> Vec<Change> {
        // Whoever knows nothing misses no deletion.
        if from != Revision::default() && !(self.forgotten..=self.last).contains(&from) {
            return vec![Change::reset(self.last)];
        }
        let later = self.changes.range((Bound::Excluded(from), Bound::Unbounded));
        later
            .map(|(revision, ((org_id, uid), kind))| Change {
                revision: *revision,
                org_id: *org_id,
                uid: uid.clone(),
                kind: *kind,
            })
            .collect()
    }
}
