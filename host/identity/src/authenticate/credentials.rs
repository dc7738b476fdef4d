//! What a request proves itself with.

use crate::SecretText;

/// Credentials as they came, unchecked. `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// None at all.
    #[default]
    None,
    /// A login or an email with a password; or `api_key` with a token, as Grafana takes it.
    Basic {
        /// The login or email.
        login: String,
        /// The password.
        password: SecretText,
    },
    /// A service account's token, or the operator's.
    Token(SecretText),
}
