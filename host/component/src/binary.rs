//! A `.wasm` file as the sections it is made of, read and written without a look at what they mean.
//!
//! Nesting and the number of sections are bounded, so that a file made to cost much costs little; lengths that lie are
//! errors. What is read and written again is the same component: only the spelling of lengths may become shorter.

use crate::ComponentError;
use std::borrow::Cow;
use wasm_encoder::Encode;
use wasmparser::{BinaryReader, BinaryReaderError};

/// Most levels of modules and components within one another. What compilers make has two.
pub(crate) const MAX_NESTING: usize = 32;

/// Most sections of a file. What compilers make has some hundreds.
pub(crate) const MAX_SECTIONS: usize = 100_000;

/// Bytes before the first section: magic, version, layer.
const HEADER: usize = 8;
const MAGIC: &[u8] = b"\0asm";
const MODULE_LAYER: [u8; 2] = [0, 0];
const COMPONENT_LAYER: [u8; 2] = [1, 0];

/// Section ids, of the binary format's specification and of the component model's `Binary.md`.
pub(crate) mod id {
    pub(crate) const CUSTOM: u8 = 0;
    /// In a component.
    pub(crate) const NESTED_MODULE: u8 = 1;
    /// In a component.
    pub(crate) const NESTED_COMPONENT: u8 = 4;
    /// In a module.
    pub(crate) const CODE: u8 = 10;
    /// In a module.
    pub(crate) const DATA: u8 = 11;
}

/// What a binary is, by the layer in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Module,
    Component,
}

/// A module or a component.
#[derive(Clone, Debug)]
pub(crate) struct Binary<'a> {
    pub(crate) kind: Kind,
    header: &'a [u8],
    pub(crate) sections: Vec<Section<'a>>,
}

/// One section.
#[derive(Clone, Debug)]
pub(crate) enum Section<'a> {
    Custom {
        name: &'a str,
        data: Cow<'a, [u8]>,
    },
    /// A module or component within a component, and its size.
    Nested {
        binary: Binary<'a>,
        bytes: usize,
    },
    Other {
        id: u8,
        data: Cow<'a, [u8]>,
    },
}

impl<'a> Binary<'a> {
    /// Reads a whole file that must hold a component.
    pub(crate) fn component(wasm: &'a [u8]) -> Result<Self, ComponentError> {
        if wasm.is_empty() {
            return Err(ComponentError::NotWasm { reason: "the file is empty".into() });
        }
        let binary = Self::parse(wasm, 0, 0, &mut 0)?;
        match binary.kind {
            Kind::Component => Ok(binary),
            Kind::Module => Err(ComponentError::CoreModule),
        }
    }

    /// `offset` is that of `bytes` in the file; `sections` counts those of the whole file.
    fn parse(bytes: &'a [u8], offset: u64, nesting: usize, sections: &mut usize) -> Result<Self, ComponentError> {
        let (header, kind) = header(bytes, offset)?;
        let mut binary = Self { kind, header, sections: Vec::new() };
        let mut reader = BinaryReader::new(bytes.get(HEADER..).unwrap_or_default(), offset + HEADER as u64);
        while !reader.eof() {
            *sections += 1;
            if *sections > MAX_SECTIONS {
                return Err(ComponentError::TooManySections);
            }
            let id = reader.read_u8().map_err(broken)?;
            let mut content = reader.read_reader().map_err(broken)?;
            let at = content.original_position();
            let section = match (kind, id) {
                (_, id::CUSTOM) => {
                    let name = content.read_string().map_err(broken)?;
                    Section::Custom { name, data: rest(&mut content)?.into() }
                }
                (Kind::Component, id::NESTED_MODULE | id::NESTED_COMPONENT) => {
                    if nesting >= MAX_NESTING {
                        return Err(ComponentError::TooDeep);
                    }
                    let bytes = rest(&mut content)?;
                    let nested = Self::parse(bytes, at, nesting + 1, sections)?;
                    if (nested.kind == Kind::Module) != (id == id::NESTED_MODULE) {
                        let reason = format!("section {id} at offset {at} holds a binary of another kind");
                        return Err(ComponentError::NotWasm { reason });
                    }
                    Section::Nested { binary: nested, bytes: bytes.len() }
                }
                _ => Section::Other { id, data: rest(&mut content)?.into() },
            };
            binary.sections.push(section);
        }
        Ok(binary)
    }

