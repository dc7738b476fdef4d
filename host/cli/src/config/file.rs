//! `wellhead.toml`: a flat table of settings. Every fault in it is found at once, each with its line; a key nobody
//! knows is a fault, because a misspelt one would otherwise be a setting silently not made.

use super::{Fault, Key};
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The file's settings, as text: what they mean is read in the same way as a flag's or a variable's value.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// Where it was read from.
    pub(crate) path: PathBuf,
    values: Vec<(Key, usize, String)>,
}

impl File {
    /// The value of a key and the line it stands in.
    pub(crate) fn get(&self, key: Key) -> Option<(usize, &str)> {
        self.values.iter().find(|(known, ..)| *known == key).map(|(_, line, value)| (*line, value.as_str()))
    }

    /// What the file says, and everything that is wrong with it.
    pub(crate) fn parse(path: &Path, text: &str) -> (Self, Vec<Fault>) {
        let mut file = Self { path: path.to_owned(), values: Vec::new() };
        let mut faults = Vec::new();
        let at = |line: usize| format!("{}:{line}", path.display());
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            faults.push(Fault::new(at(line), error.message()));
        }
        for (key, value) in table.into_inner() {
            let line = line_of(text, key.span().start);
            let name = key.into_inner();
            let Some(key) = Key::named(&name) else {
                let known = Key::names();
                faults
                    .push(Fault::new(at(line), format!("unknown key {name:?}")).cure(format!("the keys are {known}")));
                continue;
            };
            match value.into_inner() {
                DeValue::String(text) => file.values.push((key, line, text.into_owned())),
                // What could not be parsed was reported above and left a hole of some other type.
                _ if faults.iter().any(|fault| fault.place == at(line)) => {}
                other => {
                    let problem = format!("{name} is {}, not a string", other.type_str());
                    faults.push(Fault::new(at(line), problem).cure(format!("write {name} = \"…\"")));
                }
            }
        }
        (file, faults)
    }
}

/// The line, from 1, in which a byte stands.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count().saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        File::parse(Path::new("w.toml"), text).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let faults = faults("listen = \"127.0.0.1:1\"\n\nlisten-on = \"x\"\n");
        assert_eq!(
            faults,
            [
                "w.toml:3: unknown key \"listen-on\": the keys are listen, data, plugins, provisioning, grant-origins, log-level, log-format"
            ]
        );
    }

    #[test]
    fn every_fault_is_found_at_once() {
        let faults = faults("listen = 3000\nport = 1\n[limits]\nmemory = 5\n");
        let mut lines: Vec<&str> = faults.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
        lines.sort_unstable();
        assert_eq!(lines, ["w.toml:1", "w.toml:2", "w.toml:3"], "{faults:?}");
    }

    #[test]
    fn a_syntax_error_names_its_line_and_spares_the_rest() {
        let (file, faults) = File::parse(Path::new("w.toml"), "data = \nplugins = \"p\"\n");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].place, "w.toml:1");
        assert_eq!(file.get(Key::Plugins), Some((2, "p")));
    }
}
