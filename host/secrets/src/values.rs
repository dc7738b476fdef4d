//! The secret values of one data source by key name. Where they come from and who may see them is its users' affair.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use crate::{Redactor, Secret, SecretOwner};

/// Decrypted `secureJsonData`: key name to value.
///
/// `Debug` shows the names only; the values are overwritten when the last owner drops them.
///
/// ```
/// use wellhead_secrets::SecretValues;
///
/// let values = SecretValues::from_iter([("basicAuthPassword", "hunter2!")]);
/// assert_eq!(format!("{values:?}"), r#"{"basicAuthPassword"}"#);
/// assert_eq!(values.redact("hunter2! is wrong".to_owned()), "[secret] is wrong");
/// ```
#[derive(Clone, Default)]
pub struct SecretValues {
    by_key: BTreeMap<String, Secret>,
    /// Knows the values, once somebody has asked for it; clones share it.
    redactor: OnceLock<Redactor>,
}

impl SecretValues {
    /// No secrets at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value under `key`, replacing one that is there.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.redactor.take();
        self.by_key.insert(key.into(), Secret::new(value));
    }

    /// Takes the value under `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Secret> {
        self.redactor.take();
        self.by_key.remove(key)
    }

    /// The value stored under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.by_key.get(key).map(Secret::expose)
    }

    /// Every key name with its value, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_key.iter().map(|(key, value)| (key.as_str(), value.expose()))
    }

    /// The key names, which are no secret, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.by_key.keys().map(String::as_str)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// True where no secret is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Replaces every one of these values in `text` by `[secret]`, so that a message may leave the host; also where it is
    /// encoded, as a password is in the header of basic authentication that an upstream repeats.
    ///
    /// Values shorter than four bytes are left: blanking them would tear ordinary words apart and protect nothing. What
    /// they are looked for by is made at the first call and kept.
    #[must_use]
    pub fn redact(&self, text: String) -> String {
        if self.is_empty() {
            return text;
        }
        let blanked = match self.redactor().redact(&text) {
            Cow::Owned(blanked) => Some(blanked),
            Cow::Borrowed(_) => None,
        };
        blanked.unwrap_or(text)
    }

    /// [`redact`](Self::redact) for the first `limit` bytes of a text, as [`Redactor::redact_start`] does it.
    #[must_use]
    pub fn redact_start(&self, text: &str, limit: usize) -> String {
        if self.is_empty() {
            return text.get(..text.floor_char_boundary(limit)).unwrap_or(text).to_owned();
        }
        self.redactor().redact_start(text, limit)
    }

    fn redactor(&self) -> &Redactor {
        self.redactor.get_or_init(|| {
            let redactor = Redactor::new();
            redactor.learn(&SecretOwner::new(0, ""), self);
            redactor
        })
    }
}

impl PartialEq for SecretValues {
    fn eq(&self, other: &Self) -> bool {
        self.by_key == other.by_key
    }
}

impl Eq for SecretValues {}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for SecretValues {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let by_key = pairs.into_iter().map(|(key, value)| (key.into(), Secret::new(value))).collect();
        Self { by_key, redactor: OnceLock::new() }
    }
}

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_key.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_and_never_values() {
        let mut values = SecretValues::new();
        values.insert("basicAuthPassword", "hunter2!");
        assert_eq!(format!("{values:?}"), r#"{"basicAuthPassword"}"#);
    }

    #[test]
    fn redact_blanks_every_occurrence_but_leaves_values_too_short_to_be_secret() {
        let values = SecretValues::from_iter([("password", "hunter2!"), ("flag", "a")]);
        assert_eq!(values.redact("a hunter2! and hunter2!".into()), "a [secret] and [secret]");
    }

    #[test]
    fn redact_finds_a_password_in_the_header_that_carries_it() {
        let values = SecretValues::from_iter([("basicAuthPassword", "hunter2!")]);
        let said = values.redact("500: authorization: Basic Z3JhZmFuYTpodW50ZXIyIQ==".into());
        assert_eq!(said, "500: authorization: Basic [secret]");
        assert_eq!(values.redact("nothing of it".into()), "nothing of it");
    }

    #[test]
    fn what_texts_are_searched_for_is_made_once_and_anew_when_values_change() {
        let mut values = SecretValues::from_iter([("token", "hunter2!")]);
        let first = std::ptr::from_ref(values.redactor());
        assert_eq!(values.redact("hunter2! hunter3!".into()), "[secret] hunter3!");
        assert!(std::ptr::eq(first, values.redactor()));
        values.insert("other", "hunter3!");
        assert_eq!(values.redact_start("hunter2! hunter3!", 12), "[secret] [secret]");
        values.remove("token");
        assert_eq!(values.redact("hunter2! hunter3!".into()), "hunter2! [secret]");
        assert_eq!(SecretValues::new().redact_start("aé", 2), "a");
    }

    #[test]
    fn a_value_that_is_removed_is_gone_and_a_second_insert_replaces_the_first() {
        let mut values = SecretValues::from_iter([("token", "one"), ("other", "o")]);
        values.insert("token", "two");
        assert_eq!(values.get("token"), Some("two"));
        assert_eq!(values.remove("token").unwrap().expose(), "two");
        assert_eq!((values.remove("token"), values.len()), (None, 1));
        assert_eq!(values.keys().collect::<Vec<_>>(), ["other"]);
    }
}
