//! A file that is there whole or not at all.

use crate::ComponentError;
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::Builder;

/// Writes `bytes` as `path`, which is replaced at once by the whole of it: a host that follows the folder never sees
/// half a file. Where `path` is a link, what it leads to is replaced; what is no file, such as `/dev/stdout`, is written to.
///
/// # Errors
/// [`ComponentError::Write`]; then a file is as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ComponentError> {
    let failed = |error| ComponentError::Write { path: path.to_owned(), error };
    let target = match fs::metadata(path) {
        Ok(found) if !found.is_file() => return fs::write(path, bytes).map_err(failed),
        Ok(_) => fs::canonicalize(path).map_err(failed)?,
        // Not there, or not to be looked at: writing it tells.
        Err(_) => path.to_owned(),
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Not *.wasm: hosts that follow the folder load those.
    let mut builder = Builder::new();
    builder.prefix(".wellhead-pack-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&target).map_err(|error| failed(error.error))?;
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
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let made = folder.path().join("as-everybody-makes-them");
            fs::write(&made, "").unwrap();
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode(&path), mode(&made));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_what_is_no_file_is_written_to() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("deep")).unwrap();
        fs::write(at("deep/x.wasm"), "old").unwrap();
        std::os::unix::fs::symlink("deep/x.wasm", at("link")).unwrap();
        write_atomically(&at("link"), b"new").unwrap();
        assert!(at("link").is_symlink());
        assert_eq!(fs::read(at("deep/x.wasm")).unwrap(), b"new");

        let pipe = at("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Both ends, so that nobody waits for the other.
        let mut both = fs::File::options().read(true).write(true).open(&pipe).unwrap();
        write_atomically(&pipe, b"new").unwrap();
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        let mut came = [0; 3];
        std::io::Read::read_exact(&mut both, &mut came).unwrap();
        assert_eq!(&came, b"new");
        assert!(write_atomically(folder.path(), b"").unwrap_err().to_string().contains("directory"));
    }

    #[test]
    fn a_folder_that_takes_no_files_is_named() {
        let error = write_atomically(Path::new("/proc/x.wasm"), b"").unwrap_err().to_string();
        assert!(error.starts_with("cannot write /proc/x.wasm: "), "{error}");
    }
}
