//! A string that does not show itself and does not outlive its use in memory.

use std::fmt;

use zeroize::Zeroizing;

/// A secret value: its `Debug` hides it, its memory is overwritten when it is dropped, and there is no `Display`.
///
/// ```
/// use wellhead_secrets::Secret;
///
/// let token = Secret::new("glsa_123");
/// assert_eq!(format!("{token:?}"), "Secret(…)");
/// assert_eq!(token.expose(), "glsa_123");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself. Named so that a reader stops here.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
