//! The program that callgrind runs, and what paths it has.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = "wellhead-hot-paths";

/// As `wellhead-hot-paths list` tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HotPath {
    pub(crate) name: String,
    pub(crate) repetitions: u64,
    pub(crate) repetition: String,
}

/// The program, and the folder it is in.
pub(crate) struct HotPaths {
    folder: PathBuf,
}

impl HotPaths {
    /// cargo leaves both programs in one folder.
    pub(crate) fn beside_this_program() -> Result<Self> {
        let this = std::env::current_exe().context("cannot find this program")?;
        let folder = this.parent().unwrap_or(Path::new("/")).to_owned();
        if !folder.join(PROGRAM).is_file() {
            bail!("{PROGRAM} is not in {}: run `make instructions`, which builds it", folder.display());
        }
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// From the folder, so that the program is called the same wherever the repository is: arguments lie on the stack,
    /// and where the stack begins shifts what is copied to and from it.
    pub(crate) fn program(&self) -> String {
        format!("./{PROGRAM}")
    }

    /// The paths of these names, or all.
    pub(crate) fn named(&self, names: &[String]) -> Result<Vec<HotPath>> {
        let listed = Command::new(self.folder.join(PROGRAM)).arg("list").output();
        let listed = listed.with_context(|| format!("cannot start {PROGRAM}"))?;
        let all = parse(&String::from_utf8(listed.stdout).context("the list of hot paths is no text")?)?;
        if let Some(unknown) = names.iter().find(|name| all.iter().all(|path| path.name != **name)) {
            let known: Vec<_> = all.iter().map(|path| path.name.as_str()).collect();
            bail!("no hot path is called {unknown:?}; there are {}", known.join(", "));
        }
        Ok(all.into_iter().filter(|path| names.is_empty() || names.contains(&path.name)).collect())
    }
}

fn parse(list: &str) -> Result<Vec<HotPath>> {
    let line = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        let (Some(name), Some(repetitions), Some(repetition)) = (parts.next(), parts.next(), parts.next()) else {
            bail!("a hot path is listed as {line:?}: name, repetitions and repetition are expected, with tabs between");
        };
        let repetitions = repetitions.parse().ok().filter(|repetitions| *repetitions > 0);
        let repetitions = repetitions.with_context(|| format!("{name} is not repeated a number of times"))?;
        Ok(HotPath { name: name.to_owned(), repetitions, repetition: repetition.to_owned() })
    };
    list.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_of_each_path_how_often_what_is_repeated() {
        let path = |name: &str, repetitions, repetition: &str| HotPath {
            name: name.to_owned(),
            repetitions,
            repetition: repetition.to_owned(),
        };
        let listed = parse("a/b\t10\tone, two\nc/d\t1\tthe same\n").unwrap();
        assert_eq!(listed, [path("a/b", 10, "one, two"), path("c/d", 1, "the same")]);
    }

    #[test]
    fn a_path_that_is_never_repeated_cannot_be_counted() {
        for list in ["a/b\t0\tnothing", "a/b\tmany\tthings", "a/b\t7"] {
            assert!(parse(list).unwrap_err().to_string().contains("a/b"), "{list:?}");
        }
    }
}
