//! Building a plugin with componentize-py, as `python -m wellhead_sdk build` does.

use crate::project::Language;
use crate::project::found::{Artifact, Builder, Built};
use crate::project::process::{self, Stop};
use crate::project::scripted::Scripted;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What tells such a project, and is its module.
pub(crate) const MODULE: &str = "plugin.py";
/// Where the project's own environment and the SDK are, if it has them.
const OWN_PYTHON: &str = ".venv/bin/python";
const SDK: &str = "sdk/python";

/// A module that becomes a plugin.
pub(crate) struct PythonProject(Scripted);

impl PythonProject {
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        Scripted::find(folder, MODULE).map(Self)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// That of the project's own environment, else the one in the path.
    fn python(&self) -> Command {
        let own = self.0.folder.join(OWN_PYTHON);
        let mut python = Command::new(if own.exists() { own } else { "python3".into() });
        // Bytecode beside the sources would look like a change of them.
        python.arg("-B").env("PYTHONPATH", self.0.folder.join(SDK));
        python
    }
}

impl Builder for PythonProject {
    fn check_tools(&self) -> Result<()> {
        let mut python = self.python();
        python.args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]);
        match process::output(&mut python)? {
            None => {
                bail!("python3 is missing: install Python 3.11 or newer, on Debian with `apt install python3-venv`")
            }
            Some(ended) if !ended.status.success() => bail!("python3 is too old: plugins need Python 3.11 or newer"),
            Some(_) => {}
        }
        let mut python = self.python();
        python.args(["-c", "import wellhead_sdk.build as build; build.componentize_py()"]);
        let found = process::output(&mut python)?;
        if !found.is_some_and(|ended| ended.status.success()) {
            let install = Language::Python.install_command().unwrap_or_default();
            bail!("componentize-py is missing: install it with `{install}` in {}", self.0.folder.display());
        }
        Ok(())
    }

    fn build(&self, quiet: bool, stop: &Stop) -> Result<Option<Artifact>> {
        let mut python = self.python();
        python.args(["-m", "wellhead_sdk"]);
        self.0.build(python, quiet, stop)
    }

    fn sources(&self) -> Result<Vec<PathBuf>> {
        Ok(vec![self.0.folder.clone()])
    }

    fn outputs(&self) -> Vec<PathBuf> {
        let mut outputs = self.0.outputs();
        outputs.push(self.0.folder.join(".venv"));
        outputs
    }

    fn built(&self) -> Option<Built> {
        // Tests are found by that name, and stay outside.
        self.0.built(|name| name.ends_with(".py") && !name.starts_with("test"))
    }

    fn build_command(&self) -> String {
        let python = if self.0.folder.join(OWN_PYTHON).exists() { OWN_PYTHON } else { "python3" };
        format!("PYTHONPATH={SDK} {python} -m wellhead_sdk {}", self.0.build_arguments())
    }
}
