//! When files that change are worth reading: not while somebody writes them, but not never either.

use super::fingerprint::Fingerprint;
use std::time::{Duration, Instant};

/// How long files may go on changing before they are read all the same. Editors and `kubectl` are done within
/// milliseconds; what takes longer than this never rests.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Files that differ from those that were read last.
#[derive(Default)]
pub(super) struct Settling(Option<(Instant, Fingerprint)>);

impl Settling {
    /// Takes note of what the files are `now` and says whether to read them: they differ from what was `read` and
    /// either look as they did when last looked at, or have been changing for [`MAX_WAIT`].
    pub(super) fn is_due(&mut self, now: Instant, files: Fingerprint, read: &Fingerprint) -> bool {
        if files == *read {
            self.0 = None;
            return false;
        }
        let (since, rested) = match self.0.take() {
            None => (now, false),
            Some((since, last)) => (since, last == files),
        };
        let due = rested || now.saturating_duration_since(since) >= MAX_WAIT;
        self.0 = (!due).then_some((since, files));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// That of a folder with one file that holds this.
    fn holding(text: &str, folder: &std::path::Path) -> Fingerprint {
        fs::write(folder.join("ds.yaml"), text).unwrap();
        Fingerprint::default().taken_again(folder)
    }

    #[test]
    fn files_are_read_once_they_rest_and_at_last_although_they_never_do() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &str| holding(text, folder.path());
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut settling = Settling::default();
        assert!(!settling.is_due(at(0), of("a"), &of("a")), "as they were read");
        assert!(!settling.is_due(at(1), of("b"), &of("a")), "perhaps half written");
        assert!(settling.is_due(at(2), of("b"), &of("a")));
        assert!(!settling.is_due(at(3), of("c"), &of("b")));
        assert!(!settling.is_due(at(4), of("b"), &of("b")), "back to what was read");
        for second in 5..15 {
            assert!(!settling.is_due(at(second), of(&second.to_string()), &of("b")), "{second}");
        }
        assert!(settling.is_due(at(15), of("restless"), &of("b")));
    }
}
