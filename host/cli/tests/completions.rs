//! What `wellhead completions` prints is what shells take.
#![cfg(test)]

mod common;

use common::run;
use std::process::Command;

/// What bash offers in place of the last of `words`.
fn offered(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "set -eu; source <('{}' completions bash)\n\
         COMP_WORDS=({}); COMP_CWORD={}\n\
         _wellhead wellhead \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
         echo \"${{COMPREPLY[*]}}\"",
        env!("CARGO_BIN_EXE_wellhead"),
        quoted.join(" "),
        words.len() - 1,
    );
    let ended = Command::new("bash").args(["--norc", "-c", &script]).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    assert_eq!(offered(&["wellhead", "datas"]), "datasource\n");
    assert_eq!(offered(&["wellhead", "plugin", "roll"]), "rollback\n");
    assert_eq!(offered(&["wellhead", "query", "--max-d"]), "--max-data-points\n");
    assert_eq!(offered(&["wellhead", "query", "-o", "gra"]), "grafana\n");
    assert!(!offered(&["wellhead", ""]).contains("compile"), "what is not for people is offered");
}

#[test]
fn every_shell_has_a_script_and_another_is_refused() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(["completions", shell]).with_code(0).stdout;
        assert!(script.contains("datasource") && script.contains("wellhead"), "{shell}: {script}");
    }
    let refused = run(["completions", "tcsh"]).with_code(2);
    assert!(refused.stderr.contains("[possible values: bash, elvish, fish, powershell, zsh]"), "{}", refused.stderr);
}
