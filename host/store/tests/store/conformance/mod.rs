//! What the trait promises, run over every store.

mod changing;
mod finding;
mod watching;

use crate::support::{in_memory, open};
use std::sync::Arc;
use wellhead_store::{CachedStore, DataSourceStore, MemoryStore};

/// A store of each kind, empty, by name. What a test leaves on disk goes with the folder.
async fn stores() -> (tempfile::TempDir, Vec<(&'static str, Arc<dyn DataSourceStore>)>) {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = open(&folder).await;
    let cached = CachedStore::new(Arc::new(in_memory().await));
    let stores: Vec<(_, Arc<dyn DataSourceStore>)> = vec![
        ("memory", Arc::new(MemoryStore::default())),
        ("redb in memory", Arc::new(in_memory().await)),
        ("redb on disk", Arc::new(on_disk)),
        ("cached redb", Arc::new(cached)),
    ];
    (folder, stores)
}

/// A test for every store: `conform!(what_it_promises, |store| async block)`.
macro_rules! conform {
    ($name:ident, $store:ident, $body:block) => {
        #[tokio::test]
        async fn $name() {
            let (_folder, stores) = crate::conformance::stores().await;
            for (kind, $store) in stores {
                println!("{kind}");
                $body
            }
        }
    };
}
pub(crate) use conform;
