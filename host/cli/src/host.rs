//! From settings to a host: its folders, its plugins, its data sources.

use crate::commands::compile_component;
use crate::config::{Fault, Faults, Settings};
use anyhow::{Result, anyhow};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use wellhead::{DataSource, MemoryStore, PluginStore, Provisioning, Wellhead};

/// The plugin that serves where nobody said what to serve.
const TESTDATA: &str = "grafana-testdata-datasource";

/// A host, and the data sources it was started with.
pub(crate) struct Host {
    pub(crate) wellhead: Wellhead,
    pub(crate) data_sources: Vec<DataSource>,
}

impl Host {
    /// Builds the host that `settings` describe. Plugins that are no good are left out, and the host's log says which;
    /// provisioning that is no good is an error, because a data source left out would be missed later and elsewhere.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        let provisioning = match provisioning(settings) {
            Ok(provisioning) => provisioning,
            Err(faults) => return Err(Faults(faults).into()),
        };
        for warning in provisioning.iter().flat_map(|read| &read.warnings) {
            tracing::warn!("{warning}");
        }
        if let Some(fault) = missing_plugins_folder(settings) {
            return Err(Faults(vec![fault]).into());
        }
        let data = data_folder(settings)?;

        let store = Arc::new(MemoryStore::default());
        let mut builder = Wellhead::builder()
            .plugins(&settings.plugins.value)
            .compile_cache(data.join("compiled"))
            .compile_in_child(compile_component::command())
            .shared_store(store.clone());
        for (plugin_id, origin) in settings.grant_origins.value.iter() {
            builder = builder.grant_origin(plugin_id, origin.clone());
        }
        let wellhead = builder.build().await?;
        let data_sources = data_sources(wellhead.plugins(), &provisioning);
        store.replace(data_sources.clone())?;
        for fault in without_plugin(wellhead.plugins(), &data_sources) {
            tracing::warn!("{fault}");
        }
        if data_sources.is_empty() {
            tracing::warn!("no data sources: name a folder of provisioning files with --provisioning DIR");
        }
        Ok(Self { wellhead, data_sources })
    }
}

/// What the provisioning folder says; `None` where none is named.
pub(crate) fn provisioning(settings: &Settings) -> Result<Option<Provisioning>, Vec<Fault>> {
    let Some(folder) = &settings.provisioning.value else { return Ok(None) };
    match Provisioning::read(folder) {
        Ok(read) => Ok(Some(read)),
        Err(error) => Err(error.problems.iter().map(Fault::from).collect()),
    }
}

/// The data sources of a host: what provisioning says, or the embedded default, if its plugin is there.
pub(crate) fn data_sources(plugins: &PluginStore, provisioning: &Option<Provisioning>) -> Vec<DataSource> {
    match provisioning {
        Some(read) => read.data_sources.clone(),
        None if plugins.data_source_type(TESTDATA).is_none() => Vec::new(),
        None => {
            vec![DataSource { is_default: true, read_only: true, ..DataSource::new("testdata", "TestData", TESTDATA) }]
        }
    }
}

/// The fault of a plugins folder that is not there.
pub(crate) fn missing_plugins_folder(settings: &Settings) -> Option<Fault> {
    let folder = &settings.plugins;
    let fault = |problem: &str| {
        Fault::new(folder.value.display(), format!("the plugins folder (from {}) {problem}", folder.origin))
            .cure("make it and put .wasm files into it, or name another with --plugins DIR")
    };
    match std::fs::metadata(&folder.value) {
        Ok(found) if found.is_dir() => None,
        Ok(_) => Some(fault("is not a folder")),
        Err(error) => Some(fault(&format!("cannot be read: {error}"))),
    }
}

/// The data sources whose type no plugin bears.
pub(crate) fn without_plugin(plugins: &PluginStore, data_sources: &[DataSource]) -> Vec<Fault> {
    let has_none = |source: &&DataSource| plugins.data_source_type(&source.plugin_id).is_none();
    let known = plugins.list().iter().map(|plugin| plugin.manifest.id.clone()).collect::<Vec<_>>().join(", ");
    data_sources
        .iter()
        .filter(has_none)
        .map(|source| {
            let there = if known.is_empty() { "there are none".to_owned() } else { format!("there are {known}") };
            Fault::new(
                format!("data source {:?} ({})", source.name, source.uid),
                format!("no plugin {:?}; {there}", source.plugin_id),
            )
            .cure("put the plugin's .wasm into the plugins folder, or mend the type")
        })
        .collect()
}

/// The data folder as an absolute path, made for its owner alone where it is missing; one that is there stays as it is.
fn data_folder(settings: &Settings) -> Result<PathBuf> {
    let folder = &settings.data;
    let make = || {
        let path = std::path::absolute(&folder.value)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(path)
    };
    make().map_err(|error: std::io::Error| {
        let path = folder.value.display();
        anyhow!("the data folder {path} (from {}) cannot be made: {error}: name another with --data DIR", folder.origin)
    })
}
