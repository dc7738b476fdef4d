//! The master keys of one source: the first wraps, all open.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::key::{Associated, Key};
use crate::{DataKeys, KeyId, Sealed, SecretError, WrappedKey};

/// Which bytes a wrapped key has: this one, then what [`Key::seal`] gives.
const FORMAT: u8 = 1;
const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// At least one key, and where they are from.
#[derive(Debug, Clone)]
pub(crate) struct MasterKeys {
    /// Names the source in messages.
    place: String,
    first: Named,
    /// Earlier ones, which only open.
    others: Vec<Named>,
}

#[derive(Debug, Clone)]
struct Named {
    id: KeyId,
    key: Key,
}

impl Named {
    fn new(key: Key) -> Self {
        Self { id: key.id("wellhead master key 1"), key }
    }
}

impl MasterKeys {
    pub(crate) fn random(place: &str) -> Result<Self, SecretError> {
        Ok(Self { place: place.to_owned(), first: Named::new(Key::random()?), others: Vec::new() })
    }

    /// Reads keys in base64, with white space or commas between them. A key that is there twice counts once.
    pub(crate) fn parse(place: &str, text: &str) -> Result<Self, SecretError> {
        let mut keys: Vec<Named> = Vec::new();
        let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        for (number, word) in (1..).zip(words) {
            let key = Named::new(decode(word).map_err(|what| SecretError::unusable(place, unusable(number, &what)))?);
            if !keys.iter().any(|known| known.id == key.id) {
                keys.push(key);
            }
        }
        let mut keys = keys.into_iter();
        let Some(first) = keys.next() else {
            return Err(SecretError::unusable(place, format!("there is no key in it; {CURE}")));
        };
        Ok(Self { place: place.to_owned(), first, others: keys.collect() })
    }

    /// The text that [`parse`](Self::parse) reads, a key a line.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64 * (1 + self.others.len())));
        for named in self.all() {
            BASE64_STANDARD.encode_string(named.key.bytes(), &mut text);
            text.push('\n');
        }
        text
    }

    /// A new key before these.
    pub(crate) fn with_new_first(&self) -> Result<Self, SecretError> {
        let others = self.all().cloned().collect();
        Ok(Self { place: self.place.clone(), first: Named::new(Key::random()?), others })
    }

    /// The first alone.
    pub(crate) fn only_first(&self) -> Self {
        Self { place: self.place.clone(), first: self.first.clone(), others: Vec::new() }
    }

    pub(crate) fn is_one(&self) -> bool {
        self.others.is_empty()
    }

    pub(crate) fn first_id(&self) -> KeyId {
        self.first.id
    }

    /// That each of the stored data keys opens.
    pub(crate) fn check(&self, stored: &DataKeys) -> Result<(), SecretError> {
        stored.wrapped.iter().try_for_each(|wrapped| self.unwrap_key(wrapped).map(drop))
    }

    pub(crate) fn wrap_key(&self, master: KeyId, org_id: i64, data_key: &Key) -> Result<WrappedKey, SecretError> {
        let key_id = data_key_id(data_key);
        let sealed = self.get(master)?.seal(&associated(org_id, key_id), data_key.bytes())?;
        let wrapped = Sealed::from_bytes([[FORMAT].as_slice(), &sealed].concat());
        Ok(WrappedKey { org_id, key_id, master_key_id: master, wrapped })
    }

    pub(crate) fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<Key, SecretError> {
        let WrappedKey { org_id, key_id, master_key_id, .. } = *wrapped;
        let master = self.get(master_key_id)?;
        let opened = match wrapped.wrapped.as_bytes() {
            [FORMAT, sealed @ ..] => master.open(&associated(org_id, key_id), sealed),
            _ => None,
        };
        let key = opened.and_then(|bytes| Key::from_bytes(&bytes));
        key.ok_or(SecretError::DataKeyDamaged { org_id, key_id, master_key_id })
    }

    /// The same data key under the first of these.
    pub(crate) fn rewrap(&self, wrapped: &WrappedKey) -> Result<WrappedKey, SecretError> {
        self.wrap_key(self.first.id, wrapped.org_id, &self.unwrap_key(wrapped)?)
    }

    fn get(&self, id: KeyId) -> Result<&Key, SecretError> {
        let named = self.all().find(|named| named.id == id);
        named.map(|named| &named.key).ok_or_else(|| SecretError::MasterKeyWrong {
            place: self.place.clone(),
            found: self.all().map(|named| named.id).collect(),
            needed: id,
        })
    }

    fn all(&self) -> impl Iterator<Item = &Named> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

pub(crate) fn data_key_id(key: &Key) -> KeyId {
    key.id("wellhead data key 1")
}

fn associated(org_id: i64, key_id: KeyId) -> Associated {
    Associated::new("wellhead wrapped data key 1").with(&org_id.to_be_bytes()).with(&key_id.to_bytes())
}

/// A key from either alphabet of base64, padded or not; else what the word is instead.
fn decode(word: &str) -> Result<Key, String> {
    let engines = [&STANDARD, &URL_SAFE].map(|alphabet| GeneralPurpose::new(alphabet, ANY_PADDING));
    let bytes = engines.iter().find_map(|engine| engine.decode(word).ok()).map(Zeroizing::new);
    let bytes = bytes.ok_or_else(|| "is no base64".to_owned())?;
    Key::from_bytes(&bytes).ok_or_else(|| format!("has {} bytes", bytes.len()))
}

const CURE: &str = "a key is 32 random bytes in base64, as `openssl rand -base64 32` makes them";

fn unusable(number: usize, what: &str) -> String {
    format!("key {number} {what}; {CURE}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Result<MasterKeys, SecretError> {
        MasterKeys::parse("here", text)
    }

    #[test]
    fn keys_are_read_with_any_separator_alphabet_and_padding_and_the_first_is_the_first() {
        let one = format!("{}=", "+".repeat(42) + "8");
        let two = "_".repeat(42) + "8";
        let read = keys(&format!("\n{one}, {two}\t{}\r\n", one.replace('+', "-"))).unwrap();
        assert_eq!(read.all().count(), 2);
        assert_eq!(read.first_id(), keys(&one).unwrap().first_id());
        let written = keys(&read.text()).unwrap();
        assert_eq!((written.first_id(), written.all().count()), (read.first_id(), 2));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let hex = "0123456789abcdef".repeat(4);
        for (text, expected) in [
            (" \n", "there is no key in it"),
            ("s3cret!", "key 1 is no base64"),
            (hex.as_str(), "key 1 has 48 bytes"),
            (&format!("{}8= hunter2hunter2hunter2", "A".repeat(42)), "key 2 "),
        ] {
            let shown = keys(text).unwrap_err().to_string();
            assert!(shown.starts_with("here is of no use: ") && shown.contains(expected), "{shown}");
            assert!(shown.contains("openssl rand -base64 32") && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn debug_shows_ids_and_no_keys() {
        let shown = format!("{:?}", keys(&("A".repeat(42) + "8")).unwrap());
        assert!(shown.contains("Key(…)") && !shown.contains("AAAA"), "{shown}");
    }
}
