//! The change feed: one entry a data source, at the revision of its last change, for those that are gone too.

use super::Shared;
use super::tables::{CHANGES, COUNTERS, FORGOTTEN, REVISION, Tables};
use crate::store::MAX_TOMBSTONES;
use crate::{Change, ChangeKind, DatabaseError, Revision};
use futures::stream::{self, BoxStream, StreamExt};
use redb::{ReadTransaction, ReadableTableMetadata};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// How many entries are read at a time: tens of microseconds.
const BATCH: usize = 256;
/// How long until a disk that failed is asked again.
const RETRY: Duration = Duration::from_secs(1);

impl Tables<'_> {
    /// Enters a change in the place of the last one of the same data source.
    pub(super) fn record_change(&mut self, org_id: i64, uid: &str, kind: ChangeKind) -> Result<(), DatabaseError> {
        let revision = self.next(REVISION)?;
        let before = self.changed_at.insert((org_id, uid), revision)?.map(|before| before.value());
        if let Some(before) = before {
            self.changes.remove(before)?;
            self.tombstones.remove(before)?;
        }
        let deleted = kind == ChangeKind::Deleted;
        self.changes.insert(revision, (org_id, uid, deleted))?;
        if deleted {
            self.tombstones.insert(revision, ())?;
            self.forget_oldest()?;
        }
        Ok(())
    }

    fn forget_oldest(&mut self) -> Result<(), DatabaseError> {
        while self.tombstones.len()? > MAX_TOMBSTONES {
            let Some(oldest) = self.tombstones.pop_first()?.map(|(revision, _)| revision.value()) else { break };
            if let Some(entry) = self.changes.remove(oldest)? {
                let (org_id, uid, _) = entry.value();
                self.changed_at.remove((org_id, uid))?;
            }
            self.counters.insert(FORGOTTEN, oldest)?;
        }
        Ok(())
    }
}

/// The next entries after `from`, oldest first, none where there is no more.
fn changes_after(transaction: &ReadTransaction, from: Revision) -> Result<Vec<Change>, DatabaseError> {
    let counters = transaction.open_table(COUNTERS)?;
    let forgotten = counters.get(FORGOTTEN)?.map_or(0, |revision| revision.value());
    let last = counters.get(REVISION)?.map_or(0, |revision| revision.value());
    // Whoever knows nothing misses no deletion.
    if from != Revision::default() && !(forgotten..=last).contains(&from.0) {
        return Ok(vec![Change::reset(Revision(last))]);
    }
    let mut changes = Vec::new();
    for entry in transaction.open_table(CHANGES)?.range(from.0.saturating_add(1)..)?.take(BATCH) {
        let (revision, change) = entry?;
        let (org_id, uid, deleted) = change.value();
        let kind = if deleted { ChangeKind::Deleted } else { ChangeKind::Put };
        changes.push(Change { revision: Revision(revision.value()), org_id, uid: uid.to_owned(), kind });
    }
    Ok(changes)
}

/// Every change after `from` and those to come. Ends with the store, which it does not keep open.
pub(super) fn watch(shared: &Arc<Shared>, from: Revision) -> BoxStream<'static, Change> {
    let watcher = Watcher { commits: shared.commits.subscribe(), shared: Arc::downgrade(shared), seen: from };
    stream::unfold(watcher, Watcher::next).flatten().boxed()
}

struct Watcher {
    commits: watch::Receiver<()>,
    shared: Weak<Shared>,
    seen: Revision,
}

impl Watcher {
    async fn next(mut self) -> Option<(stream::Iter<std::vec::IntoIter<Change>>, Self)> {
        loop {
            // Before reading, so that a commit after it wakes us again.
            self.commits.mark_unchanged();
            let seen = self.seen;
            let changes = self.shared.upgrade()?.database.read(|transaction| changes_after(transaction, seen));
            match changes {
                Ok(changes) => match changes.last() {
                    Some(last) => {
                        self.seen = last.revision;
                        return Some((stream::iter(changes), self));
                    }
                    None => self.commits.changed().await.ok()?,
                },
                Err(_) => {
                    // Told to whoever asks for a data source; here it is only asked again.
                    if let Ok(closed) = tokio::time::timeout(RETRY, self.commits.changed()).await {
                        closed.ok()?;
                    }
                }
            }
        }
    }
}
