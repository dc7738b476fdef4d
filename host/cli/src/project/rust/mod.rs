//! Projects in Rust: a package of its own, with the SDK's sources below `sdk/`.

mod cargo;
mod lock;
mod manifest;

use crate::project::template::Files;
use anyhow::Result;
pub(super) use cargo::CargoProject;
use manifest::Workspace;

/// Where the SDK's packages lie in this repository. In the project they lie to each other and to the contract as they do
/// here, because they name each other by paths.
const PACKAGES: [&str; 2] = ["guest-sdk", "guest-sdk/frame"];
/// What the template names in its own manifest.
const DIRECT: [&str; 2] = ["serde", "wellhead-sdk"];
const LEGEND: &str = "# The SDK's manifest, with what it has from Wellhead's workspace written into it.\n\n";

/// What the template's manifest leaves open.
pub(super) fn values() -> Result<Vec<(&'static str, String)>> {
    let workspace = Workspace::read()?;
    Ok(vec![
        ("edition", workspace.package("edition")?.to_owned()),
        ("rust-version", workspace.package("rust-version")?.to_owned()),
        ("dependency:serde", workspace.dependency("serde")?),
    ])
}

/// Adds the SDK and the lock file.
pub(super) fn complete(name: &str, files: &mut Files) -> Result<()> {
    let workspace = Workspace::read()?;
    files.embed("guest-sdk/src", "sdk/rust/src");
    files.embed("guest-sdk/frame/src", "sdk/rust/frame/src");
    files.embed("wit", "sdk/wit");
    files.embed("LICENSE", "sdk/LICENSE");
    let mut manifests = Vec::new();
    for package in PACKAGES {
        let manifest = workspace.manifest(package)?;
        let place = package.replacen("guest-sdk", "sdk/rust", 1);
        files.put(format!("{place}/Cargo.toml"), format!("{LEGEND}{}", toml::to_string(&manifest)?));
        manifests.push(manifest);
    }
    files.put("Cargo.lock", lock::lock(name, &manifests, &DIRECT)?);
    Ok(())
}
