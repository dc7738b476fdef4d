//! Writes the book's page *Contract reference* from `wit/plugin.wit`: a section an interface, an entry a type and a
//! function, their words the comments there. `make docs` runs it; `make lint` fails where the page that is kept is another.
//!
//! A workspace of its own: what it stands on has other features of crates below wasmtime, which would be built twice.

use anyhow::{Context, Result};
use std::io::{self, Write};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

const CONTRACT: &str = include_str!("../../../wit/plugin.wit");
/// The world with everything in it.
const WORLD: &str = "plugin-net";
/// In the order an author meets them; the generator's is alphabetical by direction.
const INTERFACES: [&str; 9] =
    ["datasource", "resources", "streaming", "types", "fetch", "net", "log", "metrics", "cache"];
const HEAD: &str = "\
# Contract reference

Every interface, type and function of [`wellhead:plugin`](contract.md), made from the comments in `wit/plugin.wit`. A
plugin exports `datasource`, and `resources` and `streaming` where it has them; the others it may import.
";

fn main() -> Result<()> {
    io::stdout().write_all(page()?.as_bytes()).context("cannot write to standard output")
}

/// The whole page.
fn page() -> Result<String> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("wit/plugin.wit", CONTRACT)?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    let mut files = Files::default();
    wit_bindgen_markdown::Opts::default().build().generate(&mut resolve, world, &mut files)?;
    let (_, generated) = files.iter().find(|(name, _)| name.ends_with(".md")).context("no page was generated")?;
    let generated = std::str::from_utf8(generated)?;
    // The first part is a table of contents, which the book has already.
    let sections: Vec<&str> = generated.split("\n## ").skip(1).collect();
    anyhow::ensure!(sections.len() == INTERFACES.len(), "{} interfaces, {} named", sections.len(), INTERFACES.len());
    let mut page = HEAD.to_owned();
    for interface in INTERFACES {
        let name = format!(" interface wellhead:plugin/{interface}@");
        let own = |section: &&&str| section.lines().next().is_some_and(|heading| heading.contains(&name));
        let section = sections.iter().find(own).with_context(|| format!("no section on {interface}"))?;
        page.push_str("\n## ");
        page.push_str(section.trim_end());
        page.push('\n');
    }
    Ok(page)
}
