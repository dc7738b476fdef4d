//! What tests of several crates share: where the built guests and other people's fixtures are, and ways to spoil bytes.

mod change;
mod random;

pub use change::Change;
pub use random::Random;

use std::path::{Path, PathBuf};

/// The folder of `NAME.wasm` files that `make plugins` leaves.
///
/// # Panics
/// Where it was not built: tests do not build guests themselves, as each would wait for the others.
pub fn plugins() -> PathBuf {
    let folder = workspace().join("target/plugins");
    assert!(folder.is_dir(), "{} is not there: run `make plugins` first", folder.display());
    folder
}

/// The file of one built guest: a plugin of `plugins/`, an example, or `hostile`.
///
/// # Panics
/// Where it was not built.
pub fn guest(name: &str) -> PathBuf {
    let beside = workspace().join("target/guests").join(format!("{name}.wasm"));
    let file = plugins().join(format!("{name}.wasm"));
    let found = [file, beside].into_iter().find(|file| file.is_file());
    assert!(found.is_some(), "guest {name} is not built: run `make plugins` first");
    found.unwrap_or_default()
}

/// Fixtures written by others, where this machine has them (`WELLHEAD_FIXTURES`, else `../shared/fixtures`).
pub fn fixtures() -> Option<PathBuf> {
    let named = std::env::var_os("WELLHEAD_FIXTURES").map(PathBuf::from);
    Some(named.unwrap_or_else(|| workspace().join("../shared/fixtures"))).filter(|folder| folder.is_dir())
}

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
