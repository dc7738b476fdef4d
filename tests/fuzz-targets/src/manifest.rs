//! A stranger's `plugin.json` and `.wasm`, as they are read before anything of them is compiled.

use serde_json::Value;
use wellhead_manifest::{MAX_BYTES, Manifest, Outline, SECTION};

/// `plugin.json`: one that is accepted means the same after it was written and read again.
pub fn manifest(data: &[u8]) -> bool {
    let backend = Manifest::from_json(data);
    let frontend = Manifest::frontend_from_json(data);
    if backend.is_ok() {
        assert!(frontend.is_ok(), "a back end's manifest keeps more rules than a front end's, not others");
    }
    for error in backend.as_ref().err().into_iter().chain(frontend.as_ref().err()) {
        assert!(error.to_string().len() < 4_096, "an error repeats no whole manifest");
    }
    let Ok(manifest) = frontend else { return false };
    assert!(manifest.answers_to(&manifest.id));
    let text = serde_json::to_vec(&manifest).expect("what was read can be written");
    if text.len() > MAX_BYTES {
        // Escapes may take more room than what they stand for.
        return true;
    }
    let again = Manifest::frontend_from_json(&text);
    let again = again.unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&text)));
    assert_eq!(again.capabilities(), manifest.capabilities());
    assert!(same(&value(&manifest), &value(&again)), "{manifest:?} became {again:?}");
    assert_eq!(backend.is_ok(), Manifest::from_json(&text).is_ok());
    true
}

fn value(manifest: &Manifest) -> Value {
    serde_json::to_value(manifest).expect("what was read can be written")
}

/// Equal, but for the last digit of fractions: they are read fast and not to the last bit.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(l), Value::Number(r)) if l.is_f64() && r.is_f64() => match (l.as_f64(), r.as_f64()) {
            (Some(l), Some(r)) => (l - r).abs() <= l.abs() * 1e-15,
            _ => false,
        },
        (Value::Array(l), Value::Array(r)) => l.len() == r.len() && l.iter().zip(r).all(|(l, r)| same(l, r)),
        (Value::Object(l), Value::Object(r)) => {
            l.len() == r.len() && l.iter().all(|(key, l)| r.get(key).is_some_and(|r| same(l, r)))
        }
        (l, r) => l == r,
    }
}

/// A `.wasm` file: one that is accepted shows the same imports and exports when a manifest is put on its end, as `pack`
/// does, and then that manifest, unless it had one at its top before.
pub fn outline(data: &[u8]) -> bool {
    let Ok(outline) = Outline::parse(data) else { return false };
    if let Some(json) = outline.manifest {
        assert!(json.len() <= MAX_BYTES);
        assert!(data.as_ptr_range().contains(&json.as_ptr()) || json.is_empty(), "it shows bytes of the file");
        manifest(json);
    }
    let packed = with_section(data, b"packed");
    let again = Outline::parse(&packed).unwrap_or_else(|error| panic!("with a section more: {error}"));
    assert_eq!((&again.imports, &again.exports), (&outline.imports, &outline.exports));
    assert!(again.manifest == outline.manifest || again.manifest == Some(b"packed"));
    true
}

/// The file with one more custom section: id 0, size, name with its size, bytes. Sizes fit one byte of LEB128.
fn with_section(file: &[u8], bytes: &[u8]) -> Vec<u8> {
    let name = SECTION.as_bytes();
    let byte = |size: usize| u8::try_from(size).ok().filter(|size| *size < 128).expect("a size below 128");
    let mut packed = file.to_vec();
    packed.extend([0, byte(1 + name.len() + bytes.len()), byte(name.len())]);
    packed.extend_from_slice(name);
    packed.extend_from_slice(bytes);
    packed
}
