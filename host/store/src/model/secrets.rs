//! A data source's secrets as a store hands them around: names for everybody, values for whoever opens them.

use crate::SecretValues;
use std::collections::BTreeMap;
use std::fmt;
use wellhead_secrets::Sealed;
use zeroize::Zeroizing;

/// `secureJsonData`: key name to a value that is plain on its way into a store and sealed on its way out of one that
/// encrypts. `Debug` shows the names only.
///
/// ```
/// use wellhead_store::Secrets;
///
/// let secrets = Secrets::from_iter([("basicAuthPassword", "hunter2")]);
/// assert_eq!(format!("{secrets:?}"), r#"{"basicAuthPassword"}"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, Secret>);

#[derive(Clone, PartialEq, Eq)]
enum Secret {
    Plain(Zeroizing<String>),
    Sealed(Sealed),
}

impl Secrets {
    /// Sets the value under `key`, replacing one that is there.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), Secret::Plain(Zeroizing::new(value.into())));
    }

    /// Sets an encrypted value under `key`: for stores.
    pub fn insert_sealed(&mut self, key: impl Into<String>, value: Sealed) {
        self.0.insert(key.into(), Secret::Sealed(value));
    }

    /// The key names, which are no secret.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are plain, by name.
    pub fn plain(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(key, secret)| match secret {
            Secret::Plain(value) => Some((key.as_str(), value.as_str())),
            Secret::Sealed(_) => None,
        })
    }

    /// Those that are encrypted, by name.
    pub fn sealed(&self) -> impl Iterator<Item = (&str, &Sealed)> {
        self.0.iter().filter_map(|(key, secret)| match secret {
            Secret::Sealed(value) => Some((key.as_str(), value)),
            Secret::Plain(_) => None,
        })
    }

    /// The plain ones as values.
    pub fn to_values(&self) -> SecretValues {
        let mut values = SecretValues::default();
        self.plain().for_each(|(key, value)| values.insert(key, value));
        values
    }

    /// What is left after an update: those sent replace those there, an empty value removes, those not sent stay.
    #[must_use]
    pub fn updated_by(mut self, sent: Self) -> Self {
        for (key, secret) in sent.0 {
            match secret {
                Secret::Plain(value) if value.is_empty() => self.0.remove(&key),
                secret => self.0.insert(key, secret),
            };
        }
        self
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut secrets = Self::default();
        pairs.into_iter().for_each(|(key, value)| secrets.insert(key, value));
        secrets
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_replaces_what_is_sent_keeps_what_is_not_and_removes_what_is_empty() {
        let mut there = Secrets::from_iter([("kept", "1"), ("replaced", "2"), ("removed", "3")]);
        there.insert_sealed("sealed", Sealed::from_bytes(*b"opaque"));
        let after = there.updated_by(Secrets::from_iter([("replaced", "new"), ("removed", ""), ("added", "4")]));
        assert_eq!(after.plain().collect::<Vec<_>>(), [("added", "4"), ("kept", "1"), ("replaced", "new")]);
        assert_eq!(after.sealed().map(|(key, _)| key).collect::<Vec<_>>(), ["sealed"]);
    }
}
