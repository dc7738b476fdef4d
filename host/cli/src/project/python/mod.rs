//! Projects in Python: a module of its own, with the SDK's sources below `sdk/`, which needs nothing to be installed.

mod build;

use crate::project::template::Files;
pub(super) use build::{MODULE, PythonProject};

/// Adds the SDK.
pub(super) fn complete(files: &mut Files) {
    files.embed("guest-sdk/python", "sdk/python");
    files.embed("LICENSE", "sdk/LICENSE");
}
