//! A service account token as text, in Grafana's format: `glsa_`, 32 letters and digits, `_`, a CRC-32 as 8 hex digits.
//!
//! The checksum lets scanners for leaked secrets tell a token from other text, and a mistyped one be refused without a look
//! into the database. What is kept is a SHA-256: a token has 190 bits of randomness, so that nothing slower is needed.

use crate::{IdentityError, SecretText, random};
use sha2::{Digest, Sha256};

const PREFIX: &str = "glsa_";
const SECRET_CHARS: usize = 32;

/// A new token.
pub(crate) fn generate() -> Result<SecretText, IdentityError> {
    let secret = random::alphanumeric(SECRET_CHARS)?;
    let key = SecretText::from(format!("{PREFIX}{}", secret.expose()));
    Ok(SecretText::from(format!("{}_{}", key.expose(), checksum(key.expose()))))
}

/// Whether `text` may be a token: its parts and its checksum are right.
pub(crate) fn is_well_formed(text: &str) -> bool {
    let Some((key, sum)) = text.rsplit_once('_') else { return false };
    let secret = key.strip_prefix(PREFIX).unwrap_or_default();
    secret.len() == SECRET_CHARS && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) && checksum(key) == sum
}

/// What is kept of a token.
pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Grafana writes the CRC's bytes from the lowest to the highest.
fn checksum(key: &str) -> String {
    format!("{:08x}", crc32fast::hash(key.as_bytes()).swap_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// From Grafana's own tests.
    const GRAFANAS: &str = "glsa_yscW25imSKJIuav8zF37RZmnbiDvB05G_fcaaf58a";

    #[test]
    fn a_token_of_grafana_is_well_formed() {
        assert!(is_well_formed(GRAFANAS));
    }

    #[test]
    fn a_new_token_is_well_formed_and_as_long_as_grafanas() {
        let token = generate().unwrap();
        assert!(is_well_formed(token.expose()), "{}", token.expose());
        assert_eq!(token.expose().len(), GRAFANAS.len());
    }

    proptest! {
        #[test]
        fn one_changed_character_makes_a_token_ill_formed(at in 0..GRAFANAS.len(), to in "[ -~]") {
            let mut token = GRAFANAS.to_owned();
            token.replace_range(at..=at, &to);
            prop_assert_eq!(is_well_formed(&token), token == GRAFANAS);
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in ".*") {
            prop_assert!(!is_well_formed(&text));
        }
    }
}
