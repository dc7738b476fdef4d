//! Random text for passwords and tokens.

use crate::{IdentityError, SecretText};
use zeroize::Zeroizing;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// The most that a byte may be, so that every letter is as likely as another: 4 × 62.
const FAIR: u8 = 248;

/// `length` letters and digits, 5.95 bits each.
pub(crate) fn alphanumeric(length: usize) -> Result<SecretText, IdentityError> {
    let mut text = Zeroizing::new(String::with_capacity(length));
    let mut random = Zeroizing::new([0; 64]);
    while text.len() < length {
        fill(&mut *random)?;
        let fair = random.iter().filter(|byte| **byte < FAIR);
        let letters = fair.filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()));
        let missing = length - text.len();
        text.extend(letters.take(missing).copied().map(char::from));
    }
    Ok(SecretText::from(text.as_str()))
}

/// Fills `bytes` with what the system has.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), IdentityError> {
    getrandom::fill(bytes).map_err(|_| IdentityError::NoRandomness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_length_asked_for_use_the_whole_alphabet_and_differ() {
        let texts: std::collections::BTreeSet<_> =
            (0..200).map(|_| alphanumeric(32).unwrap().expose().to_owned()).collect();
        assert_eq!(texts.len(), 200);
        assert!(texts.iter().all(|text| text.len() == 32));
        let letters: std::collections::BTreeSet<_> = texts.iter().flat_map(|text| text.bytes()).collect();
        assert_eq!(letters, ALPHABET.iter().copied().collect());
    }
}
