//! The one place where a caller and a data source become a plugin context: lookup, settings, secrets, headers.

use crate::{Caller, QueryError, forward};
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wellhead_runtime::{DataSourceSettings, PluginContext};
use wellhead_secrets::{Redactor, SecretOwner};
use wellhead_store::{ChangeKind, DataSource, DataSourceKey, DataSourceStore, Revision, SecretValues, StoreError};

/// Settings kept at most. Past that all are made anew, which costs a copy each.
const MAX_CACHED: usize = 10_000;

pub(crate) struct ContextProvider {
    store: Arc<dyn DataSourceStore>,
    /// Learns what is opened.
    pub(crate) redactor: Redactor,
    /// Settings by (org, uid), so that secrets are copied once a version and not once a query.
    settings: Mutex<HashMap<(i64, String), Arc<DataSourceSettings>>>,
}

impl ContextProvider {
    pub(crate) fn new(store: Arc<dyn DataSourceStore>) -> Self {
        Self { store, redactor: Redactor::default(), settings: Mutex::default() }
    }

    pub(crate) fn store(&self) -> &dyn DataSourceStore {
        &*self.store
    }

    /// The data source `key` of the caller's org and the context to call its plugin in.
    pub(crate) async fn context(
        &self,
        caller: &Caller,
        key: &DataSourceKey,
    ) -> Result<(Arc<DataSource>, PluginContext), QueryError> {
        let source = self.store.get(caller.org_id, key).await?;
        if let Some(permissions) = &caller.permissions {
            let denied = |reason| QueryError::AccessDenied { uid: source.uid.clone(), reason };
            permissions.check(&source).map_err(denied)?;
        }
        let context = PluginContext {
            org_id: caller.org_id,
            user: caller.user.clone(),
            headers: forward::for_query(&caller.headers, &source),
            traceparent: caller.traceparent.clone(),
            data_source: self.settings(&source).await?,
            timeout: caller.timeout,
        };
        Ok((source, context))
    }

    /// The settings of this version. Secrets are decrypted once a version and not once a query.
    async fn settings(&self, source: &DataSource) -> Result<Arc<DataSourceSettings>, StoreError> {
        let key = (source.org_id, source.uid.clone());
        if let Some(settings) = self.cached().get(&key)
            && settings.version == source.version
            && settings.id == source.id
        {
            return Ok(Arc::clone(settings));
        }
        let secrets = self.store.open_secrets(source).await?;
        self.redactor.learn(&SecretOwner::new(source.org_id, &source.uid), &secrets);
        let settings = Arc::new(settings_of(source, secrets));
        let mut cached = self.cached();
        if cached.len() >= MAX_CACHED {
            cached.clear();
        }
        cached.insert(key, Arc::clone(&settings));
        Ok(settings)
    }

    /// Drops the settings, and with them the secrets, of every data source that changes or goes. Ends with the store.
    pub(crate) async fn follow_changes(&self) {
        let mut changes = self.store.watch(Revision::default());
        while let Some(change) = changes.next().await {
            match change.kind {
                ChangeKind::Put => {
                    self.cached().remove(&(change.org_id, change.uid));
                }
                ChangeKind::Deleted => {
                    self.redactor.forget(&SecretOwner::new(change.org_id, &change.uid));
                    self.cached().remove(&(change.org_id, change.uid));
                }
                ChangeKind::Reset => self.cached().clear(),
            }
        }
    }

    fn cached(&self) -> MutexGuard<'_, HashMap<(i64, String), Arc<DataSourceSettings>>> {
        // A panic while it was held left a cache that is at worst short of an entry.
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn settings_of(source: &DataSource, secrets: SecretValues) -> DataSourceSettings {
    DataSourceSettings {
        id: source.id,
        uid: source.uid.clone(),
        org_id: source.org_id,
        plugin_id: source.plugin_id.clone(),
        name: source.name.clone(),
        url: source.url.clone(),
        user: source.user.clone(),
        database: source.database.clone(),
        basic_auth: source.basic_auth,
        basic_auth_user: source.basic_auth_user.clone(),
        json_data: source.json_data.clone(),
        secrets,
        version: source.version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Denied, QueryPermissions};
    use futures::FutureExt;
    use wellhead_store::MemoryStore;

    fn ask(provider: &ContextProvider) -> PluginContext {
        let found = provider.context(&Caller::default(), &DataSourceKey::uid("a")).now_or_never();
        found.unwrap().unwrap().1
    }

    #[test]
    fn settings_are_shared_until_the_data_source_changes() {
        let source = || DataSource::new("a", "A", "testdata").with_secret("token", "hunter2!");
        let store = Arc::new(MemoryStore::new([source()]).unwrap());
        let provider = ContextProvider::new(Arc::clone(&store) as Arc<dyn DataSourceStore>);
        let first = ask(&provider);
        assert_eq!(first.data_source.secrets.get("token"), Some("hunter2!"));
        assert!(Arc::ptr_eq(&first.data_source, &ask(&provider).data_source));
        store.replace([source().with_url("http://new")]).unwrap();
        assert_eq!(ask(&provider).data_source.url, "http://new");
    }

    #[test]
    fn a_caller_who_may_not_query_a_data_source_gets_no_context() {
        struct Nobody;
        impl QueryPermissions for Nobody {
            fn check(&self, _: &DataSource) -> Result<(), Denied> {
                Err(Denied::new("ask its owner"))
            }
        }
        let store = Arc::new(MemoryStore::new([DataSource::new("a", "A", "testdata")]).unwrap());
        let provider = ContextProvider::new(store);
        let caller = Caller { permissions: Some(Arc::new(Nobody)), ..Caller::default() };
        let refused = provider.context(&caller, &DataSourceKey::uid("a")).now_or_never().unwrap().unwrap_err();
        assert_eq!(refused.to_string(), "access to data source \"a\" is denied: ask its owner");
    }

    #[test]
    fn a_data_source_that_goes_takes_its_secrets_out_of_memory() {
        let store = Arc::new(MemoryStore::new([DataSource::new("a", "A", "testdata")]).unwrap());
        let provider = ContextProvider::new(Arc::clone(&store) as Arc<dyn DataSourceStore>);
        let held = Arc::downgrade(&ask(&provider).data_source);
        store.replace([]).unwrap();
        assert!(held.upgrade().is_some());
        assert_eq!(provider.follow_changes().now_or_never(), None, "it goes on as long as the store lives");
        assert!(held.upgrade().is_none());
    }
}
