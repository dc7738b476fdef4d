//! What made a component: the `producers` sections, which compilers and binding generators write
//! (<https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md>), and the SDK's own section.
//!
//! Anybody can write anything there. It is shown, and nothing goes by it.

use crate::SDK_SECTION;
use crate::binary::{Binary, Section};
use serde::Serialize;
use std::collections::BTreeSet;
use wasmparser::{BinaryReader, ProducersSectionReader};

/// Most entries of a kind that are kept: compilers write a handful.
const MAX_ENTRIES: usize = 64;

/// Most characters of a name or version.
const MAX_CHARS: usize = 100;

/// A tool, and its version where it says one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Tool {
    /// Such as `rustc`.
    pub name: String,
    /// Such as `1.95.0 (59807616e 2026-04-14)`.
    pub version: String,
}

/// The SDK that a plugin was written with.
pub type Sdk = Tool;

/// Makers without a language of their own in `producers`, and the language that they are for.
const LANGUAGE_OF: [(&str, &str); 5] = [
    ("rustc", "Rust"),
    ("componentize-py", "Python"),
    ("componentize-qjs", "JavaScript"),
    ("componentize-js", "JavaScript"),
    ("ComponentizeJS", "JavaScript"),
];

#[derive(Debug, Default)]
pub(super) struct MadeBy {
    pub(super) languages: Vec<String>,
    pub(super) tools: Vec<Tool>,
    pub(super) sdk: Option<Sdk>,
}

impl MadeBy {
    /// Gathers what all binaries of the file say.
    pub(super) fn read(binary: &Binary<'_>) -> Self {
        let (mut languages, mut tools, mut sdk) = (BTreeSet::new(), BTreeSet::new(), None);
        binary.visit(&mut |_, section| match section {
            Section::Custom { name: "producers", data } => {
                // A section that does not read is no reason to show nothing else.
                let _ = producers(data, &mut languages, &mut tools);
            }
            Section::Custom { name, data } if *name == SDK_SECTION => {
                let text = String::from_utf8_lossy(data);
                let (name, version) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
                sdk = sdk.take().or(Some(tool(name, version)));
            }
            _ => {}
        });
        for (maker, language) in LANGUAGE_OF {
            if tools.iter().any(|tool: &Tool| tool.name == maker) {
                languages.insert(language.to_owned());
            }
        }
        Self { languages: languages.into_iter().collect(), tools: tools.into_iter().collect(), sdk }
    }
}

fn producers(section: &[u8], languages: &mut BTreeSet<String>, tools: &mut BTreeSet<Tool>) -> wasmparser::Result<()> {
    for field in ProducersSectionReader::new(BinaryReader::new(section, 0))? {
        let field = field?;
        for value in field.values {
            let value = value?;
            match field.name {
                "language" if languages.len() < MAX_ENTRIES => {
                    languages.insert(tool(value.name, value.version).to_string());
                }
                "processed-by" | "sdk" if tools.len() < MAX_ENTRIES => {
                    tools.insert(tool(value.name, value.version));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn tool(name: &str, version: &str) -> Tool {
    let short = |text: &str| text.chars().take(MAX_CHARS).collect();
    Tool { name: short(name), version: short(version) }
}

impl std::fmt::Display for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if self.version.is_empty() { Ok(()) } else { write!(f, " {}", self.version) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binary_of_the_file_is_heard_and_rubbish_is_passed_over() {
        let wasm = wat::parse_str(
            r#"(component
                (core module (@producers (language "Rust" "") (processed-by "rustc" "1.95.0") (sdk "kit" "2")))
                (core module (@custom "producers" "\ff\ff\ff\ff\0frubbish"))
                (core module (@custom "wellhead:sdk" "wellhead-sdk 0.1.0"))
                (component (@producers (processed-by "componentize-py" "0.25"))))"#,
        )
        .unwrap();
        let made = MadeBy::read(&Binary::component(&wasm).unwrap());
        assert_eq!(made.languages, ["Python", "Rust"]);
        let tools: Vec<_> = made.tools.iter().map(Tool::to_string).collect();
        assert_eq!(tools, ["componentize-py 0.25", "kit 2", "rustc 1.95.0"]);
        assert_eq!(made.sdk.unwrap().to_string(), "wellhead-sdk 0.1.0");
    }
}
