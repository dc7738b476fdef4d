//! `caching_sha2_password`, which no server that can be had here speaks: MySQL 8 is played by a stand-in that says what
//! MySQL's source documentation ("Caching_sha2_password information") has it say, and checks proofs on its own.

use crate::stand_in::{NONCE, OK, Packets, listen};
use crate::support::at;
use num_bigint::BigUint;
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::io;
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{DataSource, RequestContext};
use wellhead_test_sql::BUDGET;

const PASSWORD: &str = "the secret of this user";
/// A pair of keys of 2048 bits, made for this test.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmHsNCjwY9VGNJD5SHieg\n\
    0JbQdFKr0H+cgxZFqMUzSy2m96YumuUuY9NA6l0DyaYWri+YzdjPWnHTHtrgwIJA\n\
    MQjv841WvPE95ujUmhDzboLWqWkIrJbC0IuacovhPu7pueEHJLvOrgpThO5ij2ol\n\
    +aFLgec3E7uH8VUfK7ndVkMky8iDeL75bIpSFqU/J19MT9iLpPSs/GoigKEiIALT\n\
    p9jUMYiRYPtlDxqogXCJQB86RL1GkZyyjFOkV7XanuJLrqfwn4ND3/KDcFWDjfff\n\
    9LdMFLpCeLTJFaTPy1xaaDkrAyoq7VecndiCL/8qnYeCrldQhYgrVWBQofOm7wtW\n\
    jwIDAQAB\n\
    -----END PUBLIC KEY-----\n";
const MODULUS: &str = "987b0d0a3c18f5518d243e521e27a0d096d07452abd07f9c831645a8c5334b2da6f7a62e9ae52e63d340ea5d03c9a616ae2f\
    98cdd8cf5a71d31edae0c082403108eff38d56bcf13de6e8d49a10f36e82d6a96908ac96c2d08b9a728be13eeee9b9e10724\
    bbceae0a5384ee628f6a25f9a14b81e73713bb87f1551f2bb9dd564324cbc88378bef96c8a5216a53f275f4c4fd88ba4f4ac\
    fc6a2280a1222002d3a7d8d431889160fb650f1aa8817089401f3a44bd46919cb28c53a457b5da9ee24baea7f09f8343dff2\
    837055838df7dff4b74c14ba4278b4c915a4cfcb5c5a68392b032a2aed579c9dd8822fff2a9d8782ae575085882b556050a1\
    f3a6ef0b568f";
const PRIVATE: &str = "1df2cd34dd68e98602fac362cd996af48d2a942e48a0c2efb2af852f08cc724f9d23b6f8206433205835bfd255141e130653\
    42e7eb558ea61c994ad429fb6b3036592ab4effc5c45943cd6c50bdf442d5e8c179d2488d7eaae00bfcec986dad5fd343d7a\
    f1883e96b8a0bb51906980dbeeda2dc18407d425773908ce45cb3b4dd7265af4779045ed3e705f762a9f04e7769fb8be6869\
    dcd6ac7db2da5e7bd8c63a450cf0ed357d9c3ba7e3d8f3b904a3558f445f3e7fac47680313617c5f229adb23c8e4c2a7eb8d\
    385707c14910d14a32e5b6ab0f1b338b684f106a18188af99b6f6c58c2030f9a60c152fe33262b3e82d101c15003b66e50f7\
    954539520841";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The server remembers the password's hash.
    Remembered,
    /// It does not, and has it sent with its key.
    Forgotten,
    /// It proposes something else first.
    Switched,
}

