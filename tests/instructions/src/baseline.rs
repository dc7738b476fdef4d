//! The figures that a run is compared with: a file in the repository, which changes with the code that is to cost more.

use crate::Counted;
use crate::made_with::MadeWith;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

const HEAD: &str = "\
# Instructions of one repetition of each hot path. `make test` fails where one takes over 5 % more.
# `make instructions-baseline` writes this file.

";

/// Of a baseline that is not there, or is none.
pub(crate) const CURE: &str = "run `make instructions-baseline` in the repository's folder, which writes it";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Baseline {
    pub(crate) made_with: MadeWith,
    /// By path.
    pub(crate) instructions: BTreeMap<String, u64>,
}

impl Baseline {
    pub(crate) fn new(made_with: MadeWith, counted: &[Counted]) -> Self {
        let instructions = counted.iter().map(|counted| (counted.path.name.clone(), counted.instructions)).collect();
        Self { made_with, instructions }
    }

    /// With the figures of `others` for what it has none of.
    pub(crate) fn with(mut self, others: Option<Self>) -> Result<Self> {
        let Some(others) = others else { return Ok(self) };
        let differences = others.made_with.differences(&self.made_with);
        if !differences.is_empty() {
            bail!("the other figures were made with something else; write all of them: {}", differences.join(", "));
        }
        for (name, instructions) in others.instructions {
            self.instructions.entry(name).or_insert(instructions);
        }
        Ok(self)
    }

    /// What the file says, where it is there.
    pub(crate) fn read(file: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", file.display()))?,
        };
        let read = toml::from_str(&text);
        read.map(Some).with_context(|| format!("{} is no baseline: {CURE}", file.display()))
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        fs::write(file, self.text()?).with_context(|| format!("cannot write {}", file.display()))
    }

    fn text(&self) -> Result<String> {
        Ok(HEAD.to_owned() + &toml::to_string(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(figures: &[(&str, u64)]) -> Baseline {
        let instructions = figures.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect();
        Baseline { made_with: MadeWith::here("3.19.0".into()), instructions }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = baseline(&[("frame/json", 7), ("frame/decode", 1 << 40)]);
        let text = written.text().unwrap();
        assert!(text.contains("\"frame/json\" = 7\n"), "{text}");
        assert_eq!(toml::from_str::<Baseline>(&text).unwrap(), written);
    }

    #[test]
    fn figures_of_some_paths_take_the_place_of_theirs_alone() {
        let renewed = baseline(&[("a", 2)]).with(Some(baseline(&[("a", 1), ("b", 1)]))).unwrap();
        assert_eq!(renewed, baseline(&[("a", 2), ("b", 1)]));
        let old = Baseline { made_with: MadeWith::here("3.18.0".into()), ..renewed };
        let error = baseline(&[("a", 2)]).with(Some(old)).unwrap_err().to_string();
        assert!(error.contains("write all of them") && error.contains("3.18.0"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_baseline_is_named_with_the_cure() {
        assert_eq!(Baseline::read(Path::new("no/such/baseline.toml")).unwrap(), None);
        let error = format!("{:#}", Baseline::read(Path::new("Cargo.toml")).unwrap_err());
        assert!(error.contains("Cargo.toml is no baseline") && error.contains("make instructions-baseline"), "{error}");
    }
}
