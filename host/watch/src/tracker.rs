//! What is known of each plugin and what to say of it, by what inotify and fingerprints tell. Reads neither clock nor
//! file system, so that every order of events can be played.

use crate::fingerprint::{Parts, Role};
use crate::folder::Folder;
use crate::outbox::Outbox;
use crate::{FileEvent, FileEventKind};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How it came that a plugin was looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sight {
    /// One of its files was closed after writing, or renamed into place.
    Settled(Instant),
    /// Something else in the folder was.
    Swapped(Instant),
    /// It was its turn.
    Noticed(Instant),
}

impl Sight {
    fn at(self) -> Instant {
        match self {
            Self::Settled(at) | Self::Swapped(at) | Self::Noticed(at) => at,
        }
    }
}

#[derive(Debug, Default)]
struct Known {
    /// As last looked at.
    parts: Parts,
    /// What the receiver takes it for.
    told: Option<Role>,
}

/// A plugin to which something happened less than `quiet` ago.
#[derive(Debug)]
struct Burst {
    last: Instant,
    /// Whether its fingerprint was taken after that. If so, another one means another change, unseen by inotify; if not,
    /// it is the change that is known.
    looked: bool,
    /// Whether it was said since then that it may be read.
    settled: bool,
}

/// All plugins of a folder.
#[derive(Debug)]
pub(crate) struct Tracker {
    folder: Folder,
    quiet: Duration,
    known: BTreeMap<String, Known>,
    bursts: BTreeMap<String, Burst>,
}

impl Tracker {
    /// The receiver knows of these plugins and will load them as they are.
    pub(crate) fn new(folder: Folder, quiet: Duration, present: BTreeMap<String, Parts>) -> Self {
        let known = present.into_iter().map(|(stem, parts)| (stem, Known { parts, told: parts.role() })).collect();
        Self { folder, quiet, known, bursts: BTreeMap::new() }
    }

    /// All plugins there are or were a moment ago.
    pub(crate) fn stems(&self) -> impl Iterator<Item = &String> {
        self.known.keys()
    }

    /// Inotify saw a change.
    pub(crate) fn active(&mut self, stem: &str, at: Instant) {
        let last = self.bursts.get(stem).map_or(at, |burst| burst.last.max(at));
        self.bursts.insert(stem.to_owned(), Burst { last, looked: false, settled: false });
    }

    /// A fingerprint was taken.
    pub(crate) fn seen(&mut self, stem: &str, parts: Parts, sight: Sight, out: &mut Outbox) {
        let before = self.known.get(stem).map(|known| known.parts).unwrap_or_default();
        if before.role().is_none() && parts.role().is_none() && !self.bursts.contains_key(stem) {
            return;
        }
        let changed = !before.same(&parts);
        match self.bursts.get_mut(stem) {
            Some(burst) if changed && burst.looked => {
                burst.last = burst.last.max(sight.at());
                burst.settled = false;
            }
            Some(burst) => burst.looked = true,
            None if changed => {
                self.bursts.insert(stem.to_owned(), Burst { last: sight.at(), looked: true, settled: false });
            }
            None => {}
        }
        let known = self.known.entry(stem.to_owned()).or_default();
        known.parts = parts;
        let settled = match sight {
            Sight::Settled(_) => true,
            // Of a file that is no link inotify speaks itself, and it may still be being written. That the link changed
            // may have been noticed before it is known why, by a look that what went before the swap gave rise to.
            Sight::Swapped(_) => parts.linked && self.bursts.get(stem).is_some_and(|burst| !burst.settled),
            Sight::Noticed(_) => false,
        };
        match (known.told, parts.role()) {
            // The sidecar of a component that is away: it may be back at once.
            (Some(Role::Component), Some(Role::Frontend)) => {}
            (told, Some(role)) if settled => {
                known.told = Some(role);
                if let Some(burst) = self.bursts.get_mut(stem) {
                    burst.settled = true;
                }
                if let Some(told) = told.filter(|told| *told != role) {
                    self.say(stem, told, FileEventKind::Gone, sight.at(), out);
                }
                self.say(stem, role, FileEventKind::Settled, sight.at(), out);
            }
            _ => {}
        }
    }

