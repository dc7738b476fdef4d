//! A plugin's place in its life, as operators see it.

use crate::GenerationId;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where a plugin, or one generation of it, is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginState {
    /// Read and checked, not yet compiled.
    Discovered,
    /// Being compiled.
    Compiling,
    /// Compiled; no data source has an instance of it yet.
    Ready,
    /// Serves.
    Active,
    /// Takes no new calls, finishes those it has.
    Draining,
    /// Has no instance any more.
    Retired,
    /// Its code was refused.
    Rejected,
    /// Every data source that uses it is quarantined.
    Quarantined,
    /// Taken out of use by an operator.
    Disabled,
}

impl PluginState {
    /// The state in one lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Discovered => "discovered",
            Self::Compiling => "compiling",
            Self::Ready => "ready",
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Retired => "retired",
            Self::Rejected => "rejected",
            Self::Quarantined => "quarantined",
            Self::Disabled => "disabled",
        }
    }
}

/// One generation of a plugin.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GenerationStatus {
    /// Which one.
    pub id: GenerationId,
    /// Where it is in its life.
    pub state: PluginState,
    /// When its code was read.
    pub loaded_at: SystemTime,
    /// Time to compile it, or to take it from the cache; `None` while that is not done.
    pub compile: Option<Duration>,
    /// Instances alive.
    pub instances: usize,
}

/// New code that was refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PluginRejection {
    /// When.
    pub at: SystemTime,
    /// SHA-256 of what was refused, where it could be read.
    pub hash: Option<Arc<str>>,
    /// Why, and what to do.
    pub reason: String,
}

/// A data source that is quarantined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedSource {
    /// The data source's org.
    pub org_id: i64,
    /// The data source.
    pub uid: String,
    /// The count and the last crash.
    pub reason: String,
}

/// What operators said of a plugin: what outlives the process, if its host keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorState {
    /// SHA-256, in hex, of the only code it may have.
    pub pinned: Option<String>,
    /// Whether it takes no calls.
    pub disabled: bool,
    /// Whether it follows its file by itself.
    pub auto_reload: bool,
}

impl Default for OperatorState {
    fn default() -> Self {
        Self { pinned: None, disabled: false, auto_reload: true }
    }
}

/// A loaded plugin's state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PluginStatus {
    /// The plugin's id.
    pub plugin_id: String,
    /// Where it is in its life.
    pub state: PluginState,
    /// What new instances are made of.
    pub current: Option<GenerationStatus>,
    /// What can be rolled back to.
    pub previous: Option<GenerationStatus>,
    /// What is being compiled or tried.
    pub candidate: Option<GenerationStatus>,
    /// The hash it stays at.
    pub pinned: Option<Arc<str>>,
    /// Whether it follows its file.
    pub auto_reload: bool,
    /// Hash of new code that waits for an operator.
    pub waiting: Option<Arc<str>>,
    /// The last code that was refused.
    pub last_rejection: Option<PluginRejection>,
    /// Data sources whose calls are refused.
    pub quarantined: Vec<QuarantinedSource>,
}

impl PluginStatus {
    /// What operators said of it, to be handed to [`RuntimeBuilder::operator_state`](crate::RuntimeBuilder::operator_state)
    /// when the host starts again.
    pub fn operator_state(&self) -> OperatorState {
        OperatorState {
            pinned: self.pinned.as_deref().map(str::to_owned),
            disabled: self.state == PluginState::Disabled,
            auto_reload: self.auto_reload,
        }
    }
}
