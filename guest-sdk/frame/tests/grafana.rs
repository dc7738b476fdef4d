//! Grafana's own fixtures, where this machine has them (`WELLHEAD_FIXTURES`, or beside the project).

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{assert_same, assert_same_frame, grafana_fixtures};
use serde_json::Value;
use wellhead_frame::{Frame, JsonOptions, ReadLimits};

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

fn written(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.to_json(&JsonOptions::default()).unwrap()).unwrap()
}

fn read_ipc(path: &Path) -> Frame {
    let bytes = fs::read(path).unwrap();
    Frame::from_ipc(bytes, &ReadLimits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_arrow_file_of_grafana_reads() {
    let Some(fixtures) = grafana_fixtures() else { return };
    let files = files(&fixtures.join("frames"), "arrow");
    assert!(files.len() >= 12, "{}", files.len());
    for path in files {
        let frame = read_ipc(&path);
        let what = path.display().to_string();
        let stream = Frame::from_ipc(frame.to_ipc_stream().unwrap(), &ReadLimits::default()).unwrap();
        assert_same_frame(&stream, &frame, &what);
        let json = frame.to_json(&JsonOptions::default()).unwrap();
        let from_json = Frame::from_json(&json, &ReadLimits::default()).unwrap();
        assert_same(&written(&from_json), &written(&frame), &what);
    }
}

#[test]
fn all_types_in_arrow_are_all_types_in_json_and_back() {
    let Some(fixtures) = grafana_fixtures() else { return };
    let golden = fs::read(fixtures.join("frames/all_types.golden.json")).unwrap();
    let frame = read_ipc(&fixtures.join("frames/all_types.golden.arrow"));
    assert_same(&written(&frame), &serde_json::from_slice(&golden).unwrap(), "Arrow to JSON");
    let from_json = Frame::from_json(&golden, &ReadLimits::default()).unwrap();
    let file = Frame::from_ipc(from_json.to_ipc_file().unwrap(), &ReadLimits::default()).unwrap();
    assert_same_frame(&file, &frame, "JSON to Arrow");
}

/// The examples were written by hand, and Grafana would write two things in them otherwise: `type` follows of
/// `typeInfo` (one calls a float64 a string), and fields without rows have an empty list of values each, not none.
fn as_grafana_writes_it(mut frame: Value) -> Value {
    let fields = frame["schema"]["fields"].as_array_mut().unwrap();
    for field in fields.iter_mut() {
        field.as_object_mut().unwrap().remove("type");
    }
    let count = fields.len();
    let values = frame["data"]["values"].as_array_mut().unwrap();
    if values.is_empty() {
        values.resize(count, Value::Array(Vec::new()));
    }
    frame
}

#[test]
fn each_example_of_the_data_plane_reads_and_is_written_as_it_came() {
    let Some(fixtures) = grafana_fixtures() else { return };
    let files = files(&fixtures.join("dataplane"), "json");
    assert_eq!(files.len(), 32);
    for path in files {
        let what = path.display().to_string();
        let frames: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for document in frames {
            let frame = Frame::from_json(document.to_string().as_bytes(), &ReadLimits::default())
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_same(&as_grafana_writes_it(written(&frame)), &as_grafana_writes_it(document), &what);
            let ipc = Frame::from_ipc(frame.to_ipc_stream().unwrap(), &ReadLimits::default()).unwrap();
            assert_same_frame(&ipc, &frame, &what);
        }
    }
}
