//! A test that runs part of itself in a process of its own, to be killed or to be short of something.

use std::process::Command;

/// Says to a test that it is the other process, and what it works on.
const VARIABLE: &str = "WELLHEAD_STORE_TEST";

/// What the other process was told, in that process.
pub(crate) fn told() -> Option<String> {
    std::env::var(VARIABLE).ok()
}

/// The test of this name (with its modules), alone, in another process, in which it is told `text`. Files that grow beyond a limit
/// give an error there and no signal.
pub(crate) fn another(test: &str, text: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads", "1"]).env(VARIABLE, text);
    command
}
