//! Puts bytes in the place of the plugin's file, as people and tools do.

use super::plan::Way;
use anyhow::Result;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many writes overwriting takes.
const WRITES: usize = 4;
/// Between two of them.
const APART: Duration = Duration::from_millis(3);

/// The file as it was placed.
pub(super) struct Placed {
    /// When it was renamed or closed; of one that is kept open, when the last byte was written.
    pub(super) at: Instant,
    /// Held open: a writer that stopped midway has not closed it.
    pub(super) _open: Option<File>,
}

/// Puts `wasm` there. One that stays open is written in place, whatever `way` says.
pub(super) async fn place(path: &Path, wasm: &[u8], way: Way, stays_open: bool) -> Result<Placed> {
    if way == Way::Rename && !stays_open {
        let beside = path.with_file_name(".soak.new");
        fs::write(&beside, wasm)?;
        let at = Instant::now();
        fs::rename(&beside, path)?;
        return Ok(Placed { at, _open: None });
    }
    let mut file = File::create(path)?;
    for part in wasm.chunks(wasm.len().div_ceil(WRITES).max(1)) {
        tokio::time::sleep(APART).await;
        file.write_all(part)?;
    }
    let at = Instant::now();
    Ok(Placed { at, _open: stays_open.then_some(file) })
}
