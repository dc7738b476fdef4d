//! What an operator can say to a plugin. Each answers the plugin as it is afterwards.
//!
//! What was begun is finished, also where the client goes away meanwhile; and what is to outlive the process is kept
//! before the answer goes out.

use super::item::item;
use super::onlooker::Onlooker;
use super::operator::{Operator, failed};
use crate::auth::to_its_end;
use crate::http::ApiError;
use crate::state::AppState;
use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use wellhead::{LoadError, OperatorState, PluginRecord};

type Answer = Result<Json<Value>, ApiError>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AutoReload {
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Release {
    #[serde(default = "first_org")]
    org_id: i64,
    uid: String,
}

fn first_org() -> i64 {
    1
}

pub(super) async fn reload(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    finish(operator, "plugin.reload", async move {
        let loaded = app.wellhead.runtime().reload(&id).await.map_err(failed)?;
        loaded.map(drop).map_err(|error| refused(&error))
    })
    .await
}

pub(super) async fn roll_back(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    finish(
        operator,
        "plugin.rollback",
        async move { app.wellhead.runtime().roll_back(&id).await.map(drop).map_err(failed) },
    )
    .await
}

pub(super) async fn pin(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    let Pin { hash } = operator.needed_body(r#"{"hash":"…"}, from the start of it up to all 64 digits"#)?;
    finish(
        operator,
        "plugin.pin",
        async move { app.wellhead.runtime().pin(&id, &hash).await.map(drop).map_err(failed) },
    )
    .await
}

pub(super) async fn unpin(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    finish(operator, "plugin.unpin", async move { app.wellhead.runtime().unpin(&id).await.map(drop).map_err(failed) })
        .await
}

pub(super) async fn enable(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    finish(operator, "plugin.enable", async move { app.wellhead.runtime().enable(&id).await.map(drop).map_err(failed) })
        .await
}

pub(super) async fn disable(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    finish(operator, "plugin.disable", async move { app.wellhead.runtime().disable(&id).map(drop).map_err(failed) })
        .await
}

pub(super) async fn auto_reload(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    let AutoReload { enabled } = operator.needed_body(r#"{"enabled":true} or {"enabled":false}"#)?;
    if enabled && !app.wellhead.follows_plugins() {
        let message = "this host does not follow its plugins folder: start it with auto-reload on, or reload by hand";
        return Err(ApiError::new(StatusCode::CONFLICT, message));
    }
    finish(operator, "plugin.autoReload", async move {
        app.wellhead.runtime().auto_reload(&id, enabled).await.map(drop).map_err(failed)
    })
    .await
}

pub(super) async fn decommission(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    finish(operator, "plugin.decommission", async move {
        app.wellhead.runtime().decommission(&id).await.map(drop).map_err(failed)
    })
    .await
}

pub(super) async fn release(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    let named: Option<Release> = operator.body()?;
    finish(operator, "plugin.release", async move {
        let source = named.as_ref().map(|named| (named.org_id, named.uid.as_str()));
        let released = app.wellhead.runtime().release(&id, source).map_err(failed)?;
        match named {
            Some(Release { org_id, uid }) if released == 0 => {
                let message = format!("data source {uid:?} of org {org_id} is not quarantined for plugin {id:?}");
                Err(ApiError::new(StatusCode::CONFLICT, message))
            }
            _ => Ok(()),
        }
    })
    .await
}

pub(super) async fn remove(operator: Operator) -> Answer {
    let (id, app) = (operator.id(), operator.app.clone());
    finish(operator, "plugin.remove", async move { app.wellhead.runtime().remove(&id).await.map_err(failed) }).await
}

/// Does `work` to its end, keeps what is to be kept, writes both down under `action`, and answers with what the plugin has
/// become.
async fn finish(
    operator: Operator,
    action: &'static str,
    work: impl Future<Output = Result<(), ApiError>> + Send + 'static,
) -> Answer {
    let Operator { app, client, plugin, .. } = operator;
    to_its_end(async move {
        let done = async {
            work.await?;
            keep(&app, &plugin).await
        };
        let done = done.await;
        client.audit(action, &plugin.manifest.id, &done);
        done?;
        let now = app.wellhead.plugins().get(&plugin.manifest.id).unwrap_or(plugin);
        Ok(Json(item(&app.wellhead, &now, Onlooker::of(&client))))
    })
    .await
}

/// What is said at the same time is kept one after the other, so that the last word stays.
async fn keep(app: &AppState, plugin: &PluginRecord) -> Result<(), ApiError> {
    let Some(keeper) = &app.keeper else { return Ok(()) };
    let _one_at_a_time = app.keeping.lock().await;
    let id = plugin.manifest.id.clone();
    let status = app.wellhead.runtime().plugin_status(&id);
    let state = status.map_or_else(OperatorState::default, |status| status.operator_state());
    let keeper = Arc::clone(keeper);
    let kept = tokio::task::spawn_blocking(move || keeper.keep(&id, state)).await;
    kept.map_err(|_| ApiError::internal())?.map_err(|error| {
        let message = format!("done, but it will be forgotten at the next start: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    })
}

/// What an operator hears of a file that was refused.
fn refused(error: &LoadError) -> ApiError {
    let status = match error {
        LoadError::Read { .. } | LoadError::Registry { .. } => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    ApiError::new(status, error.to_string())
}
