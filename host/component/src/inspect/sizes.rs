//! Where a component's bytes are.

use crate::binary::{Binary, Kind, Section, id};
use serde::Serialize;
use std::collections::BTreeMap;
use wellhead_manifest::SECTION;

/// Most custom sections and modules that are listed, the largest first.
const MAX_LISTED: usize = 64;

/// Most characters of a custom section's name.
const MAX_CHARS: usize = 60;

/// Bytes by what they are for; together they are the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Sizes {
    /// Of the file.
    pub total: usize,
    /// Functions.
    pub code: usize,
    /// What memories begin with.
    pub data: usize,
    /// Names of functions, for traps and profiles.
    pub names: usize,
    /// Debug sections: DWARF, and links to it.
    pub debug: usize,
    /// Manifests, all of them.
    pub manifest: usize,
    /// All other custom sections.
    pub custom: usize,
    /// Types, imports, exports, and how the modules fit together.
    pub structure: usize,
    /// Core modules, the largest first.
    pub modules: Vec<ModuleSize>,
    /// Custom sections by name, the largest first.
    pub custom_sections: Vec<CustomSize>,
}

/// A core module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ModuleSize {
    /// Which of the file's modules, from 0.
    pub index: usize,
    /// Of it all.
    pub bytes: usize,
    /// Of its functions.
    pub code: usize,
    /// Of what its memory begins with.
    pub data: usize,
    /// Whether its functions have names.
    pub named: bool,
}

/// All custom sections of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CustomSize {
    /// Its name.
    pub name: String,
    /// Of the content, names left out.
    pub bytes: usize,
}

/// Whether a custom section is there for debuggers alone.
pub(crate) fn is_debug(name: &str) -> bool {
    name.starts_with(".debug_") || ["sourceMappingURL", "external_debug_info"].contains(&name)
}

impl Sizes {
    pub(super) fn of(binary: &Binary<'_>, total: usize) -> Self {
        let mut sizes = Self { total, ..Self::default() };
        let mut custom: BTreeMap<String, usize> = BTreeMap::new();
        binary.visit(&mut |kind, section| match section {
            Section::Custom { name, data } => {
                let bytes = data.len();
                *sizes.of_custom(name) += bytes;
                *custom.entry(name.chars().take(MAX_CHARS).collect()).or_default() += bytes;
            }
            Section::Nested { binary, bytes } if binary.kind == Kind::Module => {
                let index = sizes.modules.len();
                sizes.modules.push(ModuleSize {
                    index,
                    bytes: *bytes,
                    code: section_bytes(binary, id::CODE),
                    data: section_bytes(binary, id::DATA),
                    named: binary.custom("name").is_some(),
                });
            }
            Section::Other { id: id::CODE, data } if kind == Kind::Module => sizes.code += data.len(),
            Section::Other { id: id::DATA, data } if kind == Kind::Module => sizes.data += data.len(),
            _ => {}
        });
        let told = sizes.code + sizes.data + sizes.names + sizes.debug + sizes.manifest + sizes.custom;
        sizes.structure = total.saturating_sub(told);
        sizes.modules.sort_by_key(|module| std::cmp::Reverse(module.bytes));
        sizes.modules.truncate(MAX_LISTED);
        sizes.custom_sections = custom.into_iter().map(|(name, bytes)| CustomSize { name, bytes }).collect();
        sizes.custom_sections.sort_by_key(|section| std::cmp::Reverse(section.bytes));
        sizes.custom_sections.truncate(MAX_LISTED);
        sizes
    }

    fn of_custom(&mut self, name: &str) -> &mut usize {
        match name {
            "name" | "component-name" => &mut self.names,
            SECTION => &mut self.manifest,
            name if is_debug(name) => &mut self.debug,
            _ => &mut self.custom,
        }
    }
}

fn section_bytes(binary: &Binary<'_>, wanted: u8) -> usize {
    let sections = binary.sections.iter().filter_map(|section| match section {
        Section::Other { id, data } if *id == wanted => Some(data.len()),
        _ => None,
    });
    sections.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole_file_and_modules_stand_largest_first() {
        let wasm = wat::parse_str(
            r#"(component
                (core module (func))
                (core module (@custom ".debug_info" "12345") (@custom "wellhead:manifest" "{}") (@custom "x" "1")
                    (memory 1) (func $named (export "f")) (data (i32.const 0) "0123456789")))"#,
        )
        .unwrap();
        let sizes = Sizes::of(&Binary::component(&wasm).unwrap(), wasm.len());
        assert_eq!((sizes.debug, sizes.manifest, sizes.custom), (5, 2, 1));
        assert!(sizes.data > 10 && sizes.code > 0 && sizes.names > 0, "{sizes:?}");
        let parts = [sizes.code, sizes.data, sizes.names, sizes.debug, sizes.manifest, sizes.custom, sizes.structure];
        assert_eq!(parts.iter().sum::<usize>(), wasm.len());
        let modules: Vec<_> = sizes.modules.iter().map(|module| (module.index, module.named)).collect();
        assert_eq!(modules, [(1, true), (0, false)]);
        assert!(sizes.custom_sections.iter().any(|section| section.name == "x" && section.bytes == 1));
    }
}
