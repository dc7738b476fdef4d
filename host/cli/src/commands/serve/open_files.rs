//! How many files this process may have open: every connection is one, and the default of many systems is meant for
//! programs that know no better than 1,024.

/// Raises the limit as far as the system lets anybody (the soft limit to the hard one), and says what it is.
#[cfg(unix)]
pub(super) fn raise() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    let shown = |files: Option<u64>| files.map_or_else(|| "any number".to_owned(), |files| files.to_string());
    let (was, asked) = (shown(current), shown(maximum));
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => tracing::info!("this process may have {asked} files open, where its limit was {was}"),
        Err(error) => tracing::warn!("this process may have {was} files open, and the limit cannot be raised: {error}"),
    }
}

/// There is no such limit.
#[cfg(not(unix))]
pub(super) fn raise() {}
