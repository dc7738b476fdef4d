//! Components made of the hostile guest with core modules appended: a component's sections may come in any order, so
//! that a module and its instances can stand behind all the others.

use wasmparser::{Parser, Payload};

const CORE_MODULE: u8 = 1;
const CORE_INSTANCE: u8 = 2;

/// `component` with `instances` instances of the module `wat`.
pub(super) fn append(mut component: Vec<u8>, wat: &str, instances: u32) -> Vec<u8> {
    let index = core_modules(&component);
    section(&mut component, CORE_MODULE, &wat::parse_str(wat).unwrap());
    let mut list = Vec::new();
    leb128(&mut list, instances);
    for _ in 0..instances {
        // Instantiate this module, with no imports.
        list.push(0);
        leb128(&mut list, index);
        list.push(0);
    }
    section(&mut component, CORE_INSTANCE, &list);
    component
}

/// Modules of the component itself, not of those nested in it.
fn core_modules(component: &[u8]) -> u32 {
    let (mut depth, mut modules) = (0_u32, 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => {
                modules += u32::from(depth == 0);
                depth += 1;
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    modules
}

fn section(component: &mut Vec<u8>, id: u8, contents: &[u8]) {
    component.push(id);
    leb128(component, u32::try_from(contents.len()).unwrap());
    component.extend_from_slice(contents);
}

fn leb128(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
