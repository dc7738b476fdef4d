//! What happens to plugins, told as it happens: to whoever subscribes, and to the log.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::broadcast;

/// Events a subscriber may fall behind before it misses some.
const BACKLOG: usize = 1_024;

/// One loaded version of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationId {
    /// Counts a plugin's generations in this process, from 1.
    pub number: u64,
    /// SHA-256 of file and sidecar, in hex: the same on every host.
    pub hash: Arc<str>,
    /// `info.version` of its manifest.
    pub version: String,
}

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short: String = self.hash.chars().take(12).collect();
        write!(f, "generation {} ({short}, version {})", self.number, self.version)
    }
}

/// Something that happened to a plugin.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PluginEvent {
    /// When.
    pub at: SystemTime,
    /// The plugin's id; empty where a file did not get as far as having one.
    pub plugin_id: String,
    /// What.
    pub change: PluginChange,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PluginChange {
    /// New code was read and its manifest is good.
    Discovered {
        /// What it will be, if all goes well.
        generation: GenerationId,
    },
    /// It is being compiled, or waits for that.
    Compiling {
        /// Which one.
        generation: GenerationId,
    },
    /// It can make instances.
    Ready {
        /// Which one.
        generation: GenerationId,
        /// Time to compile it, or to take it from the cache.
        compile: Duration,
    },
    /// New calls go to it, as far as their data sources have swapped.
    Active {
        /// Which one.
        generation: GenerationId,
    },
    /// A data source's route turned: from now on its calls go to this generation.
    Swapped {
        /// The data source's org.
        org_id: i64,
        /// The data source.
        uid: String,
        /// Where its calls went before, if it had an instance.
        from: Option<GenerationId>,
        /// Where they go now.
        to: GenerationId,
        /// Time to make the new instance and configure it.
        configure: Duration,
    },
    /// A data source stays where it was, because the new generation refuses the settings that the old one took.
    HeldBack {
        /// The data source's org.
        org_id: i64,
        /// The data source.
        uid: String,
        /// The generation that refused.
        refused_by: GenerationId,
        /// In its words.
        reason: String,
    },
    /// It takes no new calls and finishes those it has.
    Draining {
        /// Which one.
        generation: GenerationId,
    },
    /// Its last instance is gone.
    Retired {
        /// Which one.
        generation: GenerationId,
        /// Since it began to drain.
        drain: Duration,
    },
    /// A reload is complete: one line for a person.
    Reloaded {
        /// What served before.
        from: GenerationId,
        /// What serves now.
        to: GenerationId,
        /// Time to compile, or to take the code from the cache.
        compile: Duration,
        /// The longest time a data source's instance took to be made and configured.
        configure: Duration,
        /// From the first route's turn to the end of the old generation's last instance.
        drain: Duration,
    },
    /// A file or a generation was refused; whatever served goes on serving.
    Rejected {
        /// The file, where there is one.
        file: Option<PathBuf>,
        /// SHA-256 of what was refused, where it could be read.
        hash: Option<Arc<str>>,
        /// Why, and what to do.
        reason: String,
    },
    /// New code is there, and is not loaded until somebody says so: reloading is off, or the plugin is pinned or
    /// disabled.
    Waiting {
        /// SHA-256 of what waits.
        hash: Arc<str>,
    },
    /// An instance crashed or had to be killed.
    Crashed {
        /// The data source's org.
        org_id: i64,
        /// The data source.
        uid: String,
        /// What it said.
        reason: String,
    },
    /// A data source crashed too often: its calls are refused until new code, new settings or somebody's word.
    Quarantined {
        /// The data source's org.
        org_id: i64,
        /// The data source.
        uid: String,
        /// The count and the last crash.
        reason: String,
    },
    /// A data source was let out of quarantine by hand.
    Released {
        /// The data source's org.
        org_id: i64,
        /// The data source.
        uid: String,
    },
    /// It takes no calls until it is enabled again.
    Disabled,
    /// It takes calls again.
    Enabled,
    /// It stays at this hash whatever the file becomes.
    Pinned {
        /// SHA-256 of the code it stays at.
        hash: Arc<str>,
    },
    /// It follows its file again.
    Unpinned,
    /// It has no code any more: its file is gone, or somebody took it out of service.
    Decommissioned {
        /// Why.
        reason: String,
    },
    /// It is not known any more.
    Removed,
}

