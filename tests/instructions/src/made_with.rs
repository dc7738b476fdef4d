//! What a figure depends on but the project's own code. Where any of it differs, figures are not compared.

use serde::{Deserialize, Serialize};
use std::process::Command;

/// Compiler, machine and tool of a figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MadeWith {
    pub(crate) rustc: String,
    pub(crate) target: String,
    /// The allocator is its, and how memory is copied.
    pub(crate) libc: String,
    pub(crate) valgrind: String,
    /// What code that asks the CPU for its features is told. valgrind plays one CPU on all that have these.
    pub(crate) cpu: String,
}

impl MadeWith {
    pub(crate) fn here(valgrind: String) -> Self {
        Self {
            rustc: env!("MADE_WITH_RUSTC").to_owned(),
            target: env!("MADE_WITH_TARGET").to_owned(),
            libc: libc(),
            valgrind,
            cpu: cpu().to_owned(),
        }
    }

    /// A line for everything that is not the same `here`.
    pub(crate) fn differences(&self, here: &Self) -> Vec<String> {
        let facts = [
            ("rustc", &self.rustc, &here.rustc),
            ("target", &self.target, &here.target),
            ("libc", &self.libc, &here.libc),
            ("valgrind", &self.valgrind, &here.valgrind),
            ("cpu", &self.cpu, &here.cpu),
        ];
        let different = facts.into_iter().filter(|(_, there, here)| there != here);
        different.map(|(what, there, here)| format!("{what}: {there:?} there, {here:?} here")).collect()
    }
}

fn libc() -> String {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let said = said.ok().filter(|said| said.status.success()).and_then(|said| String::from_utf8(said.stdout).ok());
    said.map_or_else(|| "not glibc".to_owned(), |said| said.trim().to_owned())
}

#[cfg(target_arch = "x86_64")]
fn cpu() -> &'static str {
    if std::arch::is_x86_feature_detected!("avx2") { "avx2" } else { "no avx2" }
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu() -> &'static str {
    std::env::consts::ARCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_that_differs_is_named_with_both_its_values() {
        let there = MadeWith { rustc: "rustc 1.95.0".into(), libc: "glibc 2.36".into(), ..MadeWith::default() };
        assert!(there.differences(&there).is_empty());
        let here = MadeWith { rustc: "rustc 1.96.0".into(), ..there.clone() };
        assert_eq!(there.differences(&here), [r#"rustc: "rustc 1.95.0" there, "rustc 1.96.0" here"#]);
        assert_eq!(MadeWith::default().differences(&MadeWith::here("3.19.0".into())).len(), 5);
    }
}
