//! A data folder, and the command on it: through the server that runs there, or straight on the folder where none does.

use super::{Ended, Server, own_data, plugins, text, wellhead};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A data folder for one test.
pub(crate) struct Data(TempDir);

/// Runs a test twice: on a folder of its own on which a server runs, and on one on which none does.
pub(crate) fn with_a_server_and_without(test: impl Fn(&Data)) {
    test(&Data::new());
    let data = Data::new();
    let _server = data.serve();
    test(&data);
}

impl Data {
    pub(crate) fn new() -> Self {
        Self(own_data())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A server on this folder.
    pub(crate) fn serve(&self) -> Server {
        Server::start_in(self.path(), &plugins(), &[])
    }

    /// The command on this folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = wellhead(args);
        command.args(["--data", text(self.path())]);
        // It opens no host.
        if args.first() != Some(&"restore") {
            command.args(["--plugins", text(&plugins())]);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// What it prints, having done as it was told.
    #[track_caller]
    pub(crate) fn said(&self, args: &[&str]) -> String {
        self.run(args).with_code(0).stdout
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.said(&[args, &["-o", "json"]].concat())).unwrap()
    }

    /// What it complains of, having failed.
    #[track_caller]
    pub(crate) fn refused(&self, args: &[&str]) -> String {
        self.run(args).with_code(1).stderr
    }

    /// The values of one field in a list.
    #[track_caller]
    pub(crate) fn listed(&self, args: &[&str], field: &str) -> Vec<String> {
        let list = self.json(args);
        list.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
    }
}
