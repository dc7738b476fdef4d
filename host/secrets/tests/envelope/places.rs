//! A value opens at its own place, unchanged, and nowhere else.

use wellhead_secrets::{DataKeyStore, Sealed, SecretError, SecretPlace, SecretService};

use crate::support::{House, PLACE, VALUE, assert_opens, seal};

#[test]
fn a_value_with_any_bit_changed_or_any_byte_missing_or_added_does_not_open() {
    let house = House::new();
    let secrets = house.open();
    let sealed = seal(&secrets, 1);
    let key = pollster::block_on(secrets.org_key(1)).unwrap();
    let refused = |bytes: &[u8]| {
        let error = key.open(&PLACE, &Sealed::from_bytes(bytes)).unwrap_err();
        assert!(matches!(&error, SecretError::DoesNotOpen { .. }), "{error}");
        let shown = error.to_string();
        assert!(shown.contains("`password` of data source `prometheus` in org 1"), "{shown}");
        assert!(shown.ends_with("; set it again") && !shown.contains(VALUE), "{shown}");
    };
    let bytes = sealed.as_bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1 << bit;
            refused(&changed);
        }
        refused(&bytes[..at]);
    }
    refused(&[bytes, &[0]].concat());
    assert_opens(&secrets, 1, &sealed);
}

#[test]
fn a_value_copied_to_another_org_data_source_or_key_name_does_not_open() {
    let house = House::new();
    let secrets = house.open();
    let sealed = seal(&secrets, 1);
    let own = pollster::block_on(secrets.org_key(1)).unwrap();
    let other = pollster::block_on(secrets.org_key(2)).unwrap();
    other.open(&PLACE, &sealed).unwrap_err();
    for place in [
        SecretPlace { data_source_uid: "prometheus2", ..PLACE },
        SecretPlace { key: "password2", ..PLACE },
        SecretPlace { data_source_uid: "prometheusp", key: "assword" },
        SecretPlace { data_source_uid: "password", key: "prometheus" },
    ] {
        own.open(&place, &sealed).unwrap_err();
    }
    assert_opens(&secrets, 1, &sealed);
}

#[test]
fn the_empty_value_a_long_one_and_one_with_nul_and_emoji_read_back() {
    let house = House::new();
    let key = pollster::block_on(house.open().org_key(-7)).unwrap();
    let strange = SecretPlace { data_source_uid: "", key: "a\0😀" };
    for value in ["", "\0😀", &"x".repeat(1 << 20)] {
        assert_eq!(key.open(&strange, &key.seal(&strange, value).unwrap()).unwrap().expose(), value);
    }
}

#[test]
fn what_is_stored_and_shown_holds_neither_value_nor_key() {
    let house = House::new();
    let secrets = house.open();
    let sealed = seal(&secrets, 1);
    let key = pollster::block_on(secrets.org_key(1)).unwrap();
    let stored = serde_json::to_string(&(&sealed, house.store.all().wrapped)).unwrap();
    let shown = format!("{stored} {sealed:?} {sealed} {key:?} {secrets:?} {:?}", house.source());
    assert!(!shown.contains(VALUE) && !shown.contains(&house.keys()[0]), "{shown}");
    assert!(sealed.to_string().len() < VALUE.len() + 80, "{sealed}");
}

#[test]
fn a_data_key_that_was_changed_or_moved_to_another_org_is_reported_as_damaged() {
    let house = House::new();
    seal(&house.open(), 1);
    let whole = house.store.all().wrapped.remove(0);
    let mut moved = whole.clone();
    moved.org_id = 2;
    let mut broken = vec![moved];
    for at in 0..whole.wrapped.as_bytes().len() {
        let mut bytes = whole.wrapped.as_bytes().to_vec();
        bytes[at] ^= 1;
        let mut changed = whole.clone();
        changed.wrapped = Sealed::from_bytes(bytes);
        broken.push(changed);
    }
    for key in broken {
        let other = House::new();
        std::fs::copy(house.key_file(), other.key_file()).unwrap();
        pollster::block_on(other.store.insert_if_absent(key)).unwrap();
        let before = other.state();
        let error = other.try_open().unwrap_err();
        assert!(matches!(error, SecretError::DataKeyDamaged { .. }), "{error}");
        assert_eq!(other.state(), before);
    }
}

#[test]
fn all_who_make_an_orgs_key_at_once_get_the_one_that_won() {
    let house = House::new();
    let hosts = [house.open(), house.open()];
    let sealed: Vec<Sealed> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|number| {
                scope.spawn({
                    let host = &hosts[number % 2];
                    move || seal(host, 1)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    sealed.iter().for_each(|sealed| assert_opens(&hosts[0], 1, sealed));
    assert_eq!(house.store.all().wrapped.len(), 1);
}
