//! The plugins that can be called, by id.

use crate::{Manifest, Plugin, PluginError};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Why a plugin was not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The id, or one of the aliases, is taken.
    #[error(
        "plugin {id:?} is refused: {name:?} is already the id or an alias of plugin {taken_by:?}; remove one of the two"
    )]
    Duplicate {
        /// The plugin that was to be added.
        id: String,
        /// The id or alias in question.
        name: String,
        /// Who has it.
        taken_by: String,
    },
}

/// Back-end plugins, each under its id and its aliases. Ids and aliases share one space: what a data source's `type`
/// names is never ambiguous.
#[derive(Default)]
pub struct Registry {
    plugins: RwLock<BTreeMap<String, Arc<dyn Plugin>>>,
}

impl Registry {
    /// Adds a plugin.
    ///
    /// # Errors
    /// [`RegistryError::Duplicate`] where its id or an alias is taken.
    pub fn add(&self, plugin: Arc<dyn Plugin>) -> Result<(), RegistryError> {
        let manifest = plugin.manifest();
        let mut plugins = self.plugins.write().unwrap_or_else(PoisonError::into_inner);
        free(&manifest, plugins.values())?;
        plugins.insert(manifest.id.clone(), plugin);
        Ok(())
    }

    /// Whether the plugin of `manifest`'s id may have it in the place of its own: its aliases must not be taken by others.
    ///
    /// # Errors
    /// [`RegistryError::Duplicate`].
    pub(crate) fn may_become(&self, manifest: &Manifest) -> Result<(), RegistryError> {
        let plugins = self.plugins.read().unwrap_or_else(PoisonError::into_inner);
        free(manifest, plugins.iter().filter(|(id, _)| **id != manifest.id).map(|(_, plugin)| plugin))
    }

    /// The plugin a data source's `type` names, by id or alias.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Plugin>> {
        let plugins = self.plugins.read().unwrap_or_else(PoisonError::into_inner);
        let by_alias = || plugins.values().find(|plugin| plugin.manifest().answers_to(name));
        plugins.get(name).or_else(by_alias).cloned()
    }

    /// Every plugin, by id.
    pub fn list(&self) -> Vec<Arc<dyn Plugin>> {
        self.plugins.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Takes a plugin out. Stopping it is the caller's.
    ///
    /// # Errors
    /// [`PluginError::NotRegistered`] where there is none of that id.
    pub fn remove(&self, id: &str) -> Result<Arc<dyn Plugin>, PluginError> {
        let removed = self.plugins.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        removed.ok_or_else(|| PluginError::NotRegistered { plugin_id: id.to_owned() })
    }
}

fn free<'a>(manifest: &Manifest, others: impl Iterator<Item = &'a Arc<dyn Plugin>>) -> Result<(), RegistryError> {
    for other in others.map(|plugin| plugin.manifest()) {
        let mut names = std::iter::once(&manifest.id).chain(&manifest.alias_ids);
        if let Some(name) = names.find(|name| other.answers_to(name)) {
            let (id, name, taken_by) = (manifest.id.clone(), name.clone(), other.id.clone());
            return Err(RegistryError::Duplicate { id, name, taken_by });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CorePlugin, QueryDataReply};

    fn plugin(id: &str, aliases: &[&str]) -> Arc<dyn Plugin> {
        let mut manifest = Manifest::core(id, id, "1.0.0");
        manifest.alias_ids = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        Arc::new(CorePlugin::new(manifest, |_, _| async { Ok(QueryDataReply::ready(Vec::new())) }))
    }

    #[test]
    fn a_plugin_is_found_by_id_and_by_alias_until_it_is_removed() {
        let registry = Registry::default();
        registry.add(plugin("grafana-postgresql-datasource", &["postgres"])).unwrap();
        assert_eq!(registry.get("postgres").unwrap().manifest().id, "grafana-postgresql-datasource");
        assert!(registry.get("mysql").is_none());
        assert_eq!(registry.list().len(), 1);
        registry.remove("grafana-postgresql-datasource").unwrap();
        assert!(registry.get("postgres").is_none());
        assert!(matches!(registry.remove("x"), Err(PluginError::NotRegistered { plugin_id }) if plugin_id == "x"));
    }

    #[test]
    fn a_second_plugin_may_take_neither_id_nor_alias_of_the_first() {
        let registry = Registry::default();
        registry.add(plugin("a", &["b"])).unwrap();
        for (id, aliases) in [("a", &[][..]), ("b", &[]), ("c", &["a"]), ("c", &["b"])] {
            let error = registry.add(plugin(id, aliases)).unwrap_err();
            let RegistryError::Duplicate { taken_by, .. } = &error;
            assert_eq!(taken_by, "a", "{error}");
        }
        registry.add(plugin("c", &["d"])).unwrap();
    }
}
