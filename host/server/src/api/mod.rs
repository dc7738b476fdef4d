//! The routes beside the query: one file or folder a subject.

mod common;
pub(crate) mod data_sources;
pub(crate) mod frontend_settings;
pub(crate) mod health;
pub(crate) mod maintenance;
pub(crate) mod openapi;
pub(crate) mod orgs;
pub(crate) mod permissions;
pub(crate) mod plugins;
pub(crate) mod proxy;
pub(crate) mod resources;
pub(crate) mod service_accounts;
pub(crate) mod system;
pub(crate) mod users;
