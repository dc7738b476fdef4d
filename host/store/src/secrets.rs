//! Secret values at rest in memory: shown to nobody by accident, wiped when dropped.

use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// Decrypted `secureJsonData`: key name to value. `Debug` shows the names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretValues(BTreeMap<String, Zeroizing<String>>);

impl SecretValues {
    /// Sets the value under `key`, replacing one that is there.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), Zeroizing::new(value.into()));
    }

    /// Every key name with its value, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The key names, which are no secret.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
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
        let mut secrets = SecretValues::default();
        secrets.insert("basicAuthPassword", "hunter2!");
        assert_eq!(format!("{secrets:?}"), r#"{"basicAuthPassword"}"#);
    }
}
