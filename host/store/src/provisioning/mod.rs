//! Grafana's provisioning files for data sources: `apiVersion: 1, datasources: [...]`, read as Grafana reads them.
//!
//! Reading collects every problem of every file instead of stopping at the first, so that `wellhead config check`
//! shows them all. Whether a data source's type is a plugin that exists is for the caller to check.

mod entry;
mod expand;
mod file;
mod problem;

pub use problem::{Problem, ProvisioningError};

use crate::DataSource;
use expand::Expander;
use problem::Place;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Provisioning files are written by hand: larger ones are a mistake.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// What a folder of provisioning files says.
#[derive(Clone, Debug, Default)]
pub struct Provisioning {
    /// In the order of file names, then of the file.
    pub data_sources: Vec<DataSource>,
    /// What was read past: unknown keys, variables that are not set.
    pub warnings: Vec<Problem>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

impl Provisioning {
    /// Reads every `*.yaml` and `*.yml` in `folder` and in its sub-folder `datasources` (Grafana's layout), expanding
    /// `$VAR` and `${VAR}` from the process's environment.
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
        let mut reader = Reader::new(environment);
        match yaml_files(folder) {
            Ok(files) => files.iter().for_each(|file| reader.read(file)),
            Err(problem) => reader.problems.push(problem),
        }
        reader.finish()
    }
}

/// Reads one file after the other, keeping what must be unique across them.
struct Reader<'a> {
    expander: Expander<'a>,
    read: Provisioning,
    problems: Vec<Problem>,
    /// What each org has under a unique key already, and where it stands.
    taken: HashMap<(i64, &'static str, String), Place>,
}

impl<'a> Reader<'a> {
    fn new(environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            expander: Expander::new(environment),
            read: Provisioning::default(),
            problems: Vec::new(),
            taken: HashMap::new(),
        }
    }

    fn read(&mut self, path: &Path) {
        self.read.files.push(path.to_owned());
        let file = match load(path) {
            Ok(file) => file,
            Err(problem) => return self.problems.push(problem),
        };
        for (key, note) in file.unknown_keys() {
            self.read.warnings.push(Place::new(path, None).key(key).problem(note));
        }
        if let Err(problem) = file.check_version(path) {
            return self.problems.push(problem);
        }
        for (index, entry) in file.datasources.unwrap_or_default().into_iter().enumerate() {
            let place = Place::new(path, Some(entry.referenced.line()));
            let outcome = entry::Reading::new(&mut self.expander, &place, index).data_source(entry.value);
            self.read.warnings.extend(outcome.warnings);
            self.problems.extend(outcome.problems);
            if let Some(source) = outcome.data_source {
                self.accept(source, place);
            }
        }
    }

    fn accept(&mut self, source: DataSource, place: Place) {
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
        self.read.data_sources.push(source);
    }

    fn finish(self) -> Result<Provisioning, ProvisioningError> {
        if self.problems.is_empty() { Ok(self.read) } else { Err(ProvisioningError { problems: self.problems }) }
    }
}

fn load(path: &Path) -> Result<file::File, Problem> {
    let unreadable = |error: std::io::Error| Place::new(path, None).problem(format!("cannot be read: {error}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_FILE_BYTES {
        let reason = format!("has {size} bytes, {MAX_FILE_BYTES} are allowed: split it");
        return Err(Place::new(path, None).problem(reason));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    file::File::parse(path, &text)
}

/// The YAML files of `folder` and of its sub-folder `datasources`, by name.
fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let mut files = yaml_files_in(folder)?;
    let datasources = folder.join("datasources");
    if datasources.is_dir() {
        files.extend(yaml_files_in(&datasources)?);
    }
    Ok(files)
}

fn yaml_files_in(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |error: std::io::Error| {
        Place::new(folder, None).problem(format!("the folder cannot be read: {error}; create it, or name another one"))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if is_yaml && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
