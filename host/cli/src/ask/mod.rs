//! Asking a data source: what is asked, and the two ways to ask it. Over HTTP of a server (`remote`), or of a plugin in
//! this process (`local`); both answer alike.

mod local;
mod remote;
mod remote_channel;
mod request;
mod settings;
mod source;

pub(crate) use local::{Local, LocalArgs, answers, compile_cache};
pub(crate) use remote::Remote;
pub(crate) use remote_channel::RemoteChannel;
pub(crate) use request::{QueryDefaults, Request};
pub(crate) use settings::{from_entry as settings_from_entry, read as settings};
pub(crate) use source::SourceArgs;
