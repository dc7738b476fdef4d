//! Events on their way to the receiver: at most one a file, in the order of the latest of each. A receiver that is slow
//! misses what was overtaken and never how it ended.

use crate::FileEvent;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// By when they were put in.
    events: BTreeMap<u64, FileEvent>,
    places: HashMap<PathBuf, u64>,
    next: u64,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Puts an event at the end, instead of an earlier one of the same file. Not in the earlier one's place: that a front
    /// end is gone must stay before that the component beside it came.
    pub(crate) fn put(&mut self, event: FileEvent) {
        if let Some(earlier) = self.places.insert(event.file.clone(), self.next) {
            self.events.remove(&earlier);
        }
        self.events.insert(self.next, event);
        self.next += 1;
    }

    pub(crate) fn take(&mut self) -> Option<FileEvent> {
        let (_, event) = self.events.pop_first()?;
        self.places.remove(&event.file);
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileEventKind::{self, Gone, Quiet, Settled};
    use std::time::Instant;

    #[test]
    fn only_the_latest_event_of_a_file_is_kept_and_in_its_own_place() {
        let mut outbox = Outbox::default();
        let at = Instant::now();
        for (file, kind) in [("a", Gone), ("b", Settled), ("c", Quiet), ("b", Gone), ("a", Settled)] {
            outbox.put(FileEvent { file: file.into(), kind, at });
        }
        let left = std::iter::from_fn(|| outbox.take()).map(|event| (event.file, event.kind));
        let expected: [(PathBuf, FileEventKind); 3] = [("c".into(), Quiet), ("b".into(), Gone), ("a".into(), Settled)];
        assert_eq!(left.collect::<Vec<_>>(), expected);
        assert!(outbox.is_empty() && outbox.places.is_empty());
    }
}
