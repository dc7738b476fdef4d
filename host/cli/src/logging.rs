//! Log lines on standard error: the one place where a subscriber is made.

use crate::config::{LogFilter, LogFormat};
use std::io::{self, IsTerminal};
use wellhead::Redactor;

/// Logs from here on. Colours only where a person looks on and has not asked for none (`NO_COLOR`).
pub(crate) fn start(filter: &LogFilter, format: LogFormat) {
    start_with(filter, format, Redactor::default());
}

/// As [`start`], with the secrets that `redactor` knows blanked in every line.
pub(crate) fn start_with(filter: &LogFilter, format: LogFormat, redactor: Redactor) {
    let writer = move || redactor.writer(io::stderr());
    let lines = tracing_subscriber::fmt().with_env_filter(filter.to_filter()).with_writer(writer);
    // Setting it fails only if one is set already, which then goes on logging.
    let _ = match format {
        LogFormat::Human => lines.with_ansi(io::stderr().is_terminal() && wants_colour()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}

/// Whether the environment allows colours at all: <https://no-color.org>.
pub(crate) fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
