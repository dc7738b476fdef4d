//! One symmetric key and what it does: XChaCha20-Poly1305 with a random nonce, bound to associated data.

use std::fmt;
use std::str::FromStr;

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::SecretError;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Long enough to be drawn at random for each message under one key for ever.
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Names a key without telling it: the first eight bytes of a hash of it, shown as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    pub(crate) const BYTES: usize = 8;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not the id of a key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a key has 16 hexadecimal digits")]
pub struct NotAKeyId;

impl FromStr for KeyId {
    type Err = NotAKeyId;

    fn from_str(text: &str) -> Result<Self, NotAKeyId> {
        if text.len() != 2 * Self::BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAKeyId);
        }
        u64::from_str_radix(text, 16).map(|id| Self(id.to_be_bytes())).map_err(|_| NotAKeyId)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// 32 secret bytes, overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    pub(crate) fn random() -> Result<Self, SecretError> {
        let mut key = Self(Zeroizing::new([0; KEY_BYTES]));
        fill_randomly(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// `None` for any other number of bytes than 32.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The id under which a key of this `kind` is known.
    pub(crate) fn id(&self, kind: &str) -> KeyId {
        let hash = Sha256::new_with_prefix(Associated::new(kind).0).chain_update(self.bytes()).finalize();
        KeyId(hash.first_chunk().copied().unwrap_or_default())
    }

    /// Nonce, ciphertext and tag of `plain`.
    pub(crate) fn seal(&self, associated: &Associated, plain: &[u8]) -> Result<Vec<u8>, SecretError> {
        let mut nonce = [0; NONCE_BYTES];
        fill_randomly(&mut nonce)?;
        let mut body = Zeroizing::new(plain.to_vec());
        let tag = self
            .cipher()
            .encrypt_inout_detached(&XNonce::from(nonce), &associated.0, body.as_mut_slice().into())
            .map_err(|_| SecretError::NotSealed { reason: "it is longer than the cipher can take".to_owned() })?;
        Ok([nonce.as_slice(), body.as_slice(), tag.as_slice()].concat())
    }

    /// What [`seal`](Self::seal) was given; `None` where key, associated data or any bit of `sealed` is another.
    pub(crate) fn open(&self, associated: &Associated, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let (body, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
        let mut body = Zeroizing::new(body.to_vec());
        self.cipher()
            .decrypt_inout_detached(&XNonce::from(*nonce), &associated.0, body.as_mut_slice().into(), &Tag::from(*tag))
            .ok()?;
        Some(body)
    }

    /// Wiped when dropped, as its crate's feature `zeroize` is on.
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes().into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What a message is bound to: opening it needs the same.
///
/// Each part stands behind its length, so that no two lists of parts give the same bytes, and the first names the
/// purpose with its version, so that what was sealed for one purpose serves no other.
pub(crate) struct Associated(Vec<u8>);

impl Associated {
    pub(crate) fn new(purpose: &str) -> Self {
        Self(Vec::new()).with(purpose.as_bytes())
    }

    pub(crate) fn with(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }
}

fn fill_randomly(bytes: &mut [u8]) -> Result<(), SecretError> {
    getrandom::fill(bytes).map_err(|error| SecretError::System { what: "random bytes", reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_associated_data_cannot_be_shifted_into_one_another() {
        let joined = |parts: &[&str]| parts.iter().fold(Associated::new("p"), |all, part| all.with(part.as_bytes())).0;
        let lists: [&[&str]; 6] = [&["ab", "c"], &["a", "bc"], &["abc"], &["abc", ""], &["", "abc"], &["a", "b", "c"]];
        for (number, one) in lists.iter().enumerate() {
            for other in &lists[number + 1..] {
                assert_ne!(joined(one), joined(other));
            }
        }
    }

    #[test]
    fn two_seals_of_one_text_differ_and_debug_hides_the_key() {
        let key = Key::from_bytes(&[7; 32]).unwrap();
        let place = Associated::new("p");
        let sealed = key.seal(&place, b"text").unwrap();
        assert_ne!(sealed, key.seal(&place, b"text").unwrap());
        assert_eq!(key.open(&place, &sealed).unwrap().as_slice(), b"text");
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert!(Key::from_bytes(&[7; 31]).is_none());
    }

    #[test]
    fn an_id_reads_back_from_its_text_and_nothing_else_does() {
        let id = Key::from_bytes(&[7; 32]).unwrap().id("master");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(id, Key::from_bytes(&[7; 32]).unwrap().id("data"));
        for text in ["", "+123456789abcdef", "0123456789abcdeg", "0123456789abcdef0"] {
            assert_eq!(text.parse::<KeyId>(), Err(NotAKeyId), "{text}");
        }
    }
}
