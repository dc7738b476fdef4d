//! Imports and exports in words, and which imports a host serves.

use serde::Serialize;

/// An interface that a component imports or exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Interface {
    /// Its full name, such as `wellhead:plugin/fetch@0.1.0`.
    pub name: String,
    /// What the plugin does with it, in words; empty where there is nothing to say of it.
    pub words: &'static str,
    /// Whether a host has it (an import), or calls it (an export).
    pub known: bool,
}

/// Packages that a host links, with the versions it links; 0.1 stands for 0.1.x.
const SERVED: [(&str, &[&str]); 8] = [
    ("wellhead:plugin", &["0.1"]),
    ("wasi:cli", &["0.2", "0.3"]),
    ("wasi:clocks", &["0.2", "0.3"]),
    ("wasi:filesystem", &["0.2", "0.3"]),
    ("wasi:http", &["0.2", "0.3"]),
    ("wasi:io", &["0.2"]),
    ("wasi:random", &["0.2", "0.3"]),
    ("wasi:sockets", &["0.2", "0.3"]),
];

/// What an import means, by package and interface.
const IMPORTS: [(&str, &str); 22] = [
    ("wellhead:plugin/log", "logs through the host"),
    ("wellhead:plugin/metrics", "counts and measures"),
    ("wellhead:plugin/cache", "keeps things in the host's cache"),
    ("wellhead:plugin/fetch", "asks HTTP by the contract's fetch"),
    ("wellhead:plugin/net", "opens byte connections"),
    ("wellhead:plugin/types", "the contract's types"),
    ("wasi:http/outgoing-handler", "asks HTTP by wasi:http"),
    ("wasi:http/handler", "asks HTTP by wasi:http"),
    ("wasi:http/client", "asks HTTP by wasi:http"),
    ("wasi:http/types", "types of HTTP"),
    ("wasi:clocks/wall-clock", "reads the clock"),
    ("wasi:clocks/system-clock", "reads the clock"),
    ("wasi:clocks/monotonic-clock", "measures time and waits"),
    ("wasi:clocks/", "types of time"),
    ("wasi:random/", "takes random numbers"),
    ("wasi:cli/environment", "reads the environment, which is empty"),
    ("wasi:cli/stdout", "writes lines, which are logged"),
    ("wasi:cli/stderr", "writes lines, which are logged"),
    ("wasi:cli/", "the process, which is linked but empty"),
    ("wasi:filesystem/", "the file system, which is linked but empty"),
    ("wasi:sockets/", "sockets, which are linked but refuse everything"),
    ("wasi:io/", "waits and streams of WASI 0.2"),
];

/// What an export means, by package and interface.
const EXPORTS: [(&str, &str); 3] = [
    ("wellhead:plugin/datasource", "answers queries and health checks"),
    ("wellhead:plugin/resources", "answers resource calls"),
    ("wellhead:plugin/streaming", "feeds live channels"),
];

impl Interface {
    pub(super) fn import(name: &str) -> Self {
        let words = words(&IMPORTS, name);
        Self { name: name.to_owned(), words, known: is_served(name) }
    }

    pub(super) fn export(name: &str) -> Self {
        let words = words(&EXPORTS, name);
        Self { name: name.to_owned(), words, known: !words.is_empty() && is_served(name) }
    }
}

/// A name's words; an entry that ends with `/` speaks for what is left of its package.
fn words(known: &[(&str, &'static str)], name: &str) -> &'static str {
    let (path, _) = parts(name);
    let mut fitting =
        known.iter().filter(|(entry, _)| path == *entry || entry.ends_with('/') && path.starts_with(entry));
    fitting.next().map_or("", |(_, words)| words)
}

fn is_served(name: &str) -> bool {
    let (path, version) = parts(name);
    let package = path.split('/').next().unwrap_or_default();
    let linked = SERVED.iter().find(|(served, _)| *served == package).map_or(&[][..], |(_, versions)| versions);
    linked.iter().any(|minor| version.strip_prefix(minor).is_some_and(|patch| patch.starts_with('.')))
}

/// `wasi:http/types@0.3.0` as `wasi:http/types` and `0.3.0`.
fn parts(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_served_by_package_and_minor_version() {
        for (name, served) in [
            ("wellhead:plugin/net@0.1.0", true),
            ("wellhead:plugin/net@0.2.0", false),
            ("wellhead:plugin/net@0.10.0", false),
            ("wasi:http/types@0.2.9", true),
            ("wasi:http/types@0.3.0", true),
            ("wasi:io/poll@0.3.0", false),
            ("wasi:tls/client@0.3.0", false),
            ("wasi:http/types", false),
            ("", false),
        ] {
            assert_eq!(Interface::import(name).known, served, "{name}");
        }
    }

    #[test]
    fn words_are_those_of_the_interface_or_of_the_rest_of_its_package() {
        assert_eq!(Interface::import("wasi:cli/environment@0.2.6").words, "reads the environment, which is empty");
        assert_eq!(Interface::import("wasi:cli/exit@0.2.6").words, "the process, which is linked but empty");
        assert_eq!(Interface::export("wellhead:plugin/streaming@0.1.0").words, "feeds live channels");
        assert_eq!(Interface::export("demo:other/thing@1.0.0").words, "");
    }
}
