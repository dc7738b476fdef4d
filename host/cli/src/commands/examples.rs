//! Examples of commands within commands: what `wellhead plugin --help` shows for all of them, `wellhead plugin pin --help`
//! shows for its own. So each is written once, at its group.

use clap::Command;

const HEADING: &str = "Examples:";

/// `command`, in which every command of a group has those of the group's examples that call it.
pub(super) fn spread(mut command: Command) -> Command {
    let path = command.get_name().to_owned();
    for name in names(&command) {
        command = command.mut_subcommand(&name, |group| within(group, &path));
    }
    command
}

fn within(mut group: Command, above: &str) -> Command {
    let path = format!("{above} {}", group.get_name());
    let all = group.get_after_help().map(ToString::to_string).unwrap_or_default();
    for name in names(&group) {
        let called = format!("  {path} {name}");
        let calls =
            |line: &&str| line.strip_prefix(&called).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        let own: Vec<&str> = all.lines().filter(calls).collect();
        if !own.is_empty() {
            let examples = format!("{HEADING}\n{}", own.join("\n"));
            group = group.mut_subcommand(name, |command| command.after_help(examples));
        }
    }
    group
}

fn names(command: &Command) -> Vec<String> {
    command.get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Wellhead;
    use clap::CommandFactory;

    /// Every command that does something, by its words, with its help's last part.
    fn leaves(command: &Command, above: &str, found: &mut Vec<(String, String)>) {
        let path = format!("{above} {}", command.get_name()).trim_start().to_owned();
        let below: Vec<&Command> = command.get_subcommands().filter(|command| !command.is_hide_set()).collect();
        if below.is_empty() {
            found.push((path.clone(), command.get_after_help().map(ToString::to_string).unwrap_or_default()));
        }
        below.into_iter().for_each(|command| leaves(command, &path, found));
    }

    #[test]
    fn every_command_has_an_example_that_calls_it() {
        let mut found = Vec::new();
        leaves(&spread(Wellhead::command()), "", &mut found);
        assert!(found.len() > 40, "only {} commands found: does this test still see them?", found.len());
        for (path, help) in found {
            let called = help.split(HEADING).nth(1).is_some_and(|examples| examples.contains(&path));
            assert!(called, "{path} has no example:\n{help}");
        }
    }

    #[test]
    fn a_commands_examples_are_those_of_its_group_that_call_it() {
        let command = spread(Wellhead::command());
        let pin = command.find_subcommand("plugin").and_then(|group| group.find_subcommand("pin")).unwrap();
        let help = pin.get_after_help().unwrap().to_string();
        assert!(help.contains("wellhead plugin pin prometheus") && !help.contains("unpin"), "{help}");
    }

    #[test]
    fn every_example_is_one_that_the_command_line_takes() {
        let mut found = Vec::new();
        leaves(&spread(Wellhead::command()), "", &mut found);
        for (_, help) in found {
            // Quotes and pipes are the shell's; what has neither can be read as it stands.
            let plain = |line: &&str| !line.contains(['\'', '"', '|', '$', '<', '>', '\\']);
            for line in help.lines().filter_map(|line| line.trim_start().strip_prefix("wellhead ")).filter(plain) {
                // What stands after three spaces explains the example.
                let line = line.split("   ").next().unwrap();
                let words = ["wellhead"].into_iter().chain(line.split_whitespace());
                if let Err(error) = Wellhead::command().try_get_matches_from(words) {
                    assert!(!error.use_stderr(), "wellhead {line}: {error}");
                }
            }
        }
    }
}
