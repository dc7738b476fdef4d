//! Who may subscribe: the org, the data source's permissions, and then the plugin's own word.

use super::hub::Inner;
use super::{Authority, Channel, LiveError, Scope, SubscriptionEnd};
use crate::{Caller, Denied, QueryError};
use wellhead_frame::Frame;
use wellhead_runtime::{Role, StreamAccess, StreamRequest};
use wellhead_store::{DataSourceKey, StoreError};

/// Asks whether a subscription may begin, or go on, and what to show first.
pub(super) async fn ask(
    hub: &Inner,
    authority: &dyn Authority,
    channel: &Channel,
    data: &str,
) -> Result<Option<Frame>, LiveError> {
    let caller = authority.caller().await.map_err(|reason| denied(channel, reason))?;
    in_own_org(&caller, channel)?;
    match channel.scope() {
        Scope::Stream if caller.role.is_none() => {
            Err(denied(channel, Denied::new("it takes a role in the org: ask an admin of it")))
        }
        Scope::Stream => Ok(None),
        Scope::DataSource => {
            let key = DataSourceKey::uid(channel.namespace());
            let (_, context) = hub.contexts.context(&caller, &key).await?;
            let request = StreamRequest { path: channel.path().to_owned(), data: data.to_owned() };
            let answer = hub.plugins.subscribe_stream(context, request).await?;
            granted(channel, answer.access)?;
            Ok(answer.initial)
        }
    }
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

/// Whether a failure to ask again ends a subscription. A plugin that cannot be asked just now has not said no.
pub(super) fn ends(error: &LiveError) -> Option<SubscriptionEnd> {
    match error {
        LiveError::Denied { reason, .. } => Some(SubscriptionEnd::Denied(reason.clone())),
        LiveError::NotFound { .. } => Some(SubscriptionEnd::NotFound),
        LiveError::Query(error) => match &**error {
            QueryError::AccessDenied { reason, .. } => Some(SubscriptionEnd::Denied(reason.clone())),
            QueryError::Store(StoreError::NotFound { .. }) => Some(SubscriptionEnd::Deleted),
            _ => None,
        },
        _ => None,
    }
}
