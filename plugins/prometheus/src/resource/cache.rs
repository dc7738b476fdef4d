//! Metadata answers in the memory that the host keeps for the data source.
//! Promises that an answer is given only to the question it answers: entries carry their question, since keys are
//! hashes of it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use wellhead_sdk::cache;

/// The host takes no more for one entry.
const MAX_ENTRY: usize = 1 << 20;

/// A question put to the server: a path and its parameters.
#[derive(Debug)]
pub(super) struct Question {
    text: String,
}

impl Question {
    pub(super) fn new(path: &str, parameters: &[(String, String)]) -> Self {
        let mut text = path.to_owned();
        for (key, value) in parameters {
            // Neither character is in a percent-encoded path, and a parameter that had one would only miss the cache.
            text.extend(["\n", key, "=", value]);
        }
        Self { text }
    }

    /// Selectors may be longer than keys may be.
    fn key(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.text.hash(&mut hasher);
        format!("metadata/{:016x}", hasher.finish())
    }

    /// The body of the answer, if it is still there.
    pub(super) fn cached(&self) -> Option<Vec<u8>> {
        let mut entry = cache::get(&self.key())?;
        let (length, rest) = entry.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        if rest.get(..length)? != self.text.as_bytes() {
            return None;
        }
        Some(entry.split_off(4 + length))
    }

    /// Keeps the body of the answer, if it is small enough.
    pub(super) fn keep(&self, body: &[u8], ttl: Duration) {
        let Ok(length) = u32::try_from(self.text.len()) else { return };
        let size = 4 + self.text.len() + body.len();
        if size > MAX_ENTRY {
            return;
        }
        let mut entry = Vec::with_capacity(size);
        entry.extend_from_slice(&length.to_le_bytes());
        entry.extend_from_slice(self.text.as_bytes());
        entry.extend_from_slice(body);
        cache::set(&self.key(), &entry, ttl);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(600);

    fn question(path: &str, value: &str) -> Question {
        Question::new(path, &[("match[]".to_owned(), value.to_owned())])
    }

    #[test]
    fn an_answer_is_given_to_its_question_alone() {
        question("a", "x").keep(b"answer", TTL);
        assert_eq!(question("a", "x").cached().as_deref(), Some(b"answer".as_slice()));
        assert_eq!(question("a", "y").cached(), None);
        assert_eq!(question("b", "x").cached(), None);
    }

    #[test]
    fn an_entry_of_another_question_under_the_same_key_is_not_taken() {
        let asked = question("collision", "x");
        let mut entry = 3_u32.to_le_bytes().to_vec();
        entry.extend_from_slice(b"abcanswer");
        cache::set(&asked.key(), &entry, TTL);
        assert_eq!(asked.cached(), None);
        for damaged in [b"".as_slice(), b"\xff\xff\xff\xff", b"\x09\x00"] {
            cache::set(&asked.key(), damaged, TTL);
            assert_eq!(asked.cached(), None);
        }
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        question("large", "x").keep(&vec![b'x'; MAX_ENTRY], TTL);
        assert_eq!(question("large", "x").cached(), None);
        let long = "x".repeat(2_000);
        question("long", &long).keep(b"answer", TTL);
        assert!(question("long", &long).cached().is_some(), "a selector longer than a key may be");
    }
}
