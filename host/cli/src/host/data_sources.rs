//! The data sources a host starts with, and those that provisioning files make of them while it runs.

use crate::config::{Fault, Faults, Settings};
use anyhow::Result;
use std::sync::Arc;
use wellhead::{ApplyError, DataSource, DataSourceStore, PluginStore, Provisioner, Provisioning, StoreError, Wellhead};
use wellhead_identity::{Identities, IdentityError};

/// The plugin that serves where nobody said what to serve.
const TESTDATA: &str = "grafana-testdata-datasource";

/// What the provisioning folder says; `None` where none is named.
pub(crate) fn provisioning(settings: &Settings) -> Result<Option<Provisioning>, Vec<Fault>> {
    let Some(folder) = &settings.provisioning.value else { return Ok(None) };
    match Provisioning::read(folder) {
        Ok(read) => Ok(Some(read)),
        Err(error) => Err(error.problems.iter().map(Fault::from).collect()),
    }
}

/// Applies the provisioning folder, where one is named. One that is no good is an error, because a data source left out
/// would be missed later and elsewhere.
pub(crate) async fn provisioned(
    settings: &Settings,
    store: &Arc<dyn DataSourceStore>,
    identities: &Identities,
) -> Result<Option<Provisioner>> {
    let Some(folder) = &settings.provisioning.value else { return Ok(None) };
    let identities = identities.clone();
    let mut provisioner = Provisioner::new(folder, Arc::clone(store)).checking_orgs(move |org_id| {
        let found = identities.org(org_id);
        Box::pin(async move {
            match found {
                Ok(_) => Ok(true),
                Err(IdentityError::NotFound { .. }) => Ok(false),
                Err(error) => Err(StoreError::Backend(Box::new(error))),
            }
        })
    });
    match provisioner.apply().await {
        Ok(_) => Ok(Some(provisioner)),
        Err(ApplyError::Files(error)) => Err(Faults(error.problems.iter().map(Fault::from).collect()).into()),
        Err(error) => Err(error.into()),
    }
}

/// Applies the provisioning folder whenever it changes, for as long as it is polled.
pub(crate) async fn follow(mut provisioner: Provisioner, wellhead: Wellhead) {
    loop {
        let (_, applied) = provisioner.changed().await;
        let changed = applied.added.iter().chain(&applied.updated).map(AsRef::as_ref);
        for fault in without_plugin(wellhead.plugins(), changed) {
            tracing::warn!("{fault}");
        }
    }
}

/// The data source of a host that has none and that nobody provisions, if its plugin is there. Provisioning that is
/// named later takes it away again.
pub(crate) fn default(plugins: &PluginStore) -> Option<DataSource> {
    plugins.data_source_type(TESTDATA)?;
    let default = DataSource::new("testdata", "TestData", TESTDATA);
    Some(DataSource { is_default: true, read_only: true, prunable: true, ..default })
}

/// The data sources whose type no plugin bears.
pub(crate) fn without_plugin<'s>(
    plugins: &PluginStore,
    data_sources: impl IntoIterator<Item = &'s DataSource>,
) -> Vec<Fault> {
    let has_none = |source: &&DataSource| plugins.data_source_type(&source.plugin_id).is_none();
    let known = plugins.list().iter().map(|plugin| plugin.manifest.id.clone()).collect::<Vec<_>>().join(", ");
    data_sources
        .into_iter()
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