impl fmt::Display for PluginEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.plugin_id.is_empty() {
            write!(f, "plugin {}: ", self.plugin_id)?;
        }
        self.change.fmt(f)
    }
}

impl fmt::Display for PluginChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovered { generation } => write!(f, "discovered {generation}"),
            Self::Compiling { generation } => write!(f, "compiling {generation}"),
            Self::Ready { generation, compile } => write!(f, "{generation} is ready, compiled in {compile:.1?}"),
            Self::Active { generation } => write!(f, "{generation} is active"),
            Self::Swapped { org_id, uid, to, configure, .. } => {
                write!(f, "data source {uid:?} of org {org_id} is on {to}, configured in {configure:.1?}")
            }
            Self::HeldBack { org_id, uid, refused_by, reason } => {
                write!(f, "data source {uid:?} of org {org_id} stays where it is: {refused_by} refuses it: {reason}")
            }
            Self::Draining { generation } => write!(f, "{generation} is draining"),
            Self::Retired { generation, drain } => write!(f, "{generation} is retired, drained in {drain:.1?}"),
            Self::Reloaded { from, to, compile, configure, drain } => write!(
                f,
                "reloaded from {from} to {to}: compile {compile:.1?}, configure {configure:.1?}, drain {drain:.1?}"
            ),
            Self::Rejected { file: Some(file), reason, .. } if !reason.contains(&*file.to_string_lossy()) => {
                write!(f, "rejected {}: {reason}", file.display())
            }
            Self::Rejected { reason, .. } => write!(f, "rejected: {reason}"),
            Self::Waiting { hash } => write!(f, "new code {} waits to be loaded", hash.get(..12).unwrap_or(hash)),
            Self::Crashed { org_id, uid, reason } => {
                write!(f, "an instance for data source {uid:?} of org {org_id} ended: {reason}")
            }
            Self::Quarantined { org_id, uid, reason } => {
                write!(f, "data source {uid:?} of org {org_id} is quarantined: {reason}")
            }
            Self::Released { org_id, uid } => write!(f, "data source {uid:?} of org {org_id} is out of quarantine"),
            Self::Disabled => f.write_str("disabled"),
            Self::Enabled => f.write_str("enabled"),
            Self::Pinned { hash } => write!(f, "pinned to {}", hash.get(..12).unwrap_or(hash)),
            Self::Unpinned => f.write_str("follows its file again"),
            Self::Decommissioned { reason } => write!(f, "decommissioned: {reason}"),
            Self::Removed => f.write_str("removed"),
        }
    }
}

/// The events of a runtime from a moment on, in order. See [`Runtime::events`](crate::Runtime::events).
#[derive(Debug)]
pub struct PluginEvents(broadcast::Receiver<Arc<PluginEvent>>);

impl PluginEvents {
    /// The next event; `None` when the runtime is gone. A subscriber that falls more than a thousand events behind
    /// misses the oldest.
    pub async fn next(&mut self) -> Option<Arc<PluginEvent>> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::warn!(target: "wellhead::runtime", "a subscriber missed {missed} plugin events");
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

/// Where events are told; clones tell the same subscribers.
#[derive(Clone, Debug)]
pub(crate) struct Events(broadcast::Sender<Arc<PluginEvent>>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Events {
    pub(crate) fn subscribe(&self) -> PluginEvents {
        PluginEvents(self.0.subscribe())
    }

    pub(crate) fn tell(&self, plugin_id: &str, change: PluginChange) {
        let event = PluginEvent { at: SystemTime::now(), plugin_id: plugin_id.to_owned(), change };
        match &event.change {
            PluginChange::Rejected { .. } | PluginChange::Quarantined { .. } => {
                tracing::error!(target: "wellhead::runtime", "{event}");
            }
            PluginChange::Crashed { .. } | PluginChange::HeldBack { .. } => {
                tracing::warn!(target: "wellhead::runtime", "{event}");
            }
            PluginChange::Swapped { .. } | PluginChange::Discovered { .. } | PluginChange::Compiling { .. } => {
                tracing::debug!(target: "wellhead::runtime", "{event}");
            }
            _ => tracing::info!(target: "wellhead::runtime", "{event}"),
        }
        // Nobody may be listening.
        let _ = self.0.send(Arc::new(event));
    }
}
