//! What a new project consists of.
//!
//! The files of `host/cli/templates/LANGUAGE/` are the project's, and those of `host/cli/templates/every/` are every
//! language's: what it is tried and tested with. They are compiled into the command by `build.rs`. In their text
//! `{{name}}` stands for the plugin's name (which is its id and its folder too), `{{crate}}` for the name as an identifier,
//! `{{title}}` for what people read, and the language may know more (`rust::values`). A name that ends in `.template`
//! loses that: a file called Cargo.toml here would be taken for a package of this repository. The SDK comes with the
//! project until it is published: each language adds its own below `sdk/` ([`Files::embed`]).
//!
//! A further language is a folder of templates, its SDK's folder in `ROOTS` of `build.rs`, and its arms in this file and in
//! [`Language`]. Templates are tried in `tests/new.rs`: made, built, tested and loaded.

use super::{Language, Name, embedded, js, python, rust};
use anyhow::Result;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Taken off the end of a template's name.
const SUFFIX: &str = ".template";

/// A project that is to be.
#[derive(Clone, Debug)]
pub(crate) struct Template<'a> {
    pub(crate) language: Language,
    pub(crate) name: &'a Name,
    /// What people read.
    pub(crate) title: &'a str,
}

impl Template<'_> {
    /// The project's files.
    pub(crate) fn files(&self) -> Result<Files> {
        let folder = match self.language {
            Language::Rust => "host/cli/templates/rust",
            Language::Python => "host/cli/templates/python",
            Language::Js => "host/cli/templates/js",
        };
        let mut values = vec![
            ("name", self.name.to_string()),
            ("crate", self.name.identifier()),
            // It stands in JSON, in comments and in headings: as JSON has it, it does no harm in any of them.
            ("title", in_quotes(self.title)),
        ];
        values.extend(match self.language {
            Language::Rust => rust::values()?,
            Language::Python | Language::Js => Vec::new(),
        });
        let mut files = Files::default();
        for (path, bytes) in embedded::below("host/cli/templates/every").chain(embedded::below(folder)) {
            files.put(path.strip_suffix(SUFFIX).unwrap_or(path), filled(bytes, &values));
        }
        match self.language {
            Language::Rust => rust::complete(self.name.as_str(), &mut files)?,
            Language::Python => python::complete(&mut files),
            Language::Js => js::complete(&mut files)?,
        }
        Ok(files)
    }
}

/// Files by their path in the project, with `/` between its parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(pub(super) BTreeMap<String, Cow<'static, [u8]>>);

impl Files {
    /// Puts a file into the project.
    pub(super) fn put(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), Cow::Owned(content.into()));
    }

    /// Puts a file or folder of this repository, as it is, at `to`.
    pub(super) fn embed(&mut self, from: &str, to: &str) {
        for (path, bytes) in embedded::below(from) {
            let path = if path.is_empty() { to.to_owned() } else { format!("{to}/{path}") };
            self.0.insert(path, Cow::Borrowed(bytes));
        }
    }
}

/// The file with its placeholders replaced. What is no text has none.
fn filled(bytes: &[u8], values: &[(&str, String)]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_owned() };
    let replaced = |text: String, (key, value): &(&str, String)| text.replace(&format!("{{{{{key}}}}}"), value);
    values.iter().fold(text.to_owned(), replaced).into_bytes()
}

/// The inside of a JSON string.
fn in_quotes(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or(&quoted).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    fn of(language: Language) -> BTreeMap<String, Cow<'static, [u8]>> {
        let name = Name::parse("my-source").unwrap();
        Template { language, name: &name, title: "Mine" }.files().unwrap().0
    }

    #[test]
    fn no_template_keeps_a_placeholder() {
        for language in Language::value_variants() {
            for (path, bytes) in of(*language).iter().filter(|(path, _)| !path.starts_with("sdk/")) {
                let text = String::from_utf8_lossy(bytes);
                let open = text.match_indices("{{").find(|(at, _)| !text[..*at].ends_with('$'));
                assert_eq!(open, None, "{path}");
                assert!(!path.ends_with(SUFFIX), "{path}");
            }
        }
    }

    #[test]
    fn every_project_has_what_an_author_needs() {
        for language in Language::value_variants() {
            let files = of(*language);
            for file in ["plugin.json", "dev.toml", "README.md", ".gitignore", ".github/workflows/ci.yml"] {
                assert!(files.contains_key(file), "{language:?} has no {file}");
            }
            assert!(files.keys().any(|path| path.starts_with("sdk/")), "{language:?} has no SDK");
        }
    }

    #[test]
    fn a_title_cannot_break_out_of_the_manifest() {
        let name = Name::parse("my-source").unwrap();
        let title = "A \"B\"\\ C";
        let files = Template { language: Language::Rust, name: &name, title }.files().unwrap().0;
        let manifest: serde_json::Value = serde_json::from_slice(&files["plugin.json"]).unwrap();
        assert_eq!(manifest["name"], title);
    }
}
