//! Building a plugin with componentize-qjs, as `wellhead-sdk build` does in Node.

use crate::project::found::{Artifact, Builder, Built};
use crate::project::process::{self, Stop};
use crate::project::scripted::Scripted;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What tells such a project.
pub(crate) const PACKAGE: &str = "package.json";
const MODULE: &str = "plugin.js";
const SDK: &str = "node_modules/wellhead-sdk/bin/wellhead-sdk.mjs";

/// A module that becomes a plugin.
pub(crate) struct JsProject(Scripted);

impl JsProject {
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        Scripted::find(folder, MODULE).map(Self)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }
}

impl Builder for JsProject {
    fn check_tools(&self) -> Result<()> {
        if process::output(Command::new("node").arg("--version"))?.is_none() {
            bail!(
                "node is missing: install Node.js 20 or newer, from https://nodejs.org or with `apt install nodejs npm`"
            );
        }
        if !self.0.folder.join(SDK).exists() {
            bail!("the SDK is not installed: run `npm install` in {}", self.0.folder.display());
        }
        Ok(())
    }

    fn build(&self, quiet: bool, stop: &Stop) -> Result<Option<Artifact>> {
        let mut node = Command::new("node");
        node.arg(self.0.folder.join(SDK));
        self.0.build(node, quiet, stop)
    }

    fn sources(&self) -> Result<Vec<PathBuf>> {
        Ok(vec![self.0.folder.clone()])
    }

    fn outputs(&self) -> Vec<PathBuf> {
        let mut outputs = self.0.outputs();
        outputs.extend(["node_modules", "package-lock.json"].map(|name| self.0.folder.join(name)));
        outputs
    }

    fn built(&self) -> Option<Built> {
        let is_script = |name: &str| name.ends_with(".js") || name.ends_with(".mjs");
        self.0.built(|name| is_script(name) && !name.contains(".test."))
    }

    fn build_command(&self) -> String {
        format!("node {SDK} {}", self.0.build_arguments())
    }
}
