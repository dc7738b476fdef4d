//! Callgrind: which one there is, and how many instructions it counts.

use crate::hot_paths::{HotPath, HotPaths};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The function of `wellhead-hot-paths` that is counted, however its compiler mangles names.
const COUNTED: &str = "wellhead_hot_paths::counted*";

/// What glibc is told not to use. It copies memory in a way that fits the CPU; so it copies in one way on all of them. And
/// `rep movsb`, which it likes best, is one instruction a byte to callgrind.
const PLAIN_LIBC: &str = "glibc.cpu.hwcaps=-ERMS,-FSRM,-AVX2,-AVX_Fast_Unaligned_Load";

pub(crate) struct Callgrind {
    valgrind: PathBuf,
    profiles: PathBuf,
}

impl Callgrind {
    /// That of the `PATH`. It is to leave its profiles in the folder `profiles`.
    pub(crate) fn find(profiles: &Path) -> Result<Self> {
        let folders = env::var_os("PATH").unwrap_or_default();
        let valgrind = env::split_paths(&folders).map(|folder| folder.join("valgrind")).find(|file| file.is_file());
        let valgrind = valgrind.context("valgrind is not there: run `make instructions`, which installs it")?;
        fs::create_dir_all(profiles).with_context(|| format!("cannot make {}", profiles.display()))?;
        Ok(Self { valgrind, profiles: std::path::absolute(profiles)? })
    }

    /// Such as `3.19.0`.
    pub(crate) fn version(&self) -> Result<String> {
        let said = Command::new(&self.valgrind).arg("--version").output().context("cannot start valgrind")?;
        let said = String::from_utf8_lossy(&said.stdout);
        Ok(said.trim().trim_start_matches("valgrind-").to_owned())
    }

    /// The instructions of one repetition.
    pub(crate) fn count(&self, program: &HotPaths, path: &HotPath) -> Result<u64> {
        let profile = profile(&self.profiles, path);
        let mut command = Command::new(&self.valgrind);
        command.args(["-q", "--vgdb=no", "--tool=callgrind", &format!("--toggle-collect={COUNTED}")]);
        command.arg(format!("--callgrind-out-file={}", profile.display()));
        command.args([&program.program(), "run", &path.name]).current_dir(program.folder());
        // Nothing of whoever runs this: the environment lies on the stack, too, and some of it changes what is done.
        command.env_clear().env("GLIBC_TUNABLES", PLAIN_LIBC);
        let ended = command.output().context("cannot start valgrind")?;
        if !ended.status.success() {
            bail!("{}: {}", ended.status, String::from_utf8_lossy(&ended.stderr).trim());
        }
        let said = fs::read_to_string(&profile).with_context(|| format!("cannot read {}", profile.display()))?;
        let total = total(&said).with_context(|| format!("{}", profile.display()))?;
        Ok(total / path.repetitions)
    }
}

/// Where the profile of a path is.
pub(crate) fn profile(folder: &Path, path: &HotPath) -> PathBuf {
    folder.join(format!("{}.callgrind", path.name.replace('/', "-")))
}

/// All instructions of a profile.
fn total(profile: &str) -> Result<u64> {
    let line = |key: &str| profile.lines().find_map(|line| line.strip_prefix(key));
    let events = line("events:").context("it names no events")?;
    let column = events.split_whitespace().position(|event| event == "Ir");
    let column = column.with_context(|| format!("it counts {} and no instructions", events.trim()))?;
    let totals = line("totals:").context("it has no totals: did the program end early?")?;
    let total = totals.split_whitespace().nth(column).and_then(|total| total.parse().ok());
    match total.with_context(|| format!("its totals are {}", totals.trim()))? {
        0 => bail!("nothing was counted: there is no function {COUNTED}, or it is inlined"),
        total => Ok(total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_that_of_instructions_whatever_else_was_counted() {
        assert_eq!(total("version: 1\nevents: Ir\n\nfn=(1)\n1 5\n\ntotals: 5321790\n").unwrap(), 5_321_790);
        assert_eq!(total("events: Bc Ir Bi\nsummary: 1 2 3\ntotals: 10 20 30\n").unwrap(), 20);
    }

    #[test]
    fn a_profile_without_a_count_is_an_error_and_not_a_cheap_path() {
        for (profile, said) in [
            ("", "names no events"),
            ("events: Dr\ntotals: 5\n", "Dr and no instructions"),
            ("events: Ir\n", "did the program end early"),
            ("events: Ir\ntotals:\n", "its totals are"),
            ("events: Ir\ntotals: 0\n", "nothing was counted"),
        ] {
            let error = total(profile).unwrap_err().to_string();
            assert!(error.contains(said), "{profile:?}: {error}");
        }
    }
}
