//! The configuration of a host: flags over environment over `wellhead.toml` over defaults, with the origin of every value.
//!
//! It says what was asked for and refuses what cannot be meant; whether a folder is there is the business of who opens it.

mod fault;
mod file;
mod key;
mod limits;
mod settings;
mod value;

pub(crate) use fault::{Fault, Faults};
use file::File;
use key::Key;
pub(crate) use limits::{Limited, Scope};
pub(crate) use settings::{ConfigArgs, Settings};
pub(crate) use value::{CorsOrigins, Grants, Listen, LogFilter, LogFormat, MasterKeyPlace, Switch};
