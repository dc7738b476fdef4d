//! A stranger's `.wasm`, as `wellhead inspect` and `wellhead pack` take it.

use std::path::PathBuf;
use wellhead_component::{Inspection, PluginFile, Severity, pack};
use wellhead_manifest::Outline;

/// What hosts load by default.
const LIMIT: usize = 64 << 20;

/// The manifest that is put in.
const MANIFEST: &[u8] = br#"{"id":"packed"}"#;

/// A `.wasm` file: what is shown of it adds up to the file, and what can be packed shows the same from outside, holds the
/// new manifest, and stays as it is when it is packed again.
pub fn component(data: &[u8]) -> bool {
    let file = PluginFile { path: PathBuf::from("x.wasm"), wasm: data.to_vec(), sidecar: None };
    let inspected = Inspection::of(&file, LIMIT);
    if let Ok(seen) = &inspected {
        let sizes = &seen.sizes;
        let told = [sizes.code, sizes.data, sizes.names, sizes.debug, sizes.manifest, sizes.custom, sizes.structure];
        assert_eq!(told.iter().sum::<usize>(), data.len());
        assert!(seen.findings.iter().all(|finding| finding.message.len() < 8_192), "a finding repeats no whole file");
        assert_eq!(seen.is_refused(), seen.findings.iter().any(|finding| finding.severity == Severity::Fault));
    }
    let Ok(packed) = pack(data, MANIFEST, None) else { return false };
    assert!(inspected.is_ok(), "what can be packed can be inspected");
    let outline = Outline::parse(&packed.wasm).expect("what was packed can be read");
    assert_eq!(outline.manifest, Some(MANIFEST));
    if let Ok(before) = Outline::parse(data) {
        assert_eq!((before.imports, before.exports), (outline.imports, outline.exports));
    }
    let again = pack(&packed.wasm, MANIFEST, None).expect("what was packed can be packed");
    assert_eq!(again.wasm, packed.wasm);
    true
}
