//! Who may subscribe: the org, the data source's permissions, and then the plugin's own word.

use super::gates::PATIENCE;
use super::hub::Inner;
use super::{Authority, Channel, LiveError, Scope, SubscriptionEnd};
use crate::{Caller, Denied, QueryError};
use wellhead_frame::Frame;
use wellhead_runtime::{ErrorSource, PluginContext, PluginError, Role, StreamAccess, StreamRequest};
use wellhead_store::{DataSourceKey, StoreError};

/// Asks whether a subscription may begin, and what to show first.
pub(super) async fn ask(
    hub: &Inner,
    authority: &dyn Authority,
    channel: &Channel,
    data: &str,
) -> Result<Option<Frame>, LiveError> {
    let (_, Some(context)) = ask_host(hub, authority, channel).await? else { return Ok(None) };
    let gate = hub.gates.of(channel);
    let Some(_turn) = gate.first().await else {
        let reason = format!("too many others wait to be let in; none of them was for {PATIENCE:?}: try again");
        return Err(LiveError::Unavailable { channel: channel.clone(), reason });
    };
    ask_plugin(hub, context, channel, data).await
}

/// What the host itself has to say: who the subscriber is, and which data sources that one may use. With what to ask the
/// plugin in, where one feeds the channel.
pub(super) async fn ask_host(
    hub: &Inner,
    authority: &dyn Authority,
    channel: &Channel,
) -> Result<(Caller, Option<PluginContext>), LiveError> {
    let caller = authority.caller().await.map_err(|reason| denied(channel, reason))?;
    in_own_org(&caller, channel)?;
    let context = match channel.scope() {
        Scope::Stream if caller.role.is_none() => {
            return Err(denied(channel, Denied::new("it takes a role in the org: ask an admin of it")));
        }
        Scope::Stream => None,
        Scope::DataSource => Some(context(hub, &caller, channel).await?),
    };
    Ok((caller, context))
}

/// What to ask the plugin that feeds a channel in, on behalf of one who may use its data source.
pub(super) async fn context(hub: &Inner, caller: &Caller, channel: &Channel) -> Result<PluginContext, LiveError> {
    let key = DataSourceKey::uid(channel.namespace());
    Ok(hub.contexts.context(caller, &key).await?.1)
}

/// What the plugin has to say to one whom the host lets in.
pub(super) async fn ask_plugin(
    hub: &Inner,
    context: PluginContext,
    channel: &Channel,
    data: &str,
) -> Result<Option<Frame>, LiveError> {
    let request = StreamRequest { path: channel.path().to_owned(), data: data.to_owned() };
    let answer = hub.plugins.subscribe_stream(context, request).await?;
    granted(channel, answer.access)?;
    Ok(answer.initial)
}

/// Whether the caller may publish to a channel that no plugin has a word in.
pub(super) fn may_publish(caller: &Caller, channel: &Channel) -> Result<(), LiveError> {
    if caller.role >= Some(Role::Editor) {
        return Ok(());
    }
    Err(denied(channel, Denied::new("publishing takes the role Editor in the org: ask an admin of it")))
}

pub(super) fn in_own_org(caller: &Caller, channel: &Channel) -> Result<(), LiveError> {
    if caller.org_id == channel.org_id() {
        return Ok(());
    }
    let reason = format!("it belongs to org {}, and you are in org {}: switch orgs", channel.org_id(), caller.org_id);
    Err(denied(channel, Denied::new(reason)))
}

/// What a plugin says, as a failure where it says no.
pub(super) fn granted(channel: &Channel, access: StreamAccess) -> Result<(), LiveError> {
    match access {
        StreamAccess::Ok => Ok(()),
        StreamAccess::NotFound => Err(LiveError::NotFound { channel: channel.clone() }),
        StreamAccess::PermissionDenied => {
            Err(denied(channel, Denied::new("the plugin refuses it: ask the data source's owner")))
        }
    }
}

fn denied(channel: &Channel, reason: Denied) -> LiveError {
    LiveError::Denied { channel: channel.clone(), reason }
}

/// Whether a failure to ask again ends a subscription. A plugin that cannot be asked just now has not said no; one that
/// says so by an error of its own has.
pub(super) fn ends(hub: &Inner, error: &LiveError) -> Option<SubscriptionEnd> {
    match error {
        LiveError::Denied { reason, .. } => Some(SubscriptionEnd::Denied(reason.clone())),
        LiveError::NotFound { .. } => Some(SubscriptionEnd::NotFound),
        LiveError::Query(error) => match &**error {
            QueryError::AccessDenied { reason, .. } => Some(SubscriptionEnd::Denied(reason.clone())),
            QueryError::Store(StoreError::NotFound { .. }) => Some(SubscriptionEnd::Deleted),
            QueryError::Plugin(PluginError::Guest(said)) if said.source_of_error == ErrorSource::Plugin => {
                match said.status {
                    401 | 403 => {
                        let words = hub.contexts.redactor.redact(&said.message).into_owned();
                        Some(SubscriptionEnd::Denied(Denied::new(words)))
                    }
                    404 => Some(SubscriptionEnd::NotFound),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}
