//! The plugin's own words: its log lines and what it prints, one line each on standard output; the host's warnings on
//! standard error.

use super::crash;
use crate::config::LogFilter;
use crate::output::harmless;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::path::PathBuf;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The target of a guest's events.
const GUEST: &str = "wellhead::guest";

/// Shows what the plugin in the folder `project` says, as far as it passes the filter.
pub(super) fn start(filter: &LogFilter, project: PathBuf) {
    // Setting it fails only if one is set already, which then goes on logging.
    let _ = tracing_subscriber::registry().with(filter.to_filter()).with(Lines { project }).try_init();
}

struct Lines {
    project: PathBuf,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        let (level, metadata) = (event.metadata().level().as_str().to_lowercase(), event.metadata());
        let message = crash::readable(&said.message, &self.project);
        let message = harmless(&message);
        // A reader that is gone misses a line of a log.
        let _ = if metadata.target() == GUEST {
            writeln!(io::stdout(), "  log {level} {}: {}", harmless(&said.guest), message)
        } else {
            writeln!(io::stderr(), "  host {level} {message}{}", harmless(&said.rest))
        };
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    /// The guest's own target.
    guest: String,
    rest: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.rest, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            "guest" => self.guest.push_str(value),
            name => self.rest.push_str(&format!(" {name}={value}")),
        }
    }
}
