//! The commands, one a file.

mod backup;
mod bench;
pub(crate) mod compile_component;
mod completions;
mod config;
mod datasource;
mod dev;
mod examples;
mod frame;
mod inspect;
mod new;
mod org;
mod pack;
mod permission;
mod plugin;
mod query;
mod role;
mod secrets;
mod serve;
mod stream;
mod test;
mod token;
mod user;

use crate::exit::{CODES, Outcome};
use anyhow::Result;
use clap::{CommandFactory, FromArgMatches};

/// What it is called.
const NAME: &str = "wellhead";

/// Data sources as single .wasm files, behind an API that Grafana's clients speak
#[derive(Debug, clap::Parser)]
#[command(name = NAME, version, after_help = CODES)]
pub(crate) struct Wellhead {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    New(new::NewArgs),
    Dev(dev::DevArgs),
    Serve(serve::ServeArgs),
    Query(query::QueryArgs),
    Stream(stream::StreamArgs),
    Frame(frame::FrameArgs),
    Test(test::TestArgs),
    #[command(visible_alias = "ds")]
    Datasource(datasource::DataSourceCommandArgs),
    Permission(permission::PermissionCommandArgs),
    Org(org::OrgCommandArgs),
    User(user::UserCommandArgs),
    Token(token::TokenCommandArgs),
    Plugin(plugin::PluginCommandArgs),
    Inspect(inspect::InspectArgs),
    Pack(pack::PackArgs),
    Bench(bench::BenchArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Secrets(secrets::SecretsCommandArgs),
    Config(config::ConfigCommandArgs),
    Completions(completions::CompletionsArgs),
    #[command(name = compile_component::NAME, hide = true)]
    CompileComponent,
}

impl Wellhead {
    /// What the command line says; ends the process where it is wrong, or asks for help.
    pub(crate) fn parse() -> Self {
        let matches = Self::command_with_examples().get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    fn command_with_examples() -> clap::Command {
        examples::spread(Self::command())
    }

    pub(crate) fn run(self) -> Result<Outcome> {
        match self.command {
            Command::New(args) => new::run(&args),
            Command::Dev(args) => dev::run(&args),
            Command::Serve(args) => serve::run(&args),
            Command::Query(args) => query::run(&args),
            Command::Stream(args) => stream::run(&args),
            Command::Frame(args) => frame::run(&args),
            Command::Test(args) => test::run(&args),
            Command::Datasource(args) => datasource::run(&args),
            Command::Permission(args) => permission::run(&args),
            Command::Org(args) => org::run(&args),
            Command::User(args) => user::run(&args),
            Command::Token(args) => token::run(&args),
            Command::Plugin(args) => plugin::run(&args),
            Command::Inspect(args) => inspect::run(&args),
            Command::Pack(args) => pack::run(&args),
            Command::Bench(args) => bench::run(&args),
            Command::Backup(args) => backup::run(&args),
            Command::Restore(args) => backup::restore(&args),
            Command::Secrets(args) => secrets::run(&args),
            Command::Config(args) => config::run(&args),
            Command::Completions(args) => completions::run(&args),
            Command::CompileComponent => compile_component::run(),
        }
    }
}
