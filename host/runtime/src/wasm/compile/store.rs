//! Compiled code, kept in a folder: a component compiles once a machine, and is then mapped into memory in a millisecond.
//!
//! A file is named by what it was made from (the component's hash) and by what it was made for (the engine's version,
//! settings and processor), written under another name first, and never changed: hosts may share the folder. Its files
//! are native code that the host runs, so it takes none that another user could have written.

use crate::RuntimeError;
use rustix::process::geteuid;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use wasmtime::Engine;
use wasmtime::component::Component;

const EXTENSION: &str = "cwasm";
/// Bits of a file's mode that let others write.
const OTHERS_WRITE: u32 = 0o022;
/// A file under its first name that is older than this was left behind by a host that ended in the middle.
const LEFT_BEHIND: Duration = Duration::from_secs(3_600);

#[derive(Debug)]
pub(super) struct CodeStore {
    folder: PathBuf,
    /// What tells engines apart that cannot run each other's code.
    engine: u64,
    max_bytes: u64,
    written: AtomicU64,
}

impl CodeStore {
    /// Opens `folder`, and makes it for its owner alone where it is missing.
    pub(super) fn open(folder: &Path, engine: &Engine, max_bytes: u64) -> Result<Self, RuntimeError> {
        private(folder).map_err(|reason| RuntimeError::CompileCache { path: folder.to_owned(), reason })?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { folder: folder.to_owned(), engine: hasher.finish(), max_bytes, written: AtomicU64::new(0) })
    }

    /// The code of the component with this hash, if it is there and sound. What is not sound is taken away.
    pub(super) fn load(&self, engine: &Engine, code_hash: &str) -> Option<Component> {
        let path = self.path(code_hash);
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => trustworthy(&found),
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => Err(error.to_string()),
        };
        let component = found.and_then(|()| {
            // SAFETY: the file is the owner's own, in a folder that only the owner writes to, where hosts put nothing but
            // what wasmtime serialized, each under a name of its own once it is whole; it is never written to again.
            unsafe { Component::deserialize_file(engine, &path) }.map_err(|error| format!("{error:#}"))
        });
        match component {
            Ok(component) => {
                // What was used last is what is removed last.
                let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
                Some(component)
            }
            Err(reason) => {
                let path = path.display();
                tracing::warn!(target: "wellhead::runtime", "compiled code {path} is of no use and is made anew: {reason}");
                let _ = fs::remove_file(self.path(code_hash));
                None
            }
        }
    }

    /// Keeps `code`. Where that fails the host goes on without, and says so.
    pub(super) fn keep(&self, code_hash: &str, code: &[u8]) {
        let path = self.path(code_hash);
        if let Err(error) = self.write(&path, code) {
            let path = path.display();
            tracing::warn!(target: "wellhead::runtime", "compiled code {path} is not kept: {error}");
        }
        if let Err(error) = self.shrink(&path) {
            let folder = self.folder.display();
            tracing::warn!(target: "wellhead::runtime", "the compile cache {folder} is not kept in bounds: {error}");
        }
    }

    fn path(&self, code_hash: &str) -> PathBuf {
        self.folder.join(format!("{code_hash}-{:016x}.{EXTENSION}", self.engine))
    }

    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        let count = self.written.fetch_add(1, Ordering::Relaxed);
        // Two hosts of one process are told apart by where they are.
        let unique = format!("{}-{:x}-{count}", std::process::id(), std::ptr::from_ref(self).addr());
        let new = self.folder.join(format!(".{unique}.tmp"));
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).and_then(|mut file| {
            file.write_all(code)?;
            // Or a power cut could leave a file of the right name and length with nothing in it.
            file.sync_all()?;
            fs::rename(&new, path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }

    /// Removes what was used longest ago until the folder is within its bound, but never `newest`; and what was left behind.
    fn shrink(&self, newest: &Path) -> io::Result<()> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            // Another host may have removed it since.
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            let used = metadata.modified()?;
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(EXTENSION) => kept.push((used, metadata.len(), path)),
                Some("tmp") if used.elapsed().is_ok_and(|age| age > LEFT_BEHIND) => gone(fs::remove_file(&path))?,
                _ => {}
            }
        }
        kept.sort();
        let mut bytes: u64 = kept.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, size, path) in kept.into_iter().filter(|(_, _, path)| path != newest) {
            if bytes <= self.max_bytes {
                break;
            }
            gone(fs::remove_file(&path))?;
            bytes = bytes.saturating_sub(size);
        }
        Ok(())
    }
}

/// Makes the folder, or sees that it is one that nobody else can put code into.
fn private(folder: &Path) -> Result<(), String> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let found = made.and_then(|()| fs::metadata(folder)).map_err(|error| error.to_string())?;
    let cure = "the host runs the code that is kept there, so nobody else may write to it";
    if found.uid() != geteuid().as_raw() {
        let (owner, own) = (found.uid(), geteuid().as_raw());
        return Err(format!("it belongs to user {owner}, and this host runs as {own}: {cure}: name another folder"));
    }
    if found.mode() & OTHERS_WRITE != 0 {
        let mode = found.mode() & 0o7777;
        return Err(format!(
            "others may write to it (mode {mode:o}): {cure}: empty it and `chmod 700` it, or name another"
        ));
    }
    Ok(())
}

/// A file from before the folder was private may be anybody's.
fn trustworthy(file: &Metadata) -> Result<(), String> {
    if !file.is_file() {
        return Err("it is not a file".into());
    }
    if file.uid() != geteuid().as_raw() || file.mode() & OTHERS_WRITE != 0 {
        return Err(format!("it is user {}'s, with mode {:o}", file.uid(), file.mode() & 0o7777));
    }
    Ok(())
}

/// Whether a file is gone, by whomever.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(folder: &Path, max_bytes: u64) -> CodeStore {
        CodeStore::open(folder, &Engine::default(), max_bytes).unwrap()
    }

    #[test]
    fn what_was_used_longest_ago_goes_first_and_what_was_just_made_never() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 250);
        for (name, age) in [("a", 30), ("b", 10), ("c", 20)] {
            store.write(&store.path(name), &[0; 100]).unwrap();
            let used = SystemTime::now() - Duration::from_secs(age);
            File::open(store.path(name)).unwrap().set_modified(used).unwrap();
        }
        store.keep("d", &[0; 100]);
        let there = |names: [&str; 4]| names.map(|name| store.path(name).exists());
        assert_eq!(there(["a", "b", "c", "d"]), [false, true, false, true]);
        store.keep("e", &[0; 1_000]);
        assert_eq!(there(["b", "d", "e", "e"]), [false, false, true, true]);
    }

    #[test]
    fn what_a_host_left_half_written_goes_after_a_while_and_what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 250);
        for (name, age) in [(".1-2-3.tmp", 3_700), (".4-5-6.tmp", 60), ("README", 3_700)] {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        store.keep("a", &[0; 10]);
        let left = [".1-2-3.tmp", ".4-5-6.tmp", "README"].map(|name| folder.path().join(name).exists());
        assert_eq!(left, [false, true, true]);
    }

    #[test]
    fn a_file_that_others_could_have_written_is_not_run() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let store = store(folder.path(), 1 << 20);
        let code = engine.precompile_component(&wat::parse_str("(component)").unwrap()).unwrap();
        store.keep("a", &code);
        assert!(store.load(&engine, "a").is_some());
        let mode = fs::metadata(store.path("a")).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        fs::set_permissions(store.path("a"), fs::Permissions::from_mode(0o622)).unwrap();
        assert!(store.load(&engine, "a").is_none());
        assert!(!store.path("a").exists());
    }
}
