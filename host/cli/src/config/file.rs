//! `wellhead.toml`: a table of settings, and tables of limits. Every fault in it is found at once, each with its line; a key nobody
//! knows is a fault, because a misspelt one would otherwise be a setting silently not made.

use super::limits::{LimitLine, Tables};
use super::{Fault, Key};
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The file's settings, as text: what they mean is read in the same way as a flag's or a variable's value.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// Where it was read from.
    pub(crate) path: PathBuf,
    values: Vec<(Key, usize, String)>,
    pub(super) limits: Vec<LimitLine>,
}

impl File {
    /// The value of a key and the line it stands in.
    pub(crate) fn get(&self, key: Key) -> Option<(usize, &str)> {
        self.values.iter().find(|(known, ..)| *known == key).map(|(_, line, value)| (*line, value.as_str()))
    }

    /// What the file says, and everything that is wrong with it.
    pub(crate) fn parse(path: &Path, text: &str) -> (Self, Vec<Fault>) {
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        let mut faults = Vec::new();
        let at = |line: usize| format!("{}:{line}", path.display());
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            faults.push(Fault::new(at(line), error.message()));
        }
        let mut tables = Vec::new();
        for (key, value) in table.into_inner() {
            let (offset, line) = (key.span().start, line_of(text, key.span().start));
            let name = key.into_inner();
            if Tables::are_named(&name) {
                tables.push((name, offset, value.into_inner()));
                continue;
            }
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
                    let cure = match key {
                        Key::Plugins => {
                            "write plugins = \"…\" for the folder, and [plugin.ID.limits] for a plugin's limits"
                                .to_owned()
                        }
                        _ => format!("write {name} = \"…\""),
                    };
                    faults.push(Fault::new(at(line), problem).cure(cure));
                }
            }
        }
        let mut reader = Tables::new(path, text, &mut faults);
        for (name, offset, value) in &tables {
            reader.read(name, *offset, value);
        }
        file.limits = reader.finish();
        (file, faults)
    }
}

/// The line, from 1, in which a byte stands.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
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
                "w.toml:3: unknown key \"listen-on\": the keys are listen, tls-cert, tls-key, behind-proxy, insecure, cors-origin, anonymous-viewer, data, master-key, plugins, provisioning, grant-origins, auto-reload, plugin-poll, plugin-control, log-level, log-format, and the tables [limits], [plugin.ID.limits] and [data-source.UID.limits]"
            ]
        );
    }

    #[test]
    fn every_fault_is_found_at_once() {
        let faults = faults("listen = 3000\nport = 1\n[limits]\nmemory = 5\n");
        let mut lines: Vec<&str> = faults.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
        lines.sort_unstable();
        assert_eq!(lines, ["w.toml:1", "w.toml:2", "w.toml:4"], "{faults:?}");
    }

    #[test]
    fn a_limit_is_read_for_whom_it_is_meant() {
        let text = "[limits]\ncall-deadline = \"5s\"\nreplicas = 2\n[plugin.loki.limits]\nmemory = \"1GiB\"\n\
                    [data-source.big]\norg = 2\nlimits.memory = \"2GiB\"\n";
        let (file, faults) = File::parse(Path::new("w.toml"), text);
        assert_eq!(faults, []);
        let limited = super::super::Limited::of(&file);
        assert_eq!(limited.all.plugins.call_deadline.as_secs(), 5);
        assert_eq!(limited.all.plugins.replicas, 2);
        let exceptions: Vec<String> = limited
            .exceptions()
            .iter()
            .map(|(scope, origin, own)| format!("{scope:?} {origin} {:?}", own.memory_bytes.unwrap() >> 30))
            .collect();
        assert_eq!(exceptions, ["Plugin(\"loki\") w.toml:5 1", "DataSource { org_id: 2, uid: \"big\" } w.toml:8 2"]);
    }

    #[test]
    fn every_fault_in_a_limit_names_its_line_the_value_and_what_is_right() {
        let text = "limits.memory = \"256\"\nlimits.drian = \"1s\"\nlimits.replicas = \"2\"\nlimits.crashes = 1.5\n\
                    [plugin.p.limits]\nwasm-size = \"1MiB\"\n[plugin.q]\nmemory = \"1MiB\"\n[data-source.d]\norg = 0\nlimits = 5\n";
        let mut faults = faults(text);
        faults.sort_by_key(|fault| fault.split(':').nth(1).unwrap().parse::<u32>().unwrap());
        insta::assert_snapshot!(faults.join("\n"));
    }

    #[test]
    fn a_syntax_error_names_its_line_and_spares_the_rest() {
        let (file, faults) = File::parse(Path::new("w.toml"), "data = \nplugins = \"p\"\n");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].place, "w.toml:1");
        assert_eq!(file.get(Key::Plugins), Some((2, "p")));
    }
}
