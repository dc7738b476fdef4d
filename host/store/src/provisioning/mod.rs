//! Grafana's provisioning files for data sources: `apiVersion: 1, datasources: [...]`, read as Grafana reads them and
//! applied to a store as Grafana applies them.
//!
//! Reading collects every problem of every file instead of stopping at the first, so that `wellhead config check`
//! shows them all. Whether a data source's type is a plugin that exists is for the caller to check.

mod apply;
mod entry;
mod expand;
mod file;
mod fingerprint;
mod plan;
mod problem;
mod provisioner;
mod settling;
mod values;

pub use apply::{Applied, ApplyError};
pub use problem::{Problem, ProvisioningError};
pub use provisioner::Provisioner;

use crate::DataSource;
use entry::Described;
use expand::Expander;
use file::File;
use fingerprint::{Fingerprint, yaml_files};
use problem::Place;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use values::{Outcome, Reading};

/// What a folder of provisioning files says.
#[derive(Clone, Debug, Default)]
pub struct Provisioning {
    /// In the order of file names, then of the file.
    entries: Vec<Entry>,
    /// What `deleteDatasources` names: to be deleted, unless a file describes it all the same.
    pub deletions: Vec<Deletion>,
    /// What was read past: unknown keys, variables that are not set.
    pub warnings: Vec<Problem>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// A data source to be, and where a file says so.
#[derive(Clone, Debug)]
struct Entry {
    source: DataSource,
    /// False where the uid is derived from the name, because the file names none.
    uid_given: bool,
    place: Place,
}

/// A data source not to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// Its org.
    pub org_id: i64,
    /// Its name.
    pub name: String,
}

impl Provisioning {
    /// Reads every `*.yaml` and `*.yml` in `folder` and in its sub-folder `datasources` (Grafana's layout), expanding
    /// `$VAR` and `${VAR}` from the process's environment. Blocks.
    ///
    /// # Errors
    /// [`ProvisioningError`] with all that is wrong in any of the files.
    pub fn read(folder: &Path) -> Result<Self, ProvisioningError> {
        Self::read_with(folder, &|name| std::env::var(name).ok())
    }

    /// As [`Provisioning::read`], with variables looked up in `environment`.
    ///
    /// # Errors
    /// [`ProvisioningError`] with all that is wrong in any of the files.
    pub fn read_with(folder: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, ProvisioningError> {
        Self::read_noting(folder, environment).0
    }

    /// As [`Provisioning::read_with`], with what exactly was read, good or not.
    fn read_noting(
        folder: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> (Result<Self, ProvisioningError>, Fingerprint) {
        let mut reader = Reader::new(environment);
        match yaml_files(folder) {
            Ok(files) => files.iter().for_each(|file| reader.read(file)),
            Err((folder, error)) => {
                reader.fingerprint.unlisted = Some(error.kind());
                let reason = format!("the folder cannot be read: {error}; create it, or name another one");
                reader.problems.push(Place::new(&folder, None).problem(reason));
            }
        }
        reader.finish()
    }

    /// The data sources that the files describe. One without a uid has the one it gets if it is new.
    pub fn data_sources(&self) -> impl ExactSizeIterator<Item = &DataSource> {
        self.entries.iter().map(|entry| &entry.source)
    }
}

/// Reads one file after the other, keeping what must be unique across them.
struct Reader<'a> {
    expander: Expander<'a>,
    read: Provisioning,
    problems: Vec<Problem>,
    fingerprint: Fingerprint,
    /// What each org has under a unique key already, and where it stands.
    taken: HashMap<(i64, &'static str, String), Place>,
}

impl<'a> Reader<'a> {
    fn new(environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            expander: Expander::new(environment),
            read: Provisioning::default(),
            problems: Vec::new(),
            fingerprint: Fingerprint::default(),
            taken: HashMap::new(),
        }
    }

    fn read(&mut self, path: &Path) {
        self.read.files.push(path.to_owned());
        let file = match self.load(path) {
            Ok(file) => file,
            Err(problem) => return self.problems.push(problem),
        };
        for key in file.unknown_keys() {
            self.read.warnings.push(Place::new(path, None).key(key).problem("unknown key, ignored"));
        }
        if let Err(problem) = file.check_version(path) {
            return self.problems.push(problem);
        }
        let top = Place::new(path, None);
        let mut reading = Reading::new(&mut self.expander, &top, "");
        let prune = reading.flag("prune", file.prune);
        let prune = reading.finish(prune);
        let prune = self.outcome(prune).unwrap_or_default();
        for (index, goner) in file.delete_datasources.unwrap_or_default().into_iter().enumerate() {
            let place = Place::new(path, Some(goner.referenced.line()));
            let reading = Reading::new(&mut self.expander, &place, format!("deleteDatasources[{index}]"));
            let deletion = reading.deletion(goner.value);
            let deletion = self.outcome(deletion);
            self.read.deletions.extend(deletion);
        }
        for (index, entry) in file.datasources.unwrap_or_default().into_iter().enumerate() {
            let place = Place::new(path, Some(entry.referenced.line()));
            let reading = Reading::new(&mut self.expander, &place, format!("datasources[{index}]"));
            let described = reading.data_source(entry.value, prune);
            if let Some(described) = self.outcome(described) {
                self.accept(described, place);
            }
        }
    }

    fn load(&mut self, path: &Path) -> Result<File, Problem> {
        let text = self.fingerprint.files.read(path);
        File::parse(path, &text.map_err(|reason| Place::new(path, None).problem(reason))?)
    }

    fn outcome<T>(&mut self, outcome: Outcome<T>) -> Option<T> {
        self.read.warnings.extend(outcome.warnings);
        self.problems.extend(outcome.problems);
        outcome.item
    }

    fn accept(&mut self, described: Described, place: Place) {
        let Described { source, uid_given } = described;
        let default = source.is_default.then(|| ("isDefault", "true".to_owned()));
        let unique = [("uid", source.uid.clone()), ("name", source.name.clone())];
        for (key, value) in unique.into_iter().chain(default) {
            let slot = (source.org_id, key, value);
            if let Some(first) = self.taken.get(&slot) {
                let cure = if key == "isDefault" { "an org has one default" } else { "give each its own" };
                let reason = format!("org {} has {:?} already, at {first}: {cure}", slot.0, slot.2);
                self.problems.push(place.key(key).problem(reason));
            } else {
                self.taken.insert(slot, place.clone());
            }
        }
        self.read.entries.push(Entry { source, uid_given, place });
    }

    fn finish(self) -> (Result<Provisioning, ProvisioningError>, Fingerprint) {
        let fingerprint = Fingerprint { included: self.expander.into_included(), ..self.fingerprint };
        let problems = self.problems;
        let read = if problems.is_empty() { Ok(self.read) } else { Err(ProvisioningError { problems }) };
        (read, fingerprint)
    }
}

#[cfg(test)]
mod tests;
