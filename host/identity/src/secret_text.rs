//! A password or a token on its way: shown to nobody by accident, wiped when dropped.

use crate::{IdentityError, random};
use std::fmt;
use zeroize::Zeroizing;

/// Of a password that is made: 143 bits.
const GENERATED_CHARS: usize = 24;

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

    /// A new password of letters and digits, for a user who has chosen none.
    ///
    /// # Errors
    /// [`IdentityError::NoRandomness`].
    pub fn generate_password() -> Result<Self, IdentityError> {
        random::alphanumeric(GENERATED_CHARS)
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
