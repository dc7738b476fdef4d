//! Plugins as files: what a component holds ([`Inspection`]), and how it is made ready to be published ([`pack`]).
//!
//! Nothing here compiles or runs a plugin, and every byte it reads may be a stranger's: sizes, counts and nesting are
//! bounded before they are believed. What the manifest's keys mean is `wellhead-manifest`'s business; what a host does
//! with a plugin is the runtime's.

mod binary;
mod error;
mod file;
mod inspect;
mod pack;

pub use error::ComponentError;
pub use file::{ManifestPlace, PluginFile};
pub use inspect::{CustomSize, Finding, Inspection, Interface, ModuleSize, Reach, Sdk, Severity, Sizes, Tool, check};
pub use pack::{Dropped, Optimised, Optimiser, Packed, pack, write_atomically};

/// Name of the custom section in which an SDK says its name and version: `NAME VERSION`, as text.
pub const SDK_SECTION: &str = "wellhead:sdk";

/// Most bytes of a file that is read: far over what a host loads, so that what debug sections made too large can be
/// packed.
pub const MAX_FILE_BYTES: usize = 512 << 20;
