//! What an operator wants to see at once: one line on standard output for every reload, and for what went wrong.

use crate::config::LogFormat;
use crate::output::harmless;
use std::io::{self, IsTerminal, Write};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use wellhead::{PluginChange, PluginEvents};

/// Prints news for as long as the host lives. The log has all the rest; where a person reads both on one terminal, what
/// the log says is not said again.
pub(super) async fn tell(mut events: PluginEvents, log_format: LogFormat) {
    let one_reader = log_format == LogFormat::Human && io::stdout().is_terminal() && io::stderr().is_terminal();
    while let Some(event) = events.next().await {
        let Some(logged_at) = news(&event.change) else { continue };
        if one_reader && LevelFilter::current() >= logged_at {
            continue;
        }
        // Whoever reads standard output may be slow, or gone: then the news is late or lost, and nothing else is.
        let line = harmless(&event.to_string()).into_owned();
        let _ = tokio::task::spawn_blocking(move || writeln!(io::stdout(), "{line}")).await;
    }
}

/// The level at which the log has it, if it is news.
fn news(change: &PluginChange) -> Option<Level> {
    match change {
        PluginChange::Reloaded { .. } | PluginChange::Decommissioned { .. } => Some(Level::INFO),
        PluginChange::Rejected { .. } | PluginChange::Quarantined { .. } => Some(Level::ERROR),
        _ => None,
    }
}
