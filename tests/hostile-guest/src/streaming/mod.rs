//! Live channels: who is let in, what is published, and runs that misbehave, each by the channel's path.

mod packets;
mod run;

use crate::cancel::sleep_ms;
use crate::deed::{self, error};
use crate::exports::wellhead::plugin::streaming::{Access, Published, Subscribed};
use crate::frames::valid;
use crate::spin;
use crate::wellhead::plugin::types::PluginError;

pub(crate) use run::run;

const HOUR_MS: u64 = 3_600_000;

/// Everybody may, except where the path says otherwise.
pub(crate) async fn subscribe(path: &str) -> Result<Subscribed, PluginError> {
    let (access, initial) = match path {
        "missing" => (Access::NotFound, None),
        "forbidden" => (Access::PermissionDenied, None),
        "forbidden-initial" => (Access::PermissionDenied, Some(valid::frame(1))),
        "initial" => (Access::Ok, Some(valid::frame(1))),
        "bad-initial" => (Access::Ok, Some(vec![0xff; 64])),
        "huge-initial" => (Access::Ok, Some(valid::frame(9 << 18))),
        "subscribe-error" => return Err(error(502, "there is nobody to ask")),
        "subscribe-secret" => return Err(error(401, format!("not with {}", deed::secret()))),
        "subscribe-trap" => panic!("asked to panic in subscribe-stream"),
        "subscribe-spin" => spin::forever(),
        "subscribe-late" => {
            sleep_ms(HOUR_MS).await;
            (Access::Ok, None)
        }
        _ => (Access::Ok, None),
    };
    Ok(Subscribed { access, initial })
}

/// Nobody may, except where the path says otherwise.
pub(crate) async fn publish(path: &str) -> Result<Published, PluginError> {
    let (access, data) = match path {
        "publish-ok" => (Access::Ok, None),
        "publish-data" => (Access::Ok, Some(r#"{"said":"something else"}"#.to_owned())),
        "publish-bad-json" => (Access::Ok, Some(r#"{"said":"#.to_owned())),
        "publish-huge" => (Access::Ok, Some(format!("\"{}\"", "x".repeat(32 << 20)))),
        "publish-missing" => (Access::NotFound, None),
        "publish-error" => return Err(error(502, "there is nobody to tell")),
        "publish-trap" => panic!("asked to panic in publish-stream"),
        "publish-late" => {
            sleep_ms(HOUR_MS).await;
            (Access::Ok, None)
        }
        // `publish-forbidden` among them.
        _ => (Access::PermissionDenied, None),
    };
    Ok(Published { access, data })
}
