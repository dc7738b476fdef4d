//! From settings to a host: its folders, its plugins, its data sources.

pub(crate) mod announced;
pub(crate) mod data_folder;
pub(crate) mod data_sources;
pub(crate) mod door;
pub(crate) mod operator_states;

use crate::commands::compile_component;
use crate::config::{Fault, Faults, Scope, Settings, Switch};
use data_folder::DataFolder;

use anyhow::Result;
use operator_states::OperatorStates;
use std::path::PathBuf;
use std::sync::Arc;
use wellhead::{
    DataSource, DataSourceStore, FollowOptions, PluginStore, Provisioner, Redactor, Wellhead, WellheadBuilder,
};

/// A host as it was started.
pub(crate) struct Host {
    pub(crate) wellhead: Wellhead,
    /// How many it has.
    pub(crate) data_sources: usize,
    /// What applies the provisioning folder, where one is named.
    pub(crate) provisioner: Option<Provisioner>,
    pub(crate) operator_states: Arc<OperatorStates>,
    /// Where the data folder is.
    pub(crate) folder: PathBuf,
    pub(crate) data: DataFolder,
}

impl Host {
    /// Builds the host that `settings` describe. Plugins that are no good are left out, and the host's log says which;
    /// provisioning that is no good is an error, because a data source left out would be missed later and elsewhere.
    pub(crate) async fn open(settings: &Settings, redactor: Redactor) -> Result<Self> {
        if let Some(fault) = missing_plugins_folder(settings) {
            return Err(Faults(vec![fault]).into());
        }
        let data = DataFolder::open(settings).await?;
        let store: Arc<dyn DataSourceStore> = data.store.clone();
        let provisioner = data_sources::provisioned(settings, &store, &data.identities).await?;
        Self::build(settings, redactor, data, provisioner).await
    }

    /// The same for one command where no server runs: provisioning is not applied, and plugins need not be there.
    pub(crate) async fn open_for_commands(settings: &Settings) -> Result<Self> {
        let data = DataFolder::open(settings).await?;
        Self::build(settings, Redactor::default(), data, None).await
    }

    async fn build(
        settings: &Settings,
        redactor: Redactor,
        data: DataFolder,
        provisioner: Option<Provisioner>,
    ) -> Result<Self> {
        let folder = data_folder::folder(settings)?;
        let operator_states = OperatorStates::read(&folder).map_err(|fault| Faults(vec![fault]))?;
        let store: Arc<dyn DataSourceStore> = data.store.clone();
        let mut builder = Wellhead::builder()
            .follow_plugins(follow(settings))
            .compile_cache(folder.join("compiled"))
            .compile_in_child(compile_component::command())
            .redactor(redactor)
            .shared_store(store.clone());
        if missing_plugins_folder(settings).is_none() {
            builder = builder.plugins(&settings.plugins.value);
        }
        for (plugin_id, origin) in settings.grant_origins.value.iter() {
            builder = builder.grant_origin(plugin_id, origin.clone());
        }
        for (plugin_id, state) in operator_states.all() {
            builder = builder.operator_state(plugin_id, state);
        }
        let builder = limited(builder, settings);
        let wellhead = builder.build().await?;
        if settings.provisioning.value.is_none()
            && let Some(default) = data_sources::default(wellhead.plugins())
            && store.all().await?.is_empty()
        {
            store.add(default).await?;
        }
        let data_sources = store.all().await?;
        let without_plugin = data_sources::without_plugin(wellhead.plugins(), data_sources.iter().map(AsRef::as_ref));
        let without_subject = without_subject(wellhead.plugins(), &data_sources, settings);
        for fault in without_plugin.into_iter().chain(without_subject) {
            tracing::warn!("{fault}");
        }
        if data_sources.is_empty() {
            tracing::warn!("no data sources: name a folder of provisioning files with --provisioning DIR");
        }
        let (data_sources, operator_states) = (data_sources.len(), Arc::new(operator_states));
        Ok(Self { wellhead, data_sources, provisioner, operator_states, folder, data })
    }
}

/// How the plugins folder is followed; `None`: it is read once.
fn follow(settings: &Settings) -> Option<FollowOptions> {
    let force_polling = settings.plugin_poll.value == Switch::On;
    (settings.auto_reload.value == Switch::On).then(|| FollowOptions { force_polling, ..FollowOptions::default() })
}

/// Everybody's limits, and those of plugins and data sources that have their own.
pub(crate) fn limited(builder: WellheadBuilder, settings: &Settings) -> WellheadBuilder {
    let all = &settings.limits.all;
    let builder = builder.limits(all.plugins.clone()).live_limits(all.live);
    settings.limits.exceptions().into_iter().fold(builder, |builder, (scope, _, own)| match scope {
        Scope::All => builder,
        Scope::Plugin(id) => builder.plugin_limits(id, own),
        Scope::DataSource { org_id, uid } => builder.data_source_limits(*org_id, uid, own),
    })
}

/// Limits of plugins and data sources that are not there: a misspelt name would be a limit silently not kept.
pub(crate) fn without_subject(
    plugins: &PluginStore,
    data_sources: &[Arc<DataSource>],
    settings: &Settings,
) -> Vec<Fault> {
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
