//! What the file system says of a plugin's files without reading them, and whether two such statements may stand for
//! the same bytes. Symlinks are followed, so a swapped link is another fingerprint.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Whoever may read the file at all: the part of the mode that decides whether its bytes can be had.
const READ_BITS: u32 = 0o444;

/// The kinds of plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `STEM.wasm`, with a sidecar or not.
    Component,
    /// `STEM.plugin.json` alone.
    Frontend,
}

/// The fingerprint of a plugin: of its `.wasm` and of its `.plugin.json`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) wasm: Part,
    pub(crate) sidecar: Part,
    /// Whether one of the two is a symlink; known only if the folder was scanned.
    pub(crate) linked: bool,
}

impl Parts {
    pub(crate) fn role(&self) -> Option<Role> {
        match (&self.wasm, &self.sidecar) {
            (Part::Absent, Part::Absent) => None,
            (Part::Absent, _) => Some(Role::Frontend),
            _ => Some(Role::Component),
        }
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        self.wasm.same(&other.wasm) && self.sidecar.same(&other.sidecar)
    }
}

/// The fingerprint of one name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Part {
    /// No such name.
    #[default]
    Absent,
    /// The name is there, but nothing can be said of what it stands for: a dangling symlink, a lost mount. Not
    /// [`Absent`](Self::Absent), because nobody deleted it.
    Unreachable,
    /// What `stat` says.
    There(Stat),
}

impl Part {
    pub(crate) fn of(path: &Path) -> Self {
        match fs::metadata(path) {
            Ok(metadata) => Self::There(Stat::of(&metadata)),
            Err(_) => match fs::symlink_metadata(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Self::Absent,
                _ => Self::Unreachable,
            },
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) | (Self::Unreachable, Self::Unreachable) => true,
            (Self::There(this), Self::There(that)) => this.same(that),
            _ => false,
        }
    }
}

/// What of `stat` changes with the bytes, or with the right to read them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    inode: (u64, u64),
    size: u64,
    /// Seconds and nanoseconds, as all instants here.
    modified: (i64, i64),
    /// Of bytes or of what follows.
    changed: (i64, i64),
    mode: u32,
    owner: (u32, u32),
    links: u64,
}

impl Stat {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            links: metadata.nlink(),
        }
    }

    fn same(&self, other: &Self) -> bool {
        // A newer `changed` with nothing else new is a rewrite whose author put the time of modification back, as
        // `cp -p` and `rsync -t` do; but a new mode or link says itself why it is newer.
        let explained = self.mode != other.mode || self.links != other.links;
        self.inode == other.inode
            && self.size == other.size
            && self.modified == other.modified
            && self.mode & READ_BITS == other.mode & READ_BITS
            && self.owner == other.owner
            && (self.changed == other.changed || explained)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, FileTimes, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn fingerprint_after(change: impl FnOnce(&Path)) -> (Part, Part) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.wasm");
        fs::write(&file, "one").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let before = Part::of(&file);
        change(&file);
        (before, Part::of(&file))
    }

    #[test]
    fn who_may_write_or_run_a_file_and_its_links_are_no_change_of_its_bytes() {
        let (before, after) =
            fingerprint_after(|file| fs::set_permissions(file, Permissions::from_mode(0o711)).unwrap());
        assert!(before.same(&after));
        let (before, after) = fingerprint_after(|file| fs::hard_link(file, file.with_extension("old")).unwrap());
        assert!(before.same(&after));
    }

    #[test]
    fn a_file_that_may_now_be_read_is_changed() {
        let (before, after) =
            fingerprint_after(|file| fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap());
        assert!(!before.same(&after));
    }

    #[test]
    fn a_rewrite_of_the_same_size_with_the_old_time_put_back_is_a_change() {
        let (before, after) = fingerprint_after(|file| {
            let modified = fs::metadata(file).unwrap().modified().unwrap();
            let changed = |file: &Path| fs::metadata(file).map(|now| (now.ctime(), now.ctime_nsec())).unwrap();
            let was = changed(file);
            // Again until the clock of the file system has ticked.
            while changed(file) == was {
                fs::write(file, "two").unwrap();
                File::options()
                    .write(true)
                    .open(file)
                    .unwrap()
                    .set_times(FileTimes::new().set_modified(modified))
                    .unwrap();
            }
        });
        assert!(!before.same(&after));
    }

    #[test]
    fn a_dangling_symlink_is_there_and_is_not_what_it_was() {
        let (before, after) = fingerprint_after(|file| {
            fs::remove_file(file).unwrap();
            symlink("nowhere", file).unwrap();
        });
        assert!(matches!(after, Part::Unreachable));
        assert!(!before.same(&after));
    }
}
