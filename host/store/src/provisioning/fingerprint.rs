//! What the files of a folder held when they were read, so that a later look can tell whether they hold something else.
//!
//! Contents are compared, not times and inodes: that way it does not matter whether a file was written in place, renamed
//! over, or is a symlink whose target was swapped far away, as Kubernetes does.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Provisioning files are written by hand: larger ones are a mistake.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// A file named by `$__file{}` holds one value, and a data source holds no larger ones.
const MAX_INCLUDED_BYTES: u64 = 1 << 20;

/// What was found in the place of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Bytes([u8; 32]),
    Unreadable(io::ErrorKind),
    TooLarge(u64),
}

/// Files by path, each with what it held.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Contents(BTreeMap<PathBuf, Content>);

impl Contents {
    /// Reads a provisioning file and notes what it holds.
    ///
    /// # Errors
    /// A sentence that says why it cannot be read.
    pub(super) fn read(&mut self, path: &Path) -> Result<String, String> {
        self.note(path, MAX_FILE_BYTES, "split it")
    }

    /// Reads a file that holds a value and notes what it holds.
    ///
    /// # Errors
    /// A sentence that says why it cannot be read.
    pub(super) fn include(&mut self, path: &Path) -> Result<String, String> {
        self.note(path, MAX_INCLUDED_BYTES, "name another")
    }

    fn note(&mut self, path: &Path, max_bytes: u64, cure: &str) -> Result<String, String> {
        let (content, text) = match bytes(path, max_bytes) {
            Ok(Err(size)) => {
                let reason = format!("has {size} bytes, {max_bytes} are allowed: {cure}");
                (Content::TooLarge(size), Err(reason))
            }
            Ok(Ok(bytes)) => {
                let digest = Content::Bytes(Sha256::digest(&bytes).into());
                (digest, String::from_utf8(bytes).map_err(|error| format!("is not UTF-8: {}", error.utf8_error())))
            }
            Err(error) => (Content::Unreadable(error.kind()), Err(format!("cannot be read: {error}"))),
        };
        self.0.insert(path.to_owned(), content);
        text
    }
}

/// The bytes of a file, or how many it has where that is too many.
fn bytes(path: &Path, max_bytes: u64) -> io::Result<Result<Vec<u8>, u64>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        // Opening a pipe would wait for a writer.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    let read = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(if read > max_bytes { Err(read.max(metadata.len())) } else { Ok(bytes) })
}

/// A folder as it was read: its files, and those that they include.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) unlisted: Option<io::ErrorKind>,
    pub(super) files: Contents,
    pub(super) included: Contents,
}

impl Fingerprint {
    /// That of the same folder and the same included files now. Blocks.
    pub(super) fn taken_again(&self, folder: &Path) -> Self {
        let mut now = Self::default();
        match yaml_files(folder) {
            // What cannot be read is told apart by its content, and said by whoever reads it next.
            Ok(files) => files.iter().for_each(|file| drop(now.files.read(file))),
            Err((_, error)) => now.unlisted = Some(error.kind()),
        }
        self.included.0.keys().for_each(|file| drop(now.included.include(file)));
        now
    }
}

/// The YAML files of `folder` and of its sub-folder `datasources`, by name.
///
/// # Errors
/// The folder that cannot be listed, and why.
pub(super) fn yaml_files(folder: &Path) -> Result<BTreeSet<PathBuf>, (PathBuf, io::Error)> {
    let mut files = yaml_files_in(folder)?;
    let datasources = folder.join("datasources");
    match datasources.metadata() {
        Ok(found) if found.is_dir() => files.extend(yaml_files_in(&datasources)?),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // Not taken for "there is none": whatever it describes would be pruned.
        Err(error) => return Err((datasources, error)),
    }
    Ok(files)
}

fn yaml_files_in(folder: &Path) -> Result<BTreeSet<PathBuf>, (PathBuf, io::Error)> {
    let unreadable = |error| (folder.to_owned(), error);
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        // One that cannot be looked at is listed, so that reading it says why, and nothing is pruned for its absence.
        let is_file = || match path.metadata() {
            Ok(found) => found.is_file(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if is_yaml && is_file() {
            files.insert(path);
        }
    }
    Ok(files)
}
