//! What is sent in place of a password: proofs that hold for one nonce only.
//!
//! Formats: MySQL's source documentation, "Authentication Methods".

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The server knows the hash: the proof is enough.
pub(super) const FAST_OK: u8 = 3;
/// The server wants the whole password.
pub(super) const FULL: u8 = 4;
/// Asks for the server's public key.
pub(super) const ASK_FOR_KEY: u8 = 2;

/// How a password is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// That of MySQL 5 and MariaDB.
    Native,
    /// That of MySQL 8.
    CachingSha2,
    /// The password itself, for PAM and LDAP.
    Clear,
}

impl Method {
    pub(super) fn of(name: &str) -> Option<Self> {
        [Self::Native, Self::CachingSha2, Self::Clear].into_iter().find(|method| method.name() == name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
            Self::Clear => "mysql_clear_password",
        }
    }
}

/// SHA1(password) XOR SHA1(nonce, SHA1(SHA1(password))); nothing for no password.
pub(super) fn native(password: &str, nonce: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let once = Sha1::digest(password);
    let proof = Sha1::new().chain_update(nonce).chain_update(Sha1::digest(once)).finalize();
    mixed(&once, &proof)
}

/// SHA256(password) XOR SHA256(SHA256(SHA256(password)), nonce); nothing for no password.
pub(super) fn caching_sha2(password: &str, nonce: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let once = Sha256::digest(password);
    let proof = Sha256::new().chain_update(Sha256::digest(once)).chain_update(nonce).finalize();
    mixed(&once, &proof)
}

/// `text` XOR `key`, the key over and over.
pub(super) fn mixed(text: &[u8], key: &[u8]) -> Vec<u8> {
    // Zip ends where either does: a key of no bytes must not take the text away.
    let key = if key.is_empty() { &[0][..] } else { key };
    text.iter().zip(key.iter().cycle()).map(|(text, key)| text ^ key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The nonce and the proofs of go-sql-driver's own tests.
    #[test]
    fn proofs_are_those_that_other_clients_send() {
        let nonce = [10, 47, 74, 111, 75, 73, 34, 48, 88, 76, 114, 74, 37, 13, 3, 80, 82, 2, 23, 21];
        for (password, proof) in [
            ("secret", "f490e76f66d9d86665ce54d98c78d0acfe2fb0b08b423da807144873d30b312c"),
            ("secret2", "abc3934a012cf342e876071c8ee202de51785b430258a7a0138bc79c4d800bc6"),
            ("", ""),
        ] {
            assert_eq!(hex(&caching_sha2(password, &nonce)), proof);
        }
        assert_eq!(native("", &nonce), b"");
        assert_eq!(native("secret", &nonce).len(), 20);
        assert_eq!(mixed(b"abc", b""), b"abc");
    }
}
