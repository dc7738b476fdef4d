//! The one place where a caller and a data source become a plugin context: lookup, settings, secrets, headers.

use crate::{Caller, QueryError, forward, url_password};
use futures::StreamExt;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
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
    settings: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Grows with every change of a data source, so that what was found before one is not kept after it.
    generation: u64,
    settings: HashMap<(i64, String), Arc<DataSourceSettings>>,
}

impl ContextProvider {
    pub(crate) fn new(store: Arc<dyn DataSourceStore>) -> Self {
        Self { store, redactor: Redactor::default(), settings: Mutex::default() }
    }

    pub(crate) fn with_redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    pub(crate) fn shared_store(&self) -> Arc<dyn DataSourceStore> {
        Arc::clone(&self.store)
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
        let asked = self.kept().generation;
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
            data_source: self.settings(asked, &source).await?,
            timeout: caller.timeout,
        };
        Ok((source, context))
    }

    /// The settings of this version, of a data source that was found after it was `asked` for. Secrets are decrypted once a
    /// version and not once a query.
    async fn settings(&self, asked: u64, source: &DataSource) -> Result<Arc<DataSourceSettings>, StoreError> {
        let key = (source.org_id, source.uid.clone());
        if let Some(settings) = self.kept().settings.get(&key)
            && settings.version == source.version
            && settings.id == source.id
        {
            return Ok(Arc::clone(settings));
        }
        let secrets = self.store.open_secrets(source).await?;
        let owner = SecretOwner::new(source.org_id, &source.uid);
        // Before the settings are of use to anybody, and before the look below.
        self.redactor.learn(&owner, &with_url_password(source, &secrets));
        let settings = Arc::new(settings_of(source, secrets));
        if !self.keep(asked, key, &settings) {
            // Something changed meanwhile. If it was this, what came of following the changes was undone just now.
            let there = self.store.get(source.org_id, &DataSourceKey::uid(&source.uid)).await;
            if let Err(StoreError::NotFound { .. }) = there {
                self.redactor.forget(&owner);
            }
        }
        Ok(settings)
    }

    /// Keeps settings unless anything has changed since they were asked for.
    fn keep(&self, asked: u64, key: (i64, String), settings: &Arc<DataSourceSettings>) -> bool {
        let mut kept = self.kept();
        if kept.generation != asked {
            return false;
        }
        if kept.settings.len() >= MAX_CACHED {
            kept.settings.clear();
        }
        kept.settings.insert(key, Arc::clone(settings));
        true
    }

    /// Drops the settings, and with them the secrets, of every data source that changes or goes. Ends with the store.
    pub(crate) async fn follow_changes(&self) {
        let mut changes = self.store.watch(Revision::default());
        while let Some(change) = changes.next().await {
            let mut kept = self.kept();
            kept.generation = kept.generation.wrapping_add(1);
            if change.kind == ChangeKind::Reset {
                kept.settings.clear();
                continue;
            }
            let owner = SecretOwner::new(change.org_id, &change.uid);
            kept.settings.remove(&(change.org_id, change.uid));
            drop(kept);
            // After the generation has grown: whoever learns them from now on looks whether they are still there.
            if change.kind == ChangeKind::Deleted {
                self.redactor.forget(&owner);
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic while it was held left a cache that is at worst short of an entry.
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be blanked: the secrets, and the password that the URL holds, as it is written and as it is meant.
fn with_url_password<'a>(source: &DataSource, secrets: &'a SecretValues) -> Cow<'a, SecretValues> {
    let Some(written) = url_password::password(&source.url) else { return Cow::Borrowed(secrets) };
    let mut all = secrets.clone();
    all.insert("the URL's password, as it is written", written);
    all.insert("the URL's password", percent_decode_str(written).decode_utf8_lossy());
    Cow::Owned(all)
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
    fn a_password_in_the_url_is_blanked_as_a_secret_is() {
        let store = MemoryStore::new([DataSource::new("a", "A", "testdata").with_url("http://me:hunter2%21%40@db")]);
        let provider = ContextProvider::new(Arc::new(store.unwrap()));
        ask(&provider);
        for said in ["http://me:hunter2%21%40@db is down", "401 for me:hunter2!@"] {
            assert!(!provider.redactor.redact(said).contains("hunter2"), "{said}");
        }
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

    #[test]
    fn a_data_source_that_goes_while_its_secrets_are_opened_leaves_none_of_them_in_memory() {
        let source = DataSource::new("a", "A", "testdata").with_secret("token", "hunter2!");
        let store = Arc::new(MemoryStore::new([source]).unwrap());
        let provider = ContextProvider::new(Arc::clone(&store) as Arc<dyn DataSourceStore>);
        let asked = provider.kept().generation;
        let found = store.get(1, &DataSourceKey::uid("a")).now_or_never().unwrap().unwrap();
        store.replace([]).unwrap();
        assert_eq!(provider.follow_changes().now_or_never(), None);
        let late = provider.settings(asked, &found).now_or_never().unwrap().unwrap();
        assert_eq!(late.secrets.get("token"), Some("hunter2!"), "who asked in time is served");
        let held = Arc::downgrade(&late);
        drop(late);
        assert!(held.upgrade().is_none());
        assert_eq!(provider.redactor.redact("hunter2!"), "hunter2!", "it is forgotten");
    }
}
