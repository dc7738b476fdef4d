//! Why a component did not become code that can run.

use crate::Limits;

/// Why a component did not become code that can run: each a sentence for the person who put the file there.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// Not valid, or of a kind that cannot be compiled.
    #[error("its .wasm does not compile: {reason}")]
    DoesNotCompile {
        /// The compiler's words.
        reason: String,
    },
    /// It imports what is not there.
    #[error("its .wasm asks for something this host does not offer: {reason}")]
    Import {
        /// What.
        reason: String,
    },
    /// It exports the right name with another type.
    #[error("its .wasm exports {export} otherwise than the contract has it: {reason}")]
    Export {
        /// The export.
        export: &'static str,
        /// What differs.
        reason: String,
    },
    /// It costs more to compile than it may.
    #[error(
        "limit {name:?} exceeded: to compile its .wasm asked for more than {limit}, {limit} allowed; optimise the \
         component, split its largest functions, or raise the limit"
    )]
    LimitExceeded {
        /// The limit's name, with its unit.
        name: &'static str,
        /// What is allowed. How much was asked is not known: it was stopped there.
        limit: u64,
    },
    /// The process that compiles could not be started.
    #[error("its .wasm was not compiled: the compile worker {program} cannot be started: {reason}")]
    NotStarted {
        /// The program.
        program: String,
        /// The operating system's word.
        reason: String,
    },
    /// The compiler itself failed, or was ended by somebody.
    #[error("its .wasm was not compiled: {reason}")]
    Failed {
        /// How it ended.
        reason: String,
    },
    /// The host is shutting down.
    #[error("its .wasm was not compiled: the host is shutting down")]
    Stopped,
}

impl CompileError {
    /// Whether nothing was tried: the same bytes may compile at the next call. A compiler that failed is not asked again,
    /// because a component may be made to have it fail, at great cost each time.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::NotStarted { .. } | Self::Stopped)
    }

    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into() }
    }

    pub(super) fn too_long(limits: &Limits) -> Self {
        let whole_seconds = limits.compile_deadline.as_millis().div_ceil(1_000);
        Self::LimitExceeded { name: "compile time, seconds", limit: u64::try_from(whole_seconds).unwrap_or(u64::MAX) }
    }

    pub(super) fn too_much_memory(limits: &Limits) -> Self {
        Self::LimitExceeded { name: "compile memory, bytes", limit: limits.compile_memory_bytes as u64 }
    }
}
