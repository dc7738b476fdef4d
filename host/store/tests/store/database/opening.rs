//! Files that cannot be opened are named, with what to do, and stay as they are.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wellhead_store::{Database, DatabaseError};
use wellhead_test_support::Random;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.redb");
    (folder, path)
}

/// The message without the folder's name.
fn says(path: &Path) -> String {
    let folder = path.parent().unwrap().display().to_string();
    Database::open(path).unwrap_err().to_string().replace(&folder, "FOLDER")
}

fn names(folder: &TempDir) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn a_path_without_a_folder_and_a_folder_are_named() {
    let (folder, _) = folder();
    let missing = folder.path().join("missing").join("data.redb");
    assert_eq!(
        says(&missing),
        "the file FOLDER/data.redb cannot be used: No such file or directory (os error 2); make its folder, or name \
         another one"
    );
    let of_folder = Database::open(folder.path()).unwrap_err().to_string();
    assert!(of_folder.ends_with("cannot be used: Is a directory (os error 21); name a file in it"), "{of_folder}");
    assert!(names(&folder).is_empty());
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let (folder, path) = folder();
    for bytes in [b"hello".to_vec(), vec![0; 4096], vec![b'x'; 1 << 20]] {
        fs::write(&path, &bytes).unwrap();
        let message = says(&path);
        assert!(message.starts_with("FOLDER/data.redb is damaged, or no database of Wellhead ("), "{message}");
        assert!(message.ends_with("): restore a backup, or name another file"), "{message}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    assert_eq!(names(&folder), ["data.redb"]);
}

#[test]
fn a_file_that_was_cut_short_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    drop(Database::open(&path).unwrap());
    let whole = fs::read(&path).unwrap();
    for length in [1, 9, 64, 320, 4096, 8192, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = Database::open(&path).unwrap_err();
        assert!(matches!(error, DatabaseError::Unusable { .. }), "{length} bytes: {error}");
        assert!(fs::read(&path).unwrap() == whole[..length], "{length} bytes");
    }
}

#[test]
fn a_file_that_was_damaged_in_the_middle_is_refused() {
    let (_folder, path) = folder();
    drop(Database::open(&path).unwrap());
    let whole = fs::read(&path).unwrap();
    let mut random = Random::new(7);
    let mut refused = 0;
    for _ in 0..100 {
        let mut bytes = whole.clone();
        let at = random.below(20_480);
        for byte in &mut bytes[at..at + 256] {
            *byte = !*byte;
        }
        fs::write(&path, &bytes).unwrap();
        match Database::open(&path) {
            Err(DatabaseError::Unusable { .. }) => refused += 1,
            other => drop(other.expect("damage is an error of its own, if it matters")),
        }
    }
    assert!(refused > 20, "{refused} of 100");
}

#[test]
fn an_empty_file_becomes_a_database() {
    let (_folder, path) = folder();
    fs::write(&path, "").unwrap();
    assert!(Database::open(&path).is_ok());
}

#[test]
fn a_database_that_is_open_is_refused_until_it_is_closed() {
    let (_folder, path) = folder();
    let database = Database::open(&path).unwrap();
    let clone = database.clone();
    drop(database);
    assert_eq!(
        says(&path),
        "the database FOLDER/data.redb is open already: end the process that has it open, or ask that over HTTP"
    );
    drop(clone);
    assert!(Database::open(&path).is_ok());
}
