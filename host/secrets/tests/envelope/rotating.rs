//! A rotation changes the master key and nothing else, while others go on, and can be cut short anywhere.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use wellhead_secrets::{MasterKeySource, Rotation, SecretError, SecretService};

use crate::support::{Failure, House, PLACE, VALUE, assert_opens, seal};

#[test]
fn a_rotation_puts_a_new_key_into_the_file_and_leaves_data_keys_and_handles_as_they_were() {
    let house = House::new();
    let secrets = house.open();
    let (one, two) = (seal(&secrets, 1), seal(&secrets, 2));
    let handle = pollster::block_on(secrets.org_key(1)).unwrap();
    let (old_file, before) = (fs::read(house.key_file()).unwrap(), house.store.all());

    let rotation = pollster::block_on(secrets.rotate()).unwrap();
    let after = house.store.all();
    let (from, to) = (before.master_key_id, after.master_key_id.unwrap());
    assert_eq!(rotation, Rotation::Rotated { from, to, data_keys: 2 });
    assert_eq!(rotation.to_string(), format!("2 data keys are wrapped by master key {to} now"));
    assert_ne!(from, Some(to));
    assert_eq!(house.keys().len(), 1);
    for (before, after) in before.wrapped.iter().zip(&after.wrapped) {
        assert_eq!((before.key_id, after.master_key_id), (after.key_id, to));
        assert_ne!(before.wrapped, after.wrapped);
    }
    assert_eq!(handle.open(&PLACE, &one).unwrap().expose(), VALUE);
    let sealed_by_handle = handle.seal(&PLACE, VALUE).unwrap();
    for secrets in [secrets, house.open()] {
        assert_opens(&secrets, 1, &one);
        assert_opens(&secrets, 2, &two);
        assert_opens(&secrets, 1, &sealed_by_handle);
    }
    fs::write(house.key_file(), old_file).unwrap();
    assert!(matches!(house.try_open(), Err(SecretError::MasterKeyWrong { .. })));
}

#[test]
fn a_rotation_cut_short_before_or_after_its_transaction_is_finished_by_the_next_start_or_rotation() {
    for failure in [Failure::BeforeCommit, Failure::AfterCommit] {
        for restart in [false, true] {
            let house = House::new();
            let mut secrets = house.open();
            let sealed = seal(&secrets, 1);
            let old = house.keys().remove(0);
            house.store.fail(Some(failure));
            let error = pollster::block_on(secrets.rotate()).unwrap_err();
            assert!(matches!(error, SecretError::DataKeys(_)), "{error}");
            let keys = house.keys();
            assert_eq!((keys.len(), &keys[1]), (2, &old));
            assert_opens(&secrets, 1, &sealed);
            let since = seal(&secrets, 2);

            // A start works too while it still cannot be finished.
            assert_opens(&house.open(), 1, &sealed);
            assert_eq!(house.keys(), keys);

            house.store.fail(None);
            if restart {
                secrets = house.open();
            } else {
                pollster::block_on(secrets.rotate()).unwrap();
            }
            assert_eq!(house.keys(), keys[..1]);
            for secrets in [secrets, house.open()] {
                assert_opens(&secrets, 1, &sealed);
                assert_opens(&secrets, 2, &since);
            }
        }
    }
}

#[test]
fn a_rotation_that_cannot_write_its_file_at_first_changes_nothing() {
    let house = House::new();
    let secrets = house.open();
    let sealed = seal(&secrets, 1);
    fs::create_dir(house.path(".master.key.new")).unwrap();
    let before = house.state();
    let error = pollster::block_on(secrets.rotate()).unwrap_err();
    assert!(matches!(error, SecretError::MasterKeyNotWritten { .. }), "{error}");
    assert_eq!(house.state(), before);
    assert_opens(&secrets, 1, &sealed);
}

