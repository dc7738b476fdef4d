//! Changes of what is granted. Each reads what there is and writes what is to be, one at a time, so that of two at once
//! neither takes the other back.

use crate::auth::{Entry, SignedIn};
use crate::http::ApiError;
use axum::http::StatusCode;
use std::sync::Arc;
use wellhead::{DataSource, DataSourceKey, Operation};
use wellhead_identity::{Entity, Grant, Grantee, Identities, IdentityError, Permission, Role};

pub(super) type Change = (Grantee, Option<Permission>);

/// The entry that keeps a data source closed to whoever is not named.
const OF_ADMINS: Grantee = Grantee::Role(Role::Admin);

/// What a data source is taken to start from, when its first grants are made.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// Only those named may use it.
    Closed,
    /// Members may query it, as they could before.
    Open,
}

/// What is in force where nobody was granted anything: what Grafana gives a new data source.
pub(super) const OPEN: [(Grantee, Permission); 3] = [
    (Grantee::Role(Role::Viewer), Permission::Query),
    (Grantee::Role(Role::Editor), Permission::Query),
    (OF_ADMINS, Permission::Admin),
];

/// Sets or takes away what each grantee may do, all or none of it.
pub(super) async fn set(
    signed_in: &SignedIn,
    source: &Arc<DataSource>,
    start: Start,
    changes: Vec<Change>,
) -> Result<Vec<Grant>, ApiError> {
    if changes.iter().any(|(grantee, permission)| *grantee == OF_ADMINS && *permission != Some(Permission::Admin)) {
        let message = "Admins of an org may do everything with its data sources";
        let detail = "nothing can be taken from them: make the member an Editor or Viewer instead";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message).with_detail(detail));
    }
    changed(signed_in, source, &shown(&changes), move |identities, source| async move {
        let is_first = identities.grants(source.org_id, &source.uid)?.is_empty();
        let begin =
            if is_first && matches!(start, Start::Open) { &OPEN[..] } else { &[(OF_ADMINS, Permission::Admin)] };
        let begin = begin.iter().map(|(grantee, permission)| (*grantee, Some(*permission)));
        let all = begin.chain(changes).collect();
        Ok(identities.set_grants(source.org_id, &source.uid, all).await?)
    })
    .await
}

/// Takes one grant away. That of the admins goes last, and opens the data source to every member.
pub(super) async fn remove(signed_in: &SignedIn, source: &Arc<DataSource>, id: i64) -> Result<(), ApiError> {
    changed(signed_in, source, &format!("without {id}"), move |identities, source| async move {
        let (org_id, uid) = (source.org_id, source.uid.as_str());
        let grants = identities.grants(org_id, uid)?;
        let found = grants.iter().find(|grant| grant.id == id);
        let key = || format!("{id} on data source {uid:?}");
        let found = found.ok_or_else(|| IdentityError::NotFound { entity: Entity::Grant, key: key() })?;
        if found.grantee != OF_ADMINS {
            let changes = vec![(OF_ADMINS, Some(Permission::Admin)), (found.grantee, None)];
            identities.set_grants(org_id, uid, changes).await?;
        } else if grants.len() == 1 {
            identities.remove_grant(org_id, uid, id).await?;
        } else {
            let message = "The permission of the admins keeps the data source closed to others";
            let detail = "delete the other permissions first; without any, every member of the org may query";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, message).with_detail(detail));
        }
        Ok(())
    })
    .await
}

async fn changed<T: Send + 'static, W: Future<Output = Result<T, ApiError>> + Send + 'static>(
    signed_in: &SignedIn,
    source: &Arc<DataSource>,
    what: &str,
    work: impl FnOnce(Identities, Arc<DataSource>) -> W + Send + 'static,
) -> Result<T, ApiError> {
    let details = [("permissions", what)];
    let entry = Entry { action: "datasource.permissions", target: source.uid.clone(), details: &details };
    let (app, before) = (signed_in.app.clone(), Arc::clone(source));
    let work = |identities: Identities| async move {
        let _one_at_a_time = app.granting.lock().await;
        // It may have got another uid meanwhile: permissions on the old one would close nothing.
        let key = DataSourceKey::uid(&before.uid);
        let source = app.wellhead.data_sources().get(before.org_id, &key).await;
        let source = source.map_err(|error| ApiError::of(Operation::DataSource, error))?;
        work(identities, source).await
    };
    signed_in.change(entry, work).await
}

fn shown(changes: &[Change]) -> String {
    let one = |(grantee, permission): &Change| {
        let who = match grantee {
            Grantee::User(id) => format!("user {id}"),
            Grantee::ServiceAccount(id) => format!("service account {id}"),
            Grantee::Role(role) => format!("role {role}"),
        };
        format!("{who}: {}", permission.map_or("none", Permission::as_str))
    };
    changes.iter().map(one).collect::<Vec<_>>().join(", ")
}
