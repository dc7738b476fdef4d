//! A file that is there whole or not at all.

use crate::ComponentError;
use std::io::Write;
use std::path::Path;
use tempfile::Builder;

/// Writes `bytes` as `path`, which is replaced at once by the whole of it: a host that follows the folder never sees
/// half a file.
///
/// # Errors
/// [`ComponentError::Write`]; then `path` is as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ComponentError> {
    let failed = |error| ComponentError::Write { path: path.to_owned(), error };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Not *.wasm: hosts that follow the folder load those.
    let mut builder = Builder::new();
    builder.prefix(".wellhead-pack-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_others_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wasm");
        for bytes in [&b"first"[..], b"second"] {
            write_atomically(&path, bytes).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let made = folder.path().join("as-everybody-makes-them");
            std::fs::write(&made, "").unwrap();
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode(&path), mode(&made));
        }
    }

    #[test]
    fn a_folder_that_takes_no_files_is_named() {
        let error = write_atomically(Path::new("/proc/x.wasm"), b"").unwrap_err().to_string();
        assert!(error.starts_with("cannot write /proc/x.wasm: "), "{error}");
    }
}