#[test]
fn a_file_that_cannot_forget_the_old_key_still_opens_the_store() {
    let house = House::new();
    let secrets = house.open();
    let sealed = seal(&secrets, 1);
    house.store.fail(Some(Failure::BeforeCommit));
    pollster::block_on(secrets.rotate()).unwrap_err();
    house.store.fail(None);
    fs::create_dir(house.path(".master.key.new")).unwrap();
    let error = pollster::block_on(secrets.rotate()).unwrap_err();
    assert!(matches!(error, SecretError::MasterKeyNotWritten { .. }), "{error}");
    assert_eq!(house.keys().len(), 2);
    assert_opens(&secrets, 1, &sealed);
    assert_opens(&house.open(), 1, &sealed);

    fs::remove_dir(house.path(".master.key.new")).unwrap();
    assert_opens(&house.open(), 1, &sealed);
    assert_eq!(house.keys().len(), 1);
}

#[test]
fn a_rotation_whose_caller_goes_away_leaves_a_file_that_opens_the_store() {
    let house = House::new();
    let secrets = house.open();
    let sealed = seal(&secrets, 1);
    for _ in 0..20 {
        assert!(secrets.rotate().now_or_never().is_none(), "it waits for the file");
    }
    pollster::block_on(secrets.rotate()).unwrap();
    assert_eq!(house.keys().len(), 1);
    assert_opens(&secrets, 1, &sealed);
    assert_opens(&house.open(), 1, &sealed);
}

#[test]
fn a_rotation_without_its_file_says_so_and_makes_none() {
    let house = House::new();
    let secrets = house.open();
    let sealed = seal(&secrets, 1);
    fs::remove_file(house.key_file()).unwrap();
    let before = house.state();
    let error = pollster::block_on(secrets.rotate()).unwrap_err();
    assert!(matches!(error, SecretError::MasterKeyMissing { .. }), "{error}");
    assert_eq!(house.state(), before);
    assert_opens(&secrets, 1, &sealed);
}

#[test]
fn others_seal_open_and_make_keys_while_rotations_go_on() {
    let house = House::new();
    let secrets = house.open();
    let sealed = seal(&secrets, 0);
    let is_over = AtomicBool::new(false);
    let all = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|worker| {
                let (secrets, sealed, is_over) = (&secrets, &sealed, &is_over);
                scope.spawn(move || {
                    let mut all = Vec::new();
                    for number in 0.. {
                        let org = 1 + worker + 2 * (number % 500);
                        all.push((org, seal(secrets, org)));
                        assert_opens(secrets, 0, sealed);
                        if is_over.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    all
                })
            })
            .collect();
        let rotated: Result<Vec<_>, _> = (0..30).map(|_| pollster::block_on(secrets.rotate())).collect();
        // Before anything may end this thread: the workers go on until they are told.
        is_over.store(true, Ordering::Relaxed);
        rotated.unwrap();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    let reopened = house.open();
    all.iter().for_each(|(org, sealed)| assert_opens(&reopened, *org, sealed));
}

#[test]
fn a_command_is_asked_again_and_its_first_key_is_the_one_from_then_on() {
    let house = House::new();
    let keys = [(); 2].map(|()| {
        let other = House::new();
        other.open();
        other.keys().remove(0)
    });
    let [old, new] = &keys;
    let source =
        || MasterKeySource::Command { program: "cat".into(), arguments: vec![house.key_file().display().to_string()] };
    fs::write(house.key_file(), old).unwrap();
    let secrets = house.open_from(source()).unwrap();
    let sealed = seal(&secrets, 1);
    let current = house.store.all().master_key_id.unwrap();

    let rotation = pollster::block_on(secrets.rotate()).unwrap();
    assert_eq!(rotation, Rotation::NothingToDo { current });
    assert!(rotation.to_string().starts_with("nothing to do: "), "{rotation}");

    fs::write(house.key_file(), new).unwrap();
    let before = house.state();
    let error = pollster::block_on(secrets.rotate()).unwrap_err();
    assert!(matches!(error, SecretError::MasterKeyWrong { .. }), "{error}");
    assert_eq!(house.state(), before);
    assert_opens(&secrets, 1, &sealed);

    fs::write(house.key_file(), format!("{new}\n{old}")).unwrap();
    assert!(matches!(pollster::block_on(secrets.rotate()).unwrap(), Rotation::Rotated { data_keys: 1, .. }));
    assert_eq!(house.keys().len(), 2, "a command's keys are its own");
    fs::write(house.key_file(), new).unwrap();
    assert_opens(&house.open_from(source()).unwrap(), 1, &sealed);
}
