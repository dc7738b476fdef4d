//! What a start makes, what it refuses, and that a refusal changes nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::atomic::Ordering;

use wellhead_secrets::{MasterKeySource, Secret, SecretError, SecretService};

use crate::support::{House, assert_opens, seal};

fn text(keys: &[&str]) -> MasterKeySource {
    MasterKeySource::Text(Secret::new(keys.join(",")))
}

#[test]
fn the_first_start_makes_the_file_and_the_next_one_opens_what_the_first_sealed() {
    let house = House::new();
    let sealed = seal(&house.open(), 1);
    assert_eq!(fs::metadata(house.key_file()).unwrap().mode() & 0o7777, 0o600);
    let before = house.state();
    assert_opens(&house.open(), 1, &sealed);
    assert_eq!(house.state(), before);
}

#[test]
fn a_lost_file_is_an_error_and_no_new_one_is_made() {
    let house = House::new();
    seal(&house.open(), 1);
    fs::remove_file(house.key_file()).unwrap();
    let before = house.state();
    let needed = before.1.master_key_id.unwrap();
    let error = house.try_open().unwrap_err();
    assert!(matches!(&error, SecretError::MasterKeyMissing { .. }), "{error}");
    let shown = error.to_string();
    assert!(shown.contains("master.key is missing") && shown.contains(&needed.to_string()), "{shown}");
    assert!(shown.contains("put the file back from your backup"), "{shown}");
    assert_eq!(house.state(), before);
}

#[test]
fn a_wrong_key_is_an_error_that_names_both_and_changes_nothing() {
    let house = House::new();
    seal(&house.open(), 1);
    let other = House::new();
    other.open();
    fs::copy(other.key_file(), house.key_file()).unwrap();
    let before = house.state();
    for source in [house.source(), text(&[&other.keys()[0]])] {
        let error = house.open_from(source).unwrap_err();
        let SecretError::MasterKeyWrong { found, needed, .. } = &error else { panic!("{error}") };
        assert_eq!((found[0], *needed), (other.store.all().master_key_id.unwrap(), before.1.master_key_id.unwrap()));
        let shown = error.to_string();
        assert!(shown.contains(&found[0].to_string()) && shown.contains(&needed.to_string()), "{shown}");
        assert_eq!(house.state(), before);
    }
}

#[test]
fn a_file_that_others_can_read_or_that_is_empty_stops_the_start_and_changes_nothing() {
    let house = House::new();
    let secrets = house.open();
    seal(&secrets, 1);
    fs::set_permissions(house.key_file(), fs::Permissions::from_mode(0o644)).unwrap();
    let before = house.state();
    assert!(house.try_open().unwrap_err().to_string().contains("chmod 600"));
    pollster::block_on(secrets.rotate()).unwrap_err();
    assert_eq!(house.state(), before);

    fs::set_permissions(house.key_file(), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(house.key_file(), "").unwrap();
    let before = house.state();
    assert!(house.try_open().unwrap_err().to_string().contains("there is no key in it"));
    assert_eq!(house.state(), before);
}

#[test]
fn a_first_start_that_cannot_write_the_file_stores_nothing() {
    let house = House::new();
    fs::create_dir(house.path(".master.key.new")).unwrap();
    let before = house.state();
    let error = house.try_open().unwrap_err();
    assert!(matches!(error, SecretError::MasterKeyNotWritten { .. }), "{error}");
    assert_eq!(house.state(), before);
}

#[test]
fn while_nothing_is_stored_a_lost_file_is_made_anew() {
    let house = House::new();
    let old = house.open();
    fs::remove_file(house.key_file()).unwrap();
    let sealed = seal(&house.open(), 1);
    assert_opens(&house.open(), 1, &sealed);
    // The host that still has the lost key sees that another is on record, and seals nothing under it.
    assert!(matches!(pollster::block_on(old.org_key(2)), Err(SecretError::MasterKeyWrong { .. })));
}

#[test]
fn with_a_new_key_before_the_old_one_new_orgs_stay_under_the_old_one_until_the_rotation() {
    let house = House::new();
    let (first, new) = (House::new(), House::new());
    first.open();
    new.open();
    let (old, new) = (first.keys().remove(0), new.keys().remove(0));
    seal(&house.open_from(text(&[&old])).unwrap(), 1);
    let both = house.open_from(text(&[&new, &old])).unwrap();
    let sealed = seal(&both, 2);
    assert_opens(&house.open_from(text(&[&old])).unwrap(), 2, &sealed);
    pollster::block_on(both.rotate()).unwrap();
    assert_opens(&house.open_from(text(&[&new])).unwrap(), 2, &sealed);
    assert!(matches!(house.open_from(text(&[&old])), Err(SecretError::MasterKeyWrong { .. })));
}

#[test]
fn the_key_of_a_new_org_is_made_without_reading_those_of_all_others() {
    let house = House::new();
    let secrets = house.open();
    let before = house.store.loads.load(Ordering::SeqCst);
    (1..5).for_each(|org_id| drop(seal(&secrets, org_id)));
    assert_eq!(house.store.loads.load(Ordering::SeqCst), before);
    assert_eq!(house.store.all().wrapped.len(), 4);
}
