//! The languages plugins are written in.

/// A language, and what is particular to it: see also `template` (new projects) and `build` (existing ones).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// Rust, built by cargo for wasm32-wasip2
    Rust,
}

impl Language {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
        }
    }

    /// What turns sources into a component.
    pub(crate) fn compiler(self) -> &'static str {
        match self {
            Self::Rust => "cargo",
        }
    }

    /// What runs a project's tests.
    pub(crate) fn test_command(self) -> &'static str {
        match self {
            Self::Rust => "cargo test",
        }
    }
}
