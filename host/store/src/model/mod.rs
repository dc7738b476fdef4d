//! What a data source is, what may be asked to become of one, and the rules both keep.

pub(crate) mod check;
mod command;
mod data_source;
pub(crate) mod rules;
mod secrets;
mod uid;

pub use check::{InvalidField, MAX_NAME_CHARS, MAX_UID_CHARS, MAX_URL_CHARS};
pub use command::{Author, DeleteDataSource, UpdateDataSource};
pub use data_source::{Access, DataSource};
pub use secrets::Secrets;
