//! A password or a token on its way: shown to nobody by accident, wiped when dropped.

use std::fmt;
use zeroize::Zeroizing;

/// A secret in memory. `Debug` does not show it.
///
/// ```
/// use wellhead_identity::SecretText;
///
/// assert_eq!(format!("{:?}", SecretText::from("hunter2")), "SecretText");
/// ```
#[derive(Clone, Default)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}
