//! A plugin's project on its author's machine: how a new one is made, and what one is.
//!
//! Here is what a project is made of and built with, for each [`Language`]. What is run with it, and what a person sees of
//! that, is `dev`'s business.

mod embedded;
mod found;
mod js;
mod language;
mod name;
mod process;
mod python;
mod rust;
mod scripted;
mod template;
mod write;

pub(crate) use found::{Artifact, Built, Project};
pub(crate) use language::Language;
pub(crate) use name::{BadName, Name};
pub(crate) use process::Stop;
pub(crate) use template::Template;
pub(crate) use write::create;
