//! Projects in JavaScript: a package of its own, with the SDK's sources below `sdk/`.

mod build;

use crate::project::embedded;
use crate::project::template::Files;
use anyhow::{Context, Result};
pub(super) use build::{JsProject, PACKAGE};
use serde_json::{Map, Value};

const MANIFEST: &str = "guest-sdk/js/package.json";

/// Adds the SDK.
pub(super) fn complete(files: &mut Files) -> Result<()> {
    files.embed("guest-sdk/js", "sdk/js");
    files.embed("guest-sdk/wit", "sdk/js/wit");
    files.embed("LICENSE", "sdk/LICENSE");
    let mut manifest: Map<String, Value> = serde_json::from_str(embedded::text(MANIFEST)).context(MANIFEST)?;
    // What the SDK is tested with is not what a plugin is built with, and large.
    manifest.remove("devDependencies");
    manifest.remove("scripts");
    files.put("sdk/js/package.json", serde_json::to_vec_pretty(&manifest)?);
    Ok(())
}
