//! The file of the master keys: read only if nobody else may, written so that a crash leaves the old file or the new.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::LONGEST_TEXT;
use crate::SecretError;

pub(super) fn place(path: &Path) -> String {
    format!("the master key file {}", path.display())
}

/// What the file holds; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, SecretError> {
    let unusable = |reason: String| SecretError::unusable(place(path), reason);
    // Not blocking, for the sake of a path that is a pipe.
    let file = match OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(format!("it cannot be opened: {error}"))),
    };
    let metadata = file.metadata().map_err(|error| unusable(error.to_string()))?;
    if !metadata.is_file() {
        return Err(unusable("it is not a file; name one in a folder that only this host reads".to_owned()));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(unusable(format!("others may read or change it (mode {mode:04o}); run `chmod 600 {path}`")));
    }
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_TEXT + 1));
    (&file)
        .take(LONGEST_TEXT as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|error| unusable(format!("it cannot be read as text: {error}")))?;
    if text.len() > LONGEST_TEXT {
        return Err(unusable(format!("it has more than {LONGEST_TEXT} bytes; is it another file?")));
    }
    Ok(Some(text))
}

/// `O_NONBLOCK`.
const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

/// Makes the file, unless there is one: false then.
pub(super) fn create(path: &Path, text: &str) -> Result<bool, SecretError> {
    let made = New::write(path, text).and_then(|new| {
        // A link, unlike a rename, never takes the place of a file that came to be meanwhile.
        match fs::hard_link(&new.path, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    });
    let made = made.map_err(|error| not_written(path, error))?;
    if made {
        sync_folder(path)?;
    }
    Ok(made)
}

/// Puts a new file in place of the one that is there; where that is a symlink, in place of what it points to.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), SecretError> {
    let replaced = fs::canonicalize(path).and_then(|real| {
        let new = New::write(&real, text)?;
        fs::rename(&new.path, &real)?;
        Ok(real)
    });
    sync_folder(&replaced.map_err(|error| not_written(path, error))?)
}

fn not_written(path: &Path, error: io::Error) -> SecretError {
    SecretError::MasterKeyNotWritten { place: place(path), error }
}

/// A file beside the one that is meant, on disk with all its bytes. Dropping it removes it.
struct New {
    path: PathBuf,
}

impl New {
    fn write(beside: &Path, text: &str) -> io::Result<Self> {
        let name = beside.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "it names no file"))?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".new");
        let path = folder(beside).join(hidden);
        // Always the same name, so that what a crash left is cleared away here.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let new = Self { path };
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(new)
    }
}

impl Drop for New {
    fn drop(&mut self) {
        // After a rename it is gone already.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the name of a file last that is written already.
fn sync_folder(path: &Path) -> Result<(), SecretError> {
    let synced = File::open(folder(path)).and_then(|folder| folder.sync_all());
    #[cfg(test)]
    let synced = synced.and_then(|()| tests::sync_of(path));
    synced.map_err(|error| SecretError::MasterKeyNotSynced { place: place(path), error })
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    thread_local! {
        /// Of which file the folder cannot be synced.
        static NOT_SYNCED: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    }

    pub(super) fn sync_of(path: &Path) -> io::Result<()> {
        let fails = NOT_SYNCED.with_borrow(|of| of.as_deref() == Some(path));
        if fails { Err(io::Error::other("the disk is on fire")) } else { Ok(()) }
    }

    #[test]
    fn a_file_whose_name_may_not_last_is_not_said_to_be_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(folder.path()).unwrap().join("master.key");
        NOT_SYNCED.set(Some(path.clone()));
        for done in [create(&path, "first").map(drop), replace(&path, "second")] {
            let error = done.unwrap_err().to_string();
            assert!(error.contains("master.key is written, but its folder"), "{error}");
            assert!(!error.contains("unchanged"), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        NOT_SYNCED.set(None);
        replace(&path, "third").unwrap();
    }
}
