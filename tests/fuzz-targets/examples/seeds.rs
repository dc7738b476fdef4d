//! Writes the inputs that the corpora grew from: `seeds FOLDER` makes `FOLDER/TARGET/NAME`.
//!
//! All are valid, or nearly: what is wrong in a thousand ways is the fuzzer's to make of them.

use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};
use wellhead_frame::{
    EnumValue, Field, FieldConfig, Frame, FrameMeta, FrameType, JsonOptions, Notice, PieceWriter, RawJson, Severity,
    Timestamp,
};
use wellhead_fuzz_targets::PIECE_END;

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("usage: seeds FOLDER")?);
    let write = |target: &str, name: &str, bytes: &[u8]| -> anyhow::Result<()> {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name), bytes)?)
    };
    for (name, bytes) in manifests()? {
        write("manifest", &name, &bytes)?;
    }
    for (name, text) in COMPONENTS {
        let component = wat::parse_str(text)?;
        write("outline", name, &component)?;
        write("component", name, &component)?;
    }
    write("component", "to-be-stripped", &wat::parse_str(TO_BE_STRIPPED)?)?;
    for (name, frame) in frames()? {
        let (stream, file) = (frame.to_ipc_stream()?, frame.to_ipc_file()?);
        write("frame_ipc", &format!("{name}.arrows"), &stream)?;
        write("frame_ipc", &format!("{name}.arrow"), &file)?;
        write("frame_ipc", &format!("{name}-twice.arrows"), &[&stream[..], &stream].concat())?;
        write("frame_json", &format!("{name}.json"), &frame.to_json(&JsonOptions::default())?)?;
        write("frame_pieces", name, &pieces(&frame)?)?;
    }
    let fixtures = workspace().join("guest-sdk/frame/tests/fixtures");
    for file in files(&fixtures)? {
        let target = match file.extension().and_then(|extension| extension.to_str()) {
            Some("arrow" | "arrows") => "frame_ipc",
            Some("json") => "frame_json",
            _ => continue,
        };
        write(target, &name_of(&file), &fs::read(&file)?)?;
    }
    for (index, lines) in ORIGINS.iter().enumerate() {
        write("origin", &index.to_string(), lines.as_bytes())?;
    }
    for (index, (bytes, choice)) in ADDRESSES.iter().flat_map(|bytes| (0..16).map(move |it| (bytes, it))).enumerate() {
        write("destination", &index.to_string(), &[&[choice][..], bytes].concat())?;
    }
    for (index, host) in HOSTS.iter().enumerate() {
        for choice in [24, 28] {
            write(
                "destination",
                &format!("host{index}-{choice}"),
                &[&[choice][..], &[0; 16], host.as_bytes()].concat(),
            )?;
        }
    }
    Ok(())
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().display().to_string()
}

/// Those of the workspace, and one with every key.
fn manifests() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let every_key = br#"{"id":"every-key","name":"Every key","type":"datasource","aliasIDs":["other_key","a.b"],
        "backend":true,"metrics":true,"streaming":false,"routes":[{"path":"x","headers":[{"name":"a","content":"b"}]}],
        "info":{"version":"1.2.3-rc.1","description":"d","author":{"name":"A","url":"https://a.example"},"n":1e300},
        "wellhead":{"contract":"0.1.0","capabilities":{"forward":["user","headers"],"auth":"host","idempotent":true,
        "origins":["https://a.example:1","http://b.example"]},"jsonDataSchema":{"type":"object"},
        "querySchema":{"$ref":"x"}}}"#;
    let frontend = br#"{"id":"panel","name":"P","type":"panel","info":{}}"#;
    let mut all = vec![("every-key".to_owned(), every_key.to_vec()), ("frontend".to_owned(), frontend.to_vec())];
    for folder in files(&workspace().join("plugins"))? {
        if let Ok(json) = fs::read(folder.join("plugin.json")) {
            all.push((name_of(&folder), json));
        }
    }
    Ok(all)
}

