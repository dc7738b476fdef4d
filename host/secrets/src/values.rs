//! The secret values of one data source by key name. Where they come from and who may see them is its users' affair.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

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
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretValues(BTreeMap<String, Secret>);

impl SecretValues {
    /// No secrets at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value under `key`, replacing one that is there.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), Secret::new(value));
    }

    /// Takes the value under `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Secret> {
        self.0.remove(key)
    }

    /// The value stored under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(Secret::expose)
    }

    /// Every key name with its value, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.expose()))
    }

    /// The key names, which are no secret, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where no secret is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Replaces every one of these values in `text` by `[secret]`, so that a message may leave the host; also where it is
    /// encoded, as a password is in the header of basic authentication that an upstream repeats.
    ///
    /// Values shorter than four bytes are left: blanking them would tear ordinary words apart and protect nothing. What
    /// they are looked for by is made anew each time: where texts are many, a [`Redactor`] keeps it, for all data sources.
    #[must_use]
    pub fn redact(&self, text: String) -> String {
        if self.is_empty() {
            return text;
        }
        let redactor = Redactor::new();
        redactor.learn(&SecretOwner::new(0, ""), self);
        let blanked = match redactor.redact(&text) {
            Cow::Owned(blanked) => Some(blanked),
            Cow::Borrowed(_) => None,
        };
        blanked.unwrap_or(text)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for SecretValues {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), Secret::new(value))).collect())
    }
}

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
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
    fn a_value_that_is_removed_is_gone_and_a_second_insert_replaces_the_first() {
        let mut values = SecretValues::from_iter([("token", "one"), ("other", "o")]);
        values.insert("token", "two");
        assert_eq!(values.get("token"), Some("two"));
        assert_eq!(values.remove("token").unwrap().expose(), "two");
        assert_eq!((values.remove("token"), values.len()), (None, 1));
        assert_eq!(values.keys().collect::<Vec<_>>(), ["other"]);
    }
}
