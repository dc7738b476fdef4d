//! That a password was right, for a minute: API clients send it with every request, and a hash takes 20 ms.
//!
//! What is remembered is a MAC over the stored hash and the password, by user and client: it is worthless once the password is
//! changed, tells nothing to who reads the memory of another process, and nobody else's client can try passwords against it.

use super::network::Network;
use crate::{IdentityError, random};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

const LASTS: Duration = Duration::from_secs(60);
/// How many are remembered; past this all that are over go, and if none is, all go.
const CAPACITY: usize = 10_000;

pub(super) struct Remembered {
    /// Random, of this process.
    key: Zeroizing<[u8; 32]>,
    right: Mutex<HashMap<(i64, Network), Right>>,
}

struct Right {
    mac: [u8; 32],
    until: Instant,
}

impl Remembered {
    pub(super) fn new() -> Result<Self, IdentityError> {
        let mut key = Zeroizing::new([0; 32]);
        random::fill(&mut *key)?;
        Ok(Self { key, right: Mutex::default() })
    }

    pub(super) fn is_right(&self, user_id: i64, client: Network, phc: &str, password: &str, now: Instant) -> bool {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        let found = right.get(&(user_id, client)).filter(|right| now < right.until).map(|right| right.mac);
        drop(right);
        let mac = self.mac(phc, password);
        // Compares in constant time.
        found.zip(mac).is_some_and(|(found, mac)| mac.verify_slice(&found).is_ok())
    }

    pub(super) fn remember(&self, user_id: i64, client: Network, phc: &str, password: &str, now: Instant) {
        let Some(mac) = self.mac(phc, password) else { return };
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= CAPACITY {
            right.retain(|_, right| now < right.until);
        }
        if right.len() >= CAPACITY {
            right.clear();
        }
        let until = now + LASTS;
        right.insert((user_id, client), Right { mac: mac.finalize().into_bytes().into(), until });
    }

    /// `None` never: HMAC takes a key of any length.
    fn mac(&self, phc: &str, password: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_slice()).ok()?;
        mac.update(phc.as_bytes());
        // No PHC string has a NUL, so that no other pair gives the same bytes.
        mac.update(&[0]);
        mac.update(password.as_bytes());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> Network {
        Network::of([10, 0, 0, last].into())
    }

    #[test]
    fn the_same_password_of_the_same_user_from_the_same_client_is_right_for_a_minute() {
        let (remembered, now) = (Remembered::new().unwrap(), Instant::now());
        remembered.remember(1, client(1), "phc", "password", now);
        assert!(remembered.is_right(1, client(1), "phc", "password", now + LASTS - Duration::from_nanos(1)));
        assert!(!remembered.is_right(1, client(1), "phc", "password", now + LASTS));
        assert!(!remembered.is_right(1, client(1), "phc", "passwor", now));
        assert!(!remembered.is_right(1, client(1), "other phc", "password", now), "after a change of password");
        assert!(!remembered.is_right(1, client(2), "phc", "password", now), "another client may not guess");
        assert!(!remembered.is_right(2, client(1), "phc", "password", now));
    }

    #[test]
    fn the_memory_is_bounded() {
        let (remembered, now) = (Remembered::new().unwrap(), Instant::now());
        (0..=CAPACITY as i64).for_each(|id| remembered.remember(id, client(1), "phc", "password", now));
        assert_eq!(remembered.right.lock().unwrap().len(), 1);
    }
}