    /// When the next burst may be over.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.bursts.values().map(|burst| burst.last + self.quiet).min()
    }

    /// The plugins whose burst may be over, the oldest first: look at them and [`finish`](Self::finish).
    pub(crate) fn due(&self, now: Instant) -> Vec<String> {
        let mut due = self
            .bursts
            .iter()
            .filter(|(_, burst)| burst.last + self.quiet <= now)
            .map(|(stem, burst)| (burst.last, stem))
            .collect::<Vec<_>>();
        due.sort();
        due.into_iter().map(|(_, stem)| stem.clone()).collect()
    }

    /// Ends a burst that was due, unless the fingerprint taken just now shows that it goes on.
    pub(crate) fn finish(&mut self, stem: &str, parts: Parts, now: Instant, out: &mut Outbox) {
        let Some(burst) = self.bursts.get_mut(stem) else { return };
        let known = self.known.entry(stem.to_owned()).or_default();
        let changed = !known.parts.same(&parts);
        known.parts = parts;
        if changed && burst.looked {
            burst.last = now;
            return;
        }
        let (at, role, told) = (burst.last, parts.role(), known.told);
        known.told = role;
        self.bursts.remove(stem);
        if role.is_none() {
            self.known.remove(stem);
        }
        if let Some(told) = told.filter(|told| Some(*told) != role) {
            self.say(stem, told, FileEventKind::Gone, at, out);
        }
        if let Some(role) = role {
            self.say(stem, role, FileEventKind::Quiet, at, out);
        }
    }

    fn say(&self, stem: &str, role: Role, kind: FileEventKind, at: Instant, out: &mut Outbox) {
        out.put(FileEvent { file: self.folder.file(stem, role), kind, at });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileEventKind::{Gone, Quiet, Settled};
    use crate::fingerprint::Part;

    const QUIET: Duration = Duration::from_millis(500);

    /// A tracker of one plugin, on a clock of milliseconds.
    struct Play {
        start: Instant,
        tracker: Tracker,
        out: Outbox,
    }

    /// The fingerprint of a component that is one of several.
    fn version(number: usize) -> Parts {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.wasm");
        std::fs::write(&file, "bytes".repeat(number)).unwrap();
        Parts { wasm: Part::of(&file), ..Parts::default() }
    }

    impl Play {
        fn new(present: Parts) -> Self {
            let present = BTreeMap::from([("x".to_owned(), present)]);
            let tracker = Tracker::new(Folder::new("/plugins".into()), QUIET, present);
            Self { start: Instant::now(), tracker, out: Outbox::default() }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        fn active(&mut self, ms: u64) {
            self.tracker.active("x", self.at(ms));
        }

        fn seen(&mut self, parts: Parts, sight: fn(Instant) -> Sight, ms: u64) -> Vec<(u64, FileEventKind)> {
            let sight = sight(self.at(ms));
            self.tracker.seen("x", parts, sight, &mut self.out);
            self.said()
        }

        fn finish(&mut self, parts: Parts, ms: u64) -> Vec<(u64, FileEventKind)> {
            for stem in self.tracker.due(self.at(ms)) {
                self.tracker.finish(&stem, parts, self.at(ms), &mut self.out);
            }
            self.said()
        }

        fn said(&mut self) -> Vec<(u64, FileEventKind)> {
            let start = self.start;
            let said = std::iter::from_fn(|| self.out.take());
            said.map(|event| (event.at.duration_since(start).as_millis() as u64, event.kind)).collect()
        }
    }

    #[test]
    fn a_change_found_by_a_rescan_is_quiet_once_its_fingerprint_stood_still() {
        let (one, two, three) = (version(1), version(2), version(3));
        let mut play = Play::new(one);
        assert_eq!(play.seen(two, Sight::Noticed, 0), []);
        assert_eq!(play.seen(two, Sight::Noticed, 400), []);
        assert_eq!(play.finish(two, 499), []);
        assert_eq!(play.finish(three, 500), [], "it changed since it was looked at");
        assert_eq!(play.finish(three, 999), []);
        assert_eq!(play.finish(three, 1000), [(500, Quiet)]);
        assert_eq!(play.tracker.next_due(), None);
    }

    #[test]
    fn a_rescan_amid_writes_that_inotify_sees_puts_nothing_off() {
        let (one, two) = (version(1), version(2));
        let mut play = Play::new(one);
        play.active(0);
        assert_eq!(play.seen(two, Sight::Noticed, 300), []);
        assert_eq!(play.finish(two, 500), [(0, Quiet)]);
    }

    #[test]
    fn writes_that_inotify_sees_are_over_although_nobody_looked_meanwhile() {
        let (one, two) = (version(1), version(2));
        let mut play = Play::new(one);
        play.active(0);
        play.active(100);
        assert_eq!(play.finish(two, 599), []);
        assert_eq!(play.finish(two, 600), [(100, Quiet)]);
    }

    #[test]
    fn a_swap_settles_the_links_it_changed_and_no_file() {
        let link = |number| Parts { linked: true, ..version(number) };
        let (one, two, file) = (link(1), link(2), version(3));
        let mut play = Play::new(one);
        assert_eq!(play.seen(one, Sight::Swapped, 0), []);
        assert_eq!(play.seen(two, Sight::Noticed, 10), [], "why it changed is not known yet");
        assert_eq!(play.seen(two, Sight::Swapped, 11), [(11, Settled)]);
        assert_eq!(play.seen(two, Sight::Swapped, 12), [], "that was said");
        assert_eq!(play.seen(one, Sight::Swapped, 13), [(13, Settled)]);
        assert_eq!(play.seen(file, Sight::Swapped, 20), []);
        assert_eq!(play.finish(file, 520), [(20, Quiet)]);
    }

    #[test]
    fn a_plugin_is_gone_when_it_was_missed_for_the_whole_quiet() {
        let one = version(1);
        let mut play = Play::new(one);
        assert_eq!(play.seen(Parts::default(), Sight::Noticed, 0), []);
        assert_eq!(play.seen(one, Sight::Noticed, 400), []);
        assert_eq!(play.finish(one, 500), []);
        assert_eq!(play.finish(one, 900), [(400, Quiet)]);
        assert_eq!(play.seen(Parts::default(), Sight::Noticed, 1000), []);
        assert_eq!(play.finish(Parts::default(), 1500), [(1000, Gone)]);
        assert_eq!(play.tracker.stems().count(), 0, "nothing is kept of it");
    }

    #[test]
    fn of_a_name_that_never_was_a_plugin_nothing_is_said_or_kept() {
        let mut play = Play::new(version(1));
        play.tracker = Tracker::new(Folder::new("/plugins".into()), QUIET, BTreeMap::new());
        play.active(0);
        assert_eq!(play.seen(Parts::default(), Sight::Settled, 0), []);
        assert_eq!(play.finish(Parts::default(), 500), []);
        assert_eq!(play.seen(Parts::default(), Sight::Noticed, 600), []);
        assert_eq!(play.tracker.stems().count(), 0);
    }
}