fn play(mut client: Packets, way: Way) -> io::Result<()> {
    client.greet(if way == Way::Switched { "sha256_password" } else { "caching_sha2_password" })?;
    let hello = client.receive()?;
    let mut proof = hello.get(32..).unwrap().splitn(2, |byte| *byte == 0).nth(1).unwrap()[1..].to_vec();
    proof.truncate(32);
    let mut nonce = *NONCE;
    if way == Way::Switched {
        nonce.reverse();
        client.send(&[b"\xfecaching_sha2_password\0", nonce.as_slice(), b"\0"].concat())?;
        proof = client.receive()?;
    }
    let once = Sha256::digest(PASSWORD);
    let other = Sha256::new().chain_update(Sha256::digest(once)).chain_update(nonce).finalize();
    let expected: Vec<u8> = once.iter().zip(other).map(|(a, b)| a ^ b).collect();
    let mut is_right = proof == expected;
    if way == Way::Forgotten {
        client.send(&[1, 4])?;
        assert_eq!(client.receive()?, [2]);
        client.send(&[b"\x01", PUBLIC.as_bytes()].concat())?;
        let password: Vec<u8> =
            opened(&client.receive()?).iter().zip(nonce.iter().cycle()).map(|(a, b)| a ^ b).collect();
        is_right = password == [PASSWORD.as_bytes(), b"\0"].concat();
    } else if is_right {
        client.send(&[1, 3])?;
    }
    if !is_right {
        return client.send(b"\xff\x15\x04#28000Access denied for user 'who'@'localhost' (using password: YES)");
    }
    client.send(OK)?;
    client.serve(|command, _| Err(io::Error::other(format!("{command:?}"))))
}

/// What was sealed with the public key.
fn opened(sealed: &[u8]) -> Vec<u8> {
    let number = |digits: &str| BigUint::parse_bytes(digits.as_bytes(), 16).unwrap();
    let opened = BigUint::from_bytes_be(sealed).modpow(&number(PRIVATE), &number(MODULUS)).to_bytes_be();
    // A number has no zeros at its front: the one that every text begins with, and those that the seed may.
    let opened = [vec![0; sealed.len() - opened.len()], opened].concat();
    assert_eq!((opened.len(), opened[0]), (256, 0), "a zero, the seed, the block");
    let (seed, block) = opened[1..].split_at(20);
    let mask = |text: &[u8], seed: &[u8]| -> Vec<u8> {
        let blocks =
            (0_u32..14).flat_map(|count| Sha1::new().chain_update(seed).chain_update(count.to_be_bytes()).finalize());
        text.iter().zip(blocks).map(|(a, b)| a ^ b).collect()
    };
    let block = mask(block, &mask(seed, block));
    let (hash, padded) = block.split_at(20);
    assert_eq!(hash, Sha1::digest([]).as_slice());
    let start = padded.iter().position(|byte| *byte == 1).unwrap();
    padded[start + 1..].to_vec()
}

#[test]
fn a_stand_in_for_mysql_8_lets_in_who_knows_the_password_by_each_way() {
    for way in [Way::Remembered, Way::Forgotten, Way::Switched] {
        let port = listen(move |client| play(client, way));
        for (password, expected) in [
            (PASSWORD, "Database Connection OK"),
            ("wrong-secret", "refuses the password of user \"who\""),
            ("", "refuses"),
        ] {
            let plugin = at(port, "who", password, json!({})).unwrap();
            let health = block_on(plugin.check_health(&RequestContext::new(1, BUDGET))).unwrap();
            assert!(health.message.contains(expected), "{way:?} {password:?}: {health:?}");
            assert!(!health.message.contains("secret"), "{health:?}");
        }
    }
}

#[test]
fn the_password_goes_as_it_is_only_where_the_settings_allow_it() {
    let port = listen(|mut client| {
        client.greet("mysql_clear_password")?;
        let hello = client.receive()?;
        assert!(!hello.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()));
        client.send(b"\xfemysql_clear_password\0")?;
        assert_eq!(client.receive()?, [PASSWORD.as_bytes(), b"\0"].concat());
        client.send(OK)?;
        client.serve(|command, _| Err(io::Error::other(format!("{command:?}"))))
    });
    for (json_data, expected) in [
        (json!({}), "set allowCleartextPasswords"),
        (json!({"allowCleartextPasswords": true}), "Database Connection OK"),
    ] {
        let plugin = at(port, "who", PASSWORD, json_data).unwrap();
        let health = block_on(plugin.check_health(&RequestContext::new(1, BUDGET))).unwrap();
        assert!(health.message.contains(expected), "{health:?}");
    }
}
