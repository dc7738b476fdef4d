//! `wellhead new`: makes a plugin's project.

use crate::config::{Fault, Faults};
use crate::exit::Outcome;
use crate::project::{self, BadName, Language, Name, Template};
use crate::words::shell_word;
use anyhow::Result;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  wellhead new my-source
  wellhead new plugins/my-source --title \"My source\"

The last part of PATH is the plugin's name and its id. The project is whole: it builds without anything else of
Wellhead's, has tests that run natively, and rows to show without a network. Next: wellhead dev my-source";

/// Make a new plugin: a project that builds, with tests, a manifest and what `wellhead dev` needs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewArgs {
    /// Folder to make; its name becomes the plugin's
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Language to write it in
    #[arg(long, value_enum, default_value_t = Language::Rust, value_name = "LANGUAGE")]
    lang: Language,
    /// What people read [default: from the name: my-source is My Source]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

pub(crate) fn run(args: &NewArgs) -> Result<Outcome> {
    let name = name(&args.path).map_err(|fault| Faults(vec![fault]))?;
    let title = title(args.title.as_deref(), &name).map_err(|fault| Faults(vec![fault]))?;
    let files = Template { language: args.lang, name: &name, title: &title }.files()?;
    project::create(&args.path, &files)?;
    let path = shell_word(&args.path);
    let install = args.lang.install_command();
    let install = install.map_or_else(String::new, |command| {
        format!("\n  cd {path} && {command}\n      gets what makes a component of it, once")
    });
    let steps = format!(
        "made {path}: a data source in {}
{install}
  wellhead dev {path}
      builds it, runs it, and shows its rows and what changes in them as you edit
  cd {path} && {}
      runs its tests",
        args.lang.name(),
        args.lang.test_command(),
    );
    writeln!(io::stdout(), "{steps}")?;
    Ok(Outcome::Done)
}

/// The name in a path. A path that climbs is refused: most likely it was put together from something that is no name.
fn name(path: &Path) -> Result<Name, Fault> {
    let climbs = path.components().any(|part| part == Component::ParentDir);
    let given = path.file_name().unwrap_or_default().to_string_lossy();
    let suggestion = |name: &str| shell_word(&path.with_file_name(name));
    let fault = |problem: String, suggestion: String| {
        Fault::new("PATH", problem).cure(format!("try wellhead new {suggestion}"))
    };
    let parsed = Name::parse(&given).map_err(|error: BadName| {
        let suggestion = if climbs { error.suggestion.clone() } else { suggestion(&error.suggestion) };
        fault(error.to_string(), suggestion)
    })?;
    if climbs {
        let problem = format!("{} has .. in it; go there first, or give the whole path", path.display());
        return Err(fault(problem, parsed.to_string()));
    }
    Ok(parsed)
}

/// What people read: one line.
fn title(given: Option<&str>, name: &Name) -> Result<String, Fault> {
    let Some(given) = given else { return Ok(name.title()) };
    if given.trim().is_empty() || given.chars().any(char::is_control) {
        let problem = format!("{given:?} is no title");
        return Err(Fault::new("--title", problem).cure("give it one line of text, or leave it out"));
    }
    Ok(given.trim().to_owned())
}
