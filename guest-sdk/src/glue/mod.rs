//! The contract's calls on one side, the author's traits on the other. Only what differs between them lives here; it is
//! compiled for guests alone, and reached through `export!`.

pub mod bindings;
mod convert;
pub mod datasource;
pub mod exports;
pub mod resources;
pub mod streaming;

use std::cell::OnceCell;
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::rc::Rc;
use std::thread::LocalKey;

use futures::future::{Either, select};
use wit_bindgen::FutureReader;

use crate::{Error, ErrorSource};
use bindings::datasource::wellhead::plugin::types::CancelReason;

/// Where `export!` keeps the one data source that this instance serves.
pub(crate) type Slot<S> = LocalKey<OnceCell<Rc<S>>>;

/// The data source, once `configure` has made it.
fn instance<S>(slot: &'static Slot<S>) -> Result<Rc<S>, Error> {
    slot.with(OnceCell::clone)
        .into_inner()
        .ok_or_else(|| Error::plugin("the host called before it had configured the data source"))
}

/// Runs `work` until it is done or the host says that nobody waits; then drops it.
async fn until_cancelled<T>(cancel: FutureReader<CancelReason>, work: impl Future<Output = T>) -> Result<T, Error> {
    match select(pin!(work), pin!(IntoFuture::into_future(cancel))).await {
        Either::Left((value, _)) => Ok(value),
        Either::Right((reason, _)) => Err(cancelled(reason)),
    }
}

/// What a cancelled call answers; nobody reads it.
fn cancelled(reason: CancelReason) -> Error {
    Error::new(499, ErrorSource::Plugin, format_args!("cancelled: {reason:?}"))
}
