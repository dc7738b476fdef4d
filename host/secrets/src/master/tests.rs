use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn sh(script: &str) -> MasterKeySource {
    MasterKeySource::Command { program: "sh".to_owned(), arguments: vec!["-c".to_owned(), script.to_owned()] }
}

#[test]
fn a_file_is_made_for_its_owner_only_and_leaves_nothing_beside_it() {
    let folder = folder();
    let source = MasterKeySource::File(folder.path().join("master.key"));
    assert!(source.read().unwrap().is_none());
    fs::write(folder.path().join(".master.key.new"), "what a crash left").unwrap();

    let made = source.create().unwrap();
    assert_eq!(names(folder.path()), ["master.key"]);
    assert_eq!(fs::metadata(folder.path().join("master.key")).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(source.read().unwrap().unwrap().first_id(), made.first_id());

    source.write(&made.with_new_first().unwrap()).unwrap();
    assert_eq!(names(folder.path()), ["master.key"]);
    assert_eq!(fs::metadata(folder.path().join("master.key")).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn making_a_file_never_takes_the_place_of_one_that_came_to_be_meanwhile() {
    let folder = folder();
    let source = MasterKeySource::File(folder.path().join("master.key"));
    let theirs = source.create().unwrap();
    assert_eq!(source.create().unwrap().first_id(), theirs.first_id());
    assert_eq!(names(folder.path()), ["master.key"]);
}

#[test]
fn a_file_that_others_may_read_is_refused_with_the_cure() {
    let folder = folder();
    let path = folder.path().join("master.key");
    let source = MasterKeySource::File(path.clone());
    source.create().unwrap();
    for mode in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let shown = source.read().unwrap_err().to_string();
        assert!(shown.contains(&format!("(mode {mode:04o})")) && shown.contains("chmod 600 "), "{shown}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    source.read().unwrap().unwrap();
}

#[test]
fn a_file_that_cannot_be_read_as_keys_is_an_error_and_stays_as_it_is() {
    let folder = folder();
    let path = folder.path().join("master.key");
    let source = MasterKeySource::File(path.clone());
    for (content, expected) in
        [(vec![], "no key in it"), (vec![0xff; 40], "read as text"), (vec![b'A'; 20_000], "more than 16384 bytes")]
    {
        fs::write(&path, &content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let shown = source.read().unwrap_err().to_string();
        assert!(shown.contains(expected) && shown.contains("master.key"), "{shown}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    let shown = MasterKeySource::File(folder.path().to_owned()).read().unwrap_err().to_string();
    assert!(shown.contains("it is not a file"), "{shown}");
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_that_names_it_and_spares_the_old_one() {
    let folder = folder();
    let path = folder.path().join("master.key");
    let source = MasterKeySource::File(path.clone());
    let keys = source.create().unwrap();
    let before = fs::read(&path).unwrap();
    // Stands in for a full disk, which root can still write to under other names.
    fs::create_dir(folder.path().join(".master.key.new")).unwrap();
    let shown = source.write(&keys.with_new_first().unwrap()).unwrap_err().to_string();
    assert!(shown.contains("cannot write the master key file") && shown.contains("master.key"), "{shown}");
    assert_eq!(fs::read(&path).unwrap(), before);

    let nowhere = MasterKeySource::File(folder.path().join("no/such/folder/master.key"));
    assert!(matches!(nowhere.create(), Err(SecretError::MasterKeyNotWritten { .. })));
}

#[test]
fn a_symlink_stays_one_when_its_file_is_replaced() {
    let folder = folder();
    let (real, link) = (folder.path().join("real.key"), folder.path().join("master.key"));
    let keys = MasterKeySource::File(real.clone()).create().unwrap();
    symlink(&real, &link).unwrap();
    let next = keys.with_new_first().unwrap();
    MasterKeySource::File(link.clone()).write(&next).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(MasterKeySource::File(real).read().unwrap().unwrap().first_id(), next.first_id());
}

#[test]
fn a_command_gives_the_key_that_it_prints() {
    let keys = MasterKeys::random("").unwrap();
    let read = sh(&format!("echo '{}'", keys.text().trim())).read().unwrap().unwrap();
    assert_eq!(read.first_id(), keys.first_id());
}

#[test]
fn a_command_that_fails_or_prints_too_much_is_an_error_that_names_the_program_and_no_argument() {
    for (script, expected) in
        [("exit 3", "exit status: 3"), ("yes s3cret", "prints more than 16384 bytes"), ("echo s3cret", "key 1 ")]
    {
        let source = sh(script);
        let shown = format!("{} {source:?}", source.read().unwrap_err());
        assert!(shown.contains("command `sh` is of no use") && shown.contains(expected), "{shown}");
        assert!(!shown.contains(script) && !shown.contains("s3cret"), "{shown}");
    }
    let source = MasterKeySource::Command { program: "/no/such/program".to_owned(), arguments: vec![] };
    assert!(source.read().unwrap_err().to_string().contains("cannot be started"));
}

#[test]
fn a_command_that_does_not_end_is_ended_with_its_children() {
    for script in ["sleep 1000 & sleep 1000", "exec >&-; sleep 1000"] {
        let arguments = ["-c".to_owned(), script.to_owned()];
        let shown = command::output("sh", &arguments, Duration::from_millis(100)).unwrap_err();
        assert!(shown.contains("has not ended after 0.1 s"), "{shown}");
    }
}

#[test]
fn a_command_that_ends_before_its_children_ends_them_too() {
    let folder = folder();
    let said = folder.path().join("pid");
    for output in ["", ">&-"] {
        let script = format!("sleep 1000 {output} & echo $! >'{}'; echo KEY", said.display());
        let printed = command::output("sh", &["-c".to_owned(), script], Duration::from_millis(500));
        assert_eq!(printed.is_ok(), !output.is_empty(), "{printed:?}");
        let child = Path::new("/proc").join(fs::read_to_string(&said).unwrap().trim()).join("stat");
        let is_over = || fs::read_to_string(&child).map_or(true, |stat| stat.contains(") Z "));
        let over = (0..10_000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            is_over()
        });
        assert!(over, "the child goes on");
    }
}

#[test]
fn a_variable_that_is_not_set_is_an_error_that_names_it() {
    let source = MasterKeySource::Environment("WELLHEAD_TEST_NO_SUCH_KEY".to_owned());
    let shown = source.read().unwrap_err().to_string();
    assert_eq!(shown, "the environment variable WELLHEAD_TEST_NO_SUCH_KEY is of no use: it is not set");
    let keys = MasterKeys::random("").unwrap();
    assert_eq!(variable(Ok(keys.text().to_string())).unwrap(), keys.text());
    assert!(variable(Ok("A".repeat(20_000))).is_err());
}
