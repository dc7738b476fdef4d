//! The routes beside the query: one file a subject.

pub(crate) mod data_sources;
pub(crate) mod health;
pub(crate) mod maintenance;
pub(crate) mod openapi;
pub(crate) mod plugins;
pub(crate) mod proxy;
pub(crate) mod resources;
pub(crate) mod system;
