//! Uids made by the store, in the shape of Grafana's.

/// As long as Grafana's: 36¹⁴ of them, so that two never meet.
const LENGTH: usize = 14;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A new uid: small letters and digits, a letter first. `None` where the system has no randomness to give.
pub(super) fn generate() -> Option<String> {
    let mut random = [0; LENGTH];
    getrandom::fill(&mut random).ok()?;
    let letters = random.iter().enumerate().map(|(index, byte)| {
        // The first 16 of the alphabet are letters.
        let choices = if index == 0 { 16 } else { ALPHABET.len() };
        ALPHABET.get(usize::from(*byte) % choices).copied().map_or('a', char::from)
    });
    Some(letters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_differ_start_with_a_letter_and_are_valid() {
        let uids: std::collections::BTreeSet<_> = (0..1_000).map(|_| generate().unwrap()).collect();
        assert_eq!(uids.len(), 1_000);
        for uid in &uids {
            assert!(uid.starts_with(|c: char| c.is_ascii_lowercase()), "{uid}");
            assert_eq!(super::super::check::uid(uid), Ok(()));
        }
    }
}
