//! Where a secret comes from that a command is to pass on. Never from an argument, which others on this machine could read.

use anyhow::{Context, Result, bail};
use std::io::Read;

/// More than any secret has.
const MAX_BYTES: u64 = 4 << 20;

/// The secret that `flag` says is at `from`, without line ends; empty where `from` is. What is no place is not repeated: it
/// may be the secret.
pub(crate) fn read(flag: &str, from: &str) -> Result<String> {
    let value = match from.split_once(':') {
        _ if from.is_empty() => String::new(),
        _ if from == "-" => {
            let mut text = String::new();
            let read = std::io::stdin().take(MAX_BYTES).read_to_string(&mut text);
            read.with_context(|| format!("{flag}: cannot read standard input"))?;
            text
        }
        Some(("env", variable)) => {
            std::env::var(variable).with_context(|| format!("{flag}: the variable {variable}"))?
        }
        Some(("file", path)) => std::fs::read_to_string(path).with_context(|| format!("{flag}: cannot read {path}"))?,
        _ => bail!("{flag}: say where the value is: env:VARIABLE, file:PATH, or - for standard input"),
    };
    Ok(value.trim_end_matches(['\n', '\r']).to_owned())
}
