//! What the documentation says is so: its links lead somewhere, its configuration is good, its commands exist.
#![cfg(test)]

mod common;

use common::{Certificates, plugins, run, text};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// README and the book's pages.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("docs/src")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages
}

/// What stands between `open` and `close`, again and again.
fn between<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

/// Where links within a page may lead: its headings, named as mdBook and GitHub name them, and the ids it sets itself.
fn anchors(page_text: &str) -> Vec<String> {
    let mut in_code = false;
    let mut headings: Vec<String> = Vec::new();
    for line in page_text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if in_code || !line.starts_with('#') {
            continue;
        }
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        headings.push(kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect());
    }
    headings.extend(between(page_text, "id=\"", '"').map(str::to_owned));
    headings
}

#[test]
fn every_link_every_place_within_a_page_and_every_included_file_is_there() {
    let (mut checked, mut places) = (0, 0);
    for page in pages() {
        let page_text = fs::read_to_string(&page).unwrap();
        let links = between(&page_text, "](", ')').filter(|link| !link.contains("://"));
        // An include may name an anchor or lines after a colon.
        let includes = between(&page_text, "{{#include ", '}').map(|target| target.split(':').next().unwrap());
        for target in links.chain(includes) {
            let (file, place) = target.split_once('#').map_or((target, None), |(file, place)| (file, Some(place)));
            let file = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(file.exists(), "{}: {target} is not there", page.display());
            if let Some(place) = place.filter(|_| file.extension().is_some_and(|extension| extension == "md")) {
                let there = anchors(&fs::read_to_string(&file).unwrap());
                assert!(there.iter().any(|anchor| anchor == place), "{}: {target} leads nowhere", page.display());
                places += 1;
            }
            checked += 1;
        }
    }
    assert!(checked > 10 && places > 10, "only {checked} links found: does this test still see them?");
}

#[test]
fn every_comment_of_the_contract_is_on_its_page() {
    let page = fs::read_to_string(root().join("docs/src/contract-reference.md")).unwrap();
    let contract = fs::read_to_string(root().join("wit/plugin.wit")).unwrap();
    // Those within interfaces; what stands before them is of the whole package.
    let within = contract.lines().filter(|line| line.starts_with(' '));
    let comments: Vec<&str> = within.filter_map(|line| line.trim_start().strip_prefix("/// ")).collect();
    assert!(comments.len() > 50, "only {} comments found: does this test still see them?", comments.len());
    for comment in comments {
        assert!(page.contains(comment.trim()), "the page lacks {comment:?}: run make docs");
    }
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    for page in pages().iter().filter(|page| page.starts_with(root().join("docs"))) {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "{name} is not in SUMMARY.md");
    }
}

#[test]
fn the_example_of_a_configuration_is_good() {
    let config = root().join("docs/src/wellhead.toml");
    let provisioning = root().join("docs/src/provisioning");
    let plugins = plugins();
    // What the example names is there on a machine that has it.
    let certificates = Certificates::new();
    let mut there = vec!["--plugins", text(&plugins), "--provisioning", text(&provisioning)];
    there.extend(["--tls-cert", text(&certificates.certificate), "--tls-key", text(&certificates.key)]);
    let ended = run(["config", "check", "--config", text(&config)].into_iter().chain(there)).with_code(0);
    assert_eq!(ended.stderr, "");
    let shown = run(["config", "show", "--config", text(&config)]).with_code(0);
    assert!(!shown.stdout.contains("default"), "a key is missing in the example:\n{}", shown.stdout);
}

#[test]
fn every_setting_has_its_row_in_the_table() {
    let table = fs::read_to_string(root().join("docs/src/operating.md")).unwrap();
    let shown = run(["config", "show"]).with_code(0).stdout;
    let names = shown.lines().filter_map(|line| line.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| !name.contains('.')).collect();
    assert!(names.contains(&"master-key"), "{shown}");
    for name in names {
        let variable = format!("WELLHEAD_{}", name.to_uppercase().replace('-', "_"));
        let row = format!("| `--{name}` | `{variable}` | `{name}` | ");
        assert!(table.contains(&row), "operating.md has no row {row}");
    }
}

#[test]
fn every_command_and_flag_in_the_documentation_exists() {
    let mut checked = 0;
    for page in pages() {
        let page_text = fs::read_to_string(&page).unwrap();
        for line in page_text.lines().filter_map(|line| line.trim_start().strip_prefix("target/release/wellhead ")) {
            // `datasource add`, up to the first word that is no command.
            let is_command = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
            let command: Vec<&str> = line.split_whitespace().take_while(is_command).collect();
            let help = run(command.iter().copied().chain(["--help"])).with_code(0).stdout;
            for flag in line.split_whitespace().filter(|word| word.starts_with("--")) {
                assert!(help.contains(flag), "{}: wellhead {command:?} has no {flag}", page.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 5, "only {checked} flags found: does this test still see them?");
}

#[test]
fn every_command_has_its_row_in_the_table() {
    let table = fs::read_to_string(root().join("docs/src/command.md")).unwrap();
    let help = run(["--help"]).with_code(0).stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(commands.contains(&"permission"), "{help}");
    for command in commands.into_iter().filter(|command| !command.is_empty() && *command != "help") {
        let named = ["`", " "].map(|end| format!("`wellhead {command}{end}"));
        assert!(named.iter().any(|name| table.contains(name)), "command.md has no row of wellhead {command}");
    }
}
