//! The languages plugins are written in.

/// A language, and what is particular to it: see also `template` (new projects) and `found` (existing ones).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// Rust, built by cargo for wasm32-wasip2
    Rust,
    /// Python 3.11 or newer, made a component by componentize-py
    Python,
    /// JavaScript, made a component by componentize-qjs
    Js,
}

impl Language {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Js => "JavaScript",
        }
    }

    /// What turns sources into a component.
    pub(crate) fn compiler(self) -> &'static str {
        match self {
            Self::Rust => "cargo",
            Self::Python => "componentize-py",
            Self::Js => "componentize-qjs",
        }
    }

    /// What has to be run once in a new project before it can be built.
    pub(crate) fn install_command(self) -> Option<&'static str> {
        match self {
            Self::Rust => None,
            Self::Python => Some("python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"),
            Self::Js => Some("npm install"),
        }
    }

    /// What runs a project's tests.
    pub(crate) fn test_command(self) -> &'static str {
        match self {
            Self::Rust => "cargo test",
            Self::Python => "PYTHONPATH=sdk/python python3 -m unittest",
            Self::Js => "npm test",
        }
    }
}
