//! What becomes of runs when their data source changes or goes.

use super::SubscriptionEnd;
use super::hub::Inner;
use futures::StreamExt;
use wellhead_store::{ChangeKind, DataSourceKey, DataSourceStore, Revision, StoreError};

/// Ends with the store.
pub(super) async fn follow(hub: &Inner) {
    let store = hub.contexts.store();
    let mut changes = store.watch(Revision::default());
    while let Some(change) = changes.next().await {
        match change.kind {
            // Whether its settings differ from those that run is the run's to see.
            ChangeKind::Put => {
                hub.topics()
                    .of_data_source(change.org_id, &change.uid)
                    .iter()
                    .for_each(|topic| topic.look_at_settings());
            }
            ChangeKind::Deleted => end(hub, change.org_id, &change.uid),
            ChangeKind::Reset => look_at_all(hub, store).await,
        }
    }
}

fn end(hub: &Inner, org_id: i64, uid: &str) {
    let topics = hub.topics().of_data_source(org_id, uid);
    topics.iter().for_each(|topic| hub.end(topic, SubscriptionEnd::Deleted));
}

/// What was deleted is not known: each is looked for.
async fn look_at_all(hub: &Inner, store: &dyn DataSourceStore) {
    for (org_id, uid) in hub.data_sources() {
        match store.get(org_id, &DataSourceKey::uid(uid.as_str())).await {
            Err(StoreError::NotFound { .. }) => end(hub, org_id, &uid),
            _ => hub.topics().of_data_source(org_id, &uid).iter().for_each(|topic| topic.look_at_settings()),
        }
    }
}
