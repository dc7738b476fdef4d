//! The data source of a plugin that runs in this process, as the command line describes it.

use super::settings;
use anyhow::{Result, bail};
use std::path::PathBuf;
use wellhead::{DataSource, Manifest};

/// What a plugin is told about its data source.
#[derive(Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// The plugin's data source: one entry of a provisioning file, as YAML, JSON or TOML
    #[arg(long, value_name = "FILE", requires = "plugin")]
    settings: Option<PathBuf>,
    /// URL of the plugin's data source; wins over the settings file's
    #[arg(long, value_name = "URL", requires = "plugin")]
    url: Option<String>,
}

impl SourceArgs {
    /// The one data source there is, for the plugin with this manifest.
    pub(crate) fn data_source(&self, manifest: &Manifest) -> Result<DataSource> {
        let id = &manifest.id;
        let mut source = match &self.settings {
            Some(file) => settings::read(file, id)?,
            None => DataSource::new("local", &manifest.name, id),
        };
        if !manifest.answers_to(&source.plugin_id) {
            bail!("the settings are for a data source of type {:?}, and the plugin is {id:?}", source.plugin_id);
        }
        if let Some(url) = &self.url {
            source.url.clone_from(url);
        }
        // There is one data source here: whose it is does not matter.
        source.org_id = 1;
        Ok(source)
    }
}
