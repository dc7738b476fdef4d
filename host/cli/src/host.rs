//! From settings to a host: its folders, its plugins, its data sources.

use crate::commands::compile_component;
use crate::config::{Fault, Faults, Scope, Settings, Switch};
use crate::operator_states::OperatorStates;
use anyhow::{Result, anyhow};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use wellhead::{DataSource, FollowOptions, MemoryStore, PluginStore, Provisioning, Wellhead, WellheadBuilder};

/// The plugin that serves where nobody said what to serve.
const TESTDATA: &str = "grafana-testdata-datasource";

/// A host, and the data sources it was started with.
pub(crate) struct Host {
    pub(crate) wellhead: Wellhead,
    pub(crate) data_sources: Vec<DataSource>,
    pub(crate) operator_states: Arc<OperatorStates>,
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

        let operator_states = OperatorStates::read(&data).map_err(|fault| Faults(vec![fault]))?;
        let store = Arc::new(MemoryStore::default());
        let mut builder = Wellhead::builder()
            .plugins(&settings.plugins.value)
            .follow_plugins(follow(settings))
            .compile_cache(data.join("compiled"))
            .compile_in_child(compile_component::command())
            .shared_store(store.clone());
        for (plugin_id, origin) in settings.grant_origins.value.iter() {
            builder = builder.grant_origin(plugin_id, origin.clone());
        }
        for (plugin_id, state) in operator_states.all() {
            builder = builder.operator_state(plugin_id, state);
        }
        let builder = limited(builder, settings);
        let wellhead = builder.build().await?;
        let data_sources = data_sources(wellhead.plugins(), &provisioning);
        store.replace(data_sources.clone())?;
        let without_subject = without_subject(wellhead.plugins(), &data_sources, settings);
        for fault in without_plugin(wellhead.plugins(), &data_sources).into_iter().chain(without_subject) {
            tracing::warn!("{fault}");
        }
        if data_sources.is_empty() {
            tracing::warn!("no data sources: name a folder of provisioning files with --provisioning DIR");
        }
        Ok(Self { wellhead, data_sources, operator_states: Arc::new(operator_states) })
    }
}

/// How the plugins folder is followed; `None`: it is read once.
fn follow(settings: &Settings) -> Option<FollowOptions> {
    let force_polling = settings.plugin_poll.value == Switch::On;
    (settings.auto_reload.value == Switch::On).then(|| FollowOptions { force_polling, ..FollowOptions::default() })
}

/// Everybody's limits, and those of plugins and data sources that have their own.
pub(crate) fn limited(builder: WellheadBuilder, settings: &Settings) -> WellheadBuilder {
    let builder = builder.limits(settings.limits.all.plugins.clone());
    settings.limits.exceptions().into_iter().fold(builder, |builder, (scope, _, own)| match scope {
        Scope::All => builder,
        Scope::Plugin(id) => builder.plugin_limits(id, own),
        Scope::DataSource { org_id, uid } => builder.data_source_limits(*org_id, uid, own),
    })
}

/// Limits of plugins and data sources that are not there: a misspelt name would be a limit silently not kept.
pub(crate) fn without_subject(plugins: &PluginStore, data_sources: &[DataSource], settings: &Settings) -> Vec<Fault> {
    let plugins = plugins.list();
    let exceptions = settings.limits.exceptions();
    let faults = exceptions.iter().filter_map(|(scope, origin, _)| {
        let (problem, there) = match scope {
            Scope::All => return None,
            Scope::Plugin(id) => {
                let ids: Vec<&str> = plugins.iter().map(|plugin| plugin.manifest.id.as_str()).collect();
                if ids.contains(&id.as_str()) {
                    return None;
                }
                (format!("no plugin has the id {id:?}"), ids)
            }
            Scope::DataSource { org_id, uid } => {
                let of_org = data_sources.iter().filter(|source| source.org_id == *org_id);
                let uids: Vec<&str> = of_org.map(|source| source.uid.as_str()).collect();
                if uids.contains(&uid.as_str()) {
                    return None;
                }
                (format!("org {org_id} has no data source with uid {uid:?}"), uids)
            }
        };
        let there = if there.is_empty() { "there are none".into() } else { format!("there are {}", there.join(", ")) };
        Some(
            Fault::new(format!("{origin}: [{scope}]"), format!("{problem}; {there}"))
                .cure("mend the name, or take the table out"),
        )
    });
    faults.collect()
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
