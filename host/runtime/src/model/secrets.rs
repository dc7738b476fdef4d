//! Decrypted secret values, kept out of logs and wiped when dropped.

use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroize;

/// Decrypted `secureJsonData`: key name to value.
///
/// `Debug` shows the names only; the values are overwritten when the last owner drops them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// No secrets at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value stored under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Every key name with its value, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// True where no secret is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values as the map that egress reads.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Replaces every secret value in `text` by `[secret]`, so that a message may leave the host.
    ///
    /// Values shorter than four bytes are left: blanking them would tear ordinary words apart and protect nothing.
    pub fn redact(&self, text: String) -> String {
        self.0.values().filter(|value| value.len() >= 4).fold(text, |text, value| {
            if text.contains(value.as_str()) { text.replace(value.as_str(), "[secret]") } else { text }
        })
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_and_never_values() {
        let secrets = Secrets::from_iter([("basicAuthPassword", "hunter2!")]);
        assert_eq!(format!("{secrets:?}"), r#"{"basicAuthPassword"}"#);
    }

    #[test]
    fn redact_blanks_every_occurrence_but_leaves_values_too_short_to_be_secret() {
        let secrets = Secrets::from_iter([("password", "hunter2!"), ("flag", "a")]);
        assert_eq!(secrets.redact("a hunter2! and hunter2!".into()), "a [secret] and [secret]");
    }
}
