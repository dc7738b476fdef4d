//! What an operator wants to see at once: one line on standard output for every reload, and for what went wrong.

use crate::output::harmless;
use std::io::{self, Write};
use wellhead::{PluginChange, PluginEvents};

/// Prints news for as long as the host lives. The log has all the rest.
pub(super) async fn tell(mut events: PluginEvents) {
    while let Some(event) = events.next().await {
        if !is_news(&event.change) {
            continue;
        }
        // Whoever reads standard output may be slow, or gone: then the news is late or lost, and nothing else is.
        let line = harmless(&event.to_string()).into_owned();
        let _ = tokio::task::spawn_blocking(move || writeln!(io::stdout(), "{line}")).await;
    }
}

fn is_news(change: &PluginChange) -> bool {
    matches!(
        change,
        PluginChange::Reloaded { .. }
            | PluginChange::Rejected { .. }
            | PluginChange::Quarantined { .. }
            | PluginChange::Decommissioned { .. }
    )
}