/// A plugin, as far as its outside goes, with all that `pack` takes out, and what it leaves.
const TO_BE_STRIPPED: &str = r#"(component
    (core module (@custom "wellhead:manifest" "{}") (@custom ".debug_info" "1") (@custom "wellhead:sdk" "kit 0.1.0")
        (@producers (language "Rust" "") (processed-by "rustc" "1")) (memory 1) (func $named)
        (data (i32.const 0) "d"))
    (component $c (core module (@custom ".debug_line" "2") (@custom "sourceMappingURL" "u") (@custom "mine" "m")))
    (instance $i (instantiate $c))
    (export "wellhead:plugin/datasource@0.1.0" (instance $i)))"#;

const COMPONENTS: &[(&str, &str)] = &[
    ("empty", "(component)"),
    ("module", "(module (memory 1) (func (export \"f\")))"),
    ("top", r#"(component (@custom "wellhead:manifest" "{}"))"#),
    ("nested", r#"(component (core module (@custom "wellhead:manifest" "{}") (memory 1)))"#),
    (
        "both",
        r#"(component (component (core module (@custom "wellhead:manifest" "a"))) (@custom "wellhead:manifest" "b"))"#,
    ),
    (
        "same",
        r#"(component (core module (@custom "wellhead:manifest" "a")) (core module (@custom "wellhead:manifest" "a")))"#,
    ),
    (
        "two",
        r#"(component (core module (@custom "wellhead:manifest" "a")) (core module (@custom "wellhead:manifest" "b")))"#,
    ),
    (
        "world",
        r#"(component
            (import "wellhead:plugin/log@0.1.0" (instance $log (export "log" (func (param "line" string)))))
            (import "wellhead:plugin/net@0.1.0" (instance (export "socket" (type (sub resource)))))
            (core module (@custom "wellhead:manifest" "{\"id\":\"a\",\"name\":\"A\",\"type\":\"datasource\",\"wellhead\":{\"contract\":\"0.1.0\"}}")
                (memory 1) (func (export "f") (param i32) (result i32) local.get 0))
            (core instance $i (instantiate 0))
            (type $t (func (param "a" u32) (result u32)))
            (func $f (type $t) (canon lift (core func $i "f")))
            (instance $d (export "f" (func $f)))
            (export "wellhead:plugin/datasource@0.1.0" (instance $d))
            (export "wellhead:plugin/streaming@0.1.0" (instance $log)))"#,
    ),
];

/// One frame for each kind of value, one with all metadata, one with nothing.
fn frames() -> anyhow::Result<Vec<(&'static str, Frame)>> {
    let one =
        |name: &str, field: Field, column: wellhead_frame::Column| Frame::builder(name).column(field, column).build();
    let meta = FrameMeta {
        executed_query_string: Some("SELECT 1".into()),
        custom: Some(serde_json::json!({"a": [1, 2.5, null]})),
        channel: Some("ds/1/x".into()),
        ..FrameMeta::of(FrameType::TimeseriesWide, [0, 1])
    }
    .with_notice(Notice::new(Severity::Warning, "partial \"data\"\n"));
    let config =
        FieldConfig { decimals: Some(2), min: Some(f64::NEG_INFINITY), interval: Some(1e3), ..Default::default() };
    let series = Frame::builder("series")
        .ref_id("A")
        .meta(meta)
        .column(
            Field::new("time").config(config),
            vec![Timestamp(0), Timestamp(-1), Timestamp(1_664_901_845_976_000_123)],
        )
        .column(Field::new("value").label("host", "a\"b"), vec![Some(0.5), None, Some(f64::NAN)])
        .build()?;
    let wide = Frame::builder("wide")
        .column(Field::new("i8"), vec![Some(i8::MIN), None])
        .column(Field::new("i16"), vec![i16::MIN, 0])
        .column(Field::new("i32"), vec![Some(i32::MIN), None])
        .column(Field::new("u8"), vec![u8::MAX, 0])
        .column(Field::new("u16"), vec![Some(u16::MAX), None])
        .column(Field::new("u32"), vec![u32::MAX, 0])
        .column(Field::new("f32"), vec![f32::NAN, f32::MAX])
        .build()?;
    let json = |text: &str| RawJson::from(text);
    let enums = Field::new("enum").config(FieldConfig::with_enum_texts(["off", "on"]));
    Ok(vec![
        ("empty", Frame::empty("none")),
        ("series", series),
        ("wide", wide),
        ("i64", one("", Field::new("i64"), vec![Some(i64::MIN), None, Some(i64::MAX)].into())?),
        ("u64", one("u", Field::new("u64"), vec![u64::MAX, 0].into())?),
        ("bool", one("b", Field::new("bool"), vec![Some(true), None, Some(false)].into())?),
        ("text", one("t", Field::new("text"), vec![Some("\u{0}\u{1f}\"\\\u{2028}ü🦥"), None, Some("")].into())?),
        ("time", one("t", Field::new("time?"), vec![Some(Timestamp(-1_000_001)), None].into())?),
        ("json", one("j", Field::new("json"), vec![Some(json("{\"a\":[1e5]}")), None, Some(json("null"))].into())?),
        ("enum", one("e", enums, vec![Some(EnumValue(1)), None, Some(EnumValue(0))].into())?),
    ])
}

/// The schema, every batch twice, and one that is cut.
fn pieces(frame: &Frame) -> anyhow::Result<Vec<u8>> {
    let (schema, mut writer) = PieceWriter::new(frame.schema())?;
    let mut pieces = vec![schema];
    for batch in frame.batches() {
        let message = writer.batch(batch)?;
        let cut = message.iter().copied().take(message.len() / 2).collect();
        pieces.extend([message.clone(), message, cut]);
    }
    Ok(pieces.join(PIECE_END))
}

const ORIGINS: &[&str] = &[
    "https://Prom.Example.com/x\n\nhttps://prom.example.com\nhttps://PROM.example.COM.:443/y?z\nhttps://u:p@prom.example.com/",
    "https://prom.example.com\nhttps://oauth2.example.com\nhttps://prom.example.com../\nhttps://oauth2.example.com:443/a",
    "https://prom.example.com\n\nhttps://prom.example.com@evil.net/\nhttps://evil.net/https://prom.example.com\n/relative",
    "http://127.0.0.1:9090\n\nhttp://0x7f.1:9090/\nhttp://[::ffff:127.0.0.1]:9090/\nhttp://2130706433:9090/",
    "http://[::1]:9090\n\nhttp://[0:0:0:0:0:0:0:1]:9090/\nhttp://[::1%25eth0]:9090/\nhttp://[::]:9090/",
    "http://bücher.example\n\nhttp://xn--bcher-kva.example/\nhttp://b%C3%BCcher.example/\nhttp://bucher.example/",
    "db:5432\nhttp://granted:80\nhttp://granted/\ndb:5432\n*\ngranted:80",
    "http://us%20er:p%40ss@prom/\nhttp://a b\nhttp://prom:80/?a#b\nhttp://prom\\@evil/\nhttp://prom:080/",
    "http://a.b-c_d~e\n\nhttp://a.b-c_d~e/\nhttp://A.B-C_D~E:80/\nhttp://a.b-c_d~e:/",
];

/// Four are IPv4 in the last four bytes, under the choices that read them so.
const ADDRESSES: &[[u8; 16]] = &[
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254, 169, 254],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [0x20, 0x02, 0xa9, 0xfe, 0xa9, 0xfe, 0, 0, 0, 0, 0, 0, 100, 100, 100, 200],
    [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 168, 0, 1],
    [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 172, 16, 0, 1],
    [0x20, 0x01, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 0, 192],
    [0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54],
    [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 198, 18, 0, 1],
    [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 224, 0, 0, 1],
    [0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 168, 63, 129, 16],
];

const HOSTS: &[&str] =
    &["0x7f.1", "2130706433", "[::ffff:a9fe:a9fe]", "a.localhost", "LOCALHOST.", "169.254.169.254", "1.1", "db"];