    /// The file again.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    fn write(&self, sink: &mut Vec<u8>) {
        sink.extend_from_slice(self.header);
        for section in &self.sections {
            match section {
                Section::Custom { name, data } => {
                    let mut content = Vec::with_capacity(name.len() + data.len() + 5);
                    name.encode(&mut content);
                    content.extend_from_slice(data);
                    sink.push(id::CUSTOM);
                    content.as_slice().encode(sink);
                }
                Section::Nested { binary, .. } => {
                    sink.push(match binary.kind {
                        Kind::Module => id::NESTED_MODULE,
                        Kind::Component => id::NESTED_COMPONENT,
                    });
                    binary.to_bytes().as_slice().encode(sink);
                }
                Section::Other { id, data } => {
                    sink.push(*id);
                    (**data).encode(sink);
                }
            }
        }
    }

    /// The first custom section of this name that is this binary's own.
    pub(crate) fn custom(&self, wanted: &str) -> Option<&[u8]> {
        self.sections.iter().find_map(|section| match section {
            Section::Custom { name, data } if *name == wanted => Some(&**data),
            _ => None,
        })
    }

    /// Shows every section to `visit`, this binary's and those of all within, in the file's order.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(Kind, &Section<'a>)) {
        for section in &self.sections {
            visit(self.kind, section);
            if let Section::Nested { binary, .. } = section {
                binary.visit(visit);
            }
        }
    }
}

fn header(bytes: &[u8], offset: u64) -> Result<(&[u8], Kind), ComponentError> {
    let not_wasm = |reason: String| Err(ComponentError::NotWasm { reason });
    if !bytes.starts_with(MAGIC) {
        return not_wasm(format!("no magic number (\\0asm) at offset {offset}"));
    }
    let Some((header, &[.., low, high])) = bytes.get(..HEADER).map(|header| (header, header)) else {
        return not_wasm("the file ends early".into());
    };
    match [low, high] {
        MODULE_LAYER => Ok((header, Kind::Module)),
        COMPONENT_LAYER => Ok((header, Kind::Component)),
        other => not_wasm(format!("neither a module nor a component at offset {offset}: layer {other:?}")),
    }
}

fn rest<'a>(reader: &mut BinaryReader<'a>) -> Result<&'a [u8], ComponentError> {
    reader.read_bytes(reader.bytes_remaining()).map_err(broken)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn broken(error: BinaryReaderError) -> ComponentError {
    ComponentError::NotWasm { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wasm: &[u8]) -> Result<Binary<'_>, ComponentError> {
        Binary::component(wasm)
    }

    #[test]
    fn what_is_read_and_written_again_is_the_same_file() {
        let wasm = wat::parse_str(
            r#"(component
                (core module $m (@custom "a" "b") (memory 1) (func (export "f")) (data (i32.const 0) "xyz"))
                (component (core module (@custom "deep" "er")))
                (core instance (instantiate $m)))"#,
        )
        .unwrap();
        assert_eq!(read(&wasm).unwrap().to_bytes(), wasm);
        let mut names = Vec::new();
        read(&wasm).unwrap().visit(&mut |kind, section| {
            if let Section::Custom { name, .. } = section {
                names.push((kind, (*name).to_owned()));
            }
        });
        for name in ["a", "deep"] {
            assert!(names.contains(&(Kind::Module, name.to_owned())), "{names:?}");
        }
    }

    #[test]
    fn what_is_no_component_is_named() {
        let refused = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert!(refused(b"").contains("empty"));
        assert!(refused(b"#!/bin/sh\n").contains("no magic number"));
        assert!(refused(b"\0asm\x0d").contains("ends early"));
        assert!(refused(b"\0asm\x0d\0\x07\0").contains("layer [7, 0]"));
        assert!(refused(&wat::parse_str("(module)").unwrap()).contains("--target wasm32-wasip2"));
    }

    #[test]
    fn a_length_that_lies_is_an_error_that_says_where() {
        let header = b"\0asm\x0d\0\x01\0";
        for section in [&[7, 0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0, 2, 9, b'x'], &[7, 0x80], &[1, 3, 0, 0, 0], &[7]] {
            let wasm = [&header[..], section].concat();
            assert!(matches!(read(&wasm), Err(ComponentError::NotWasm { .. })), "{section:?}");
        }
        let whole = wat::parse_str(r#"(component (core module (@custom "x" "y") (memory 1)))"#).unwrap();
        for end in 0..whole.len() {
            // Every prefix is seen to be broken, or is a component that carries less: never a panic.
            let _ = read(&whole[..end]);
        }
    }

    #[test]
    fn nesting_and_sections_without_end_are_refused_before_they_cost_anything() {
        let mut bomb = b"\0asm\x0d\0\x01\0".to_vec();
        for _ in 0..MAX_NESTING {
            let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
            bomb.as_slice().encode(&mut outer);
            bomb = outer;
        }
        assert!(read(&bomb).is_ok());
        let mut one_more = b"\0asm\x0d\0\x01\0\x04".to_vec();
        bomb.as_slice().encode(&mut one_more);
        assert!(matches!(read(&one_more), Err(ComponentError::TooDeep)));
        let many = [&b"\0asm\x0d\0\x01\0"[..], &[7, 0].repeat(MAX_SECTIONS + 1)].concat();
        assert!(matches!(read(&many), Err(ComponentError::TooManySections)));
    }
}
