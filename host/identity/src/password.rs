//! Passwords: hashed with argon2id, checked at the same cost whoever is asked for, a few at once.
//!
//! A hash takes about 20 ms of a core and 19 MiB, so that a flood of sign-ins waits here instead of taking the machine.

use crate::{IdentityError, SecretText, random};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wellhead_store::DatabaseError;

/// How many are hashed at once.
const AT_ONCE: usize = 2;
/// How many more may wait: about one second's worth.
const WAITING: usize = 100;

/// OWASP's parameters: 19 MiB, two passes, one lane (Password Storage Cheat Sheet).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What the password of somebody who does not exist is checked against: made up, with the same parameters and lengths.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$ZmVsbG93c2hpcG9mdGhlcg$0tXk0oOM4VnU3kS0oDVyWY5m3cN1yQ2zYyZ0vY3nJ2s";

pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    /// Of `AT_ONCE + WAITING` places.
    places: Arc<Semaphore>,
    computed: Arc<AtomicU64>,
}

/// The right to hash once. Whoever holds it checks first what may have changed while it waited.
pub(crate) struct Turn {
    _at_once: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
    computed: Arc<AtomicU64>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            computed: Arc::default(),
        }
    }
}

impl Passwords {
    /// Waits for a turn, unless too many do.
    pub(crate) async fn turn(&self) -> Result<Turn, IdentityError> {
        let busy = IdentityError::Busy { waiting: WAITING };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return Err(busy) };
        let Ok(at_once) = Arc::clone(&self.at_once).acquire_owned().await else { return Err(busy) };
        Ok(Turn { _at_once: at_once, _place: place, computed: Arc::clone(&self.computed) })
    }

    /// A PHC string for a password that is good.
    pub(crate) async fn hash(&self, password: &SecretText) -> Result<String, IdentityError> {
        let password = password.clone();
        let hashing = self.turn().await?.run(move || {
            let mut salt = [0; 16];
            random::fill(&mut salt)?;
            let hashed = hasher()?.hash_password_with_salt(password.expose().as_bytes(), &salt);
            hashed.map(|phc| phc.to_string()).map_err(|error| IdentityError::Hashing(error.to_string()))
        });
        Ok(hashing.await?.1)
    }

    /// How many hashes were computed.
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }
}

impl Turn {
    /// Whether `password` is that of `phc`. Without one it is not, at the same cost. The turn comes back, to be kept until
    /// what follows from the answer is noted.
    pub(crate) async fn verify(self, password: &str, phc: Option<String>) -> Result<(Self, bool), IdentityError> {
        let password = SecretText::from(password);
        self.run(move || {
            let is_somebody = phc.is_some();
            let verified = hasher()?.verify_password(password.expose().as_bytes(), phc.as_deref().unwrap_or(NOBODYS));
            match verified {
                Ok(()) => Ok(is_somebody),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(IdentityError::Hashing(error.to_string())),
            }
        })
        .await
    }

    /// The turn goes along, because the work goes on where the caller stops waiting.
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<(Self, T), IdentityError> {
        let working = tokio::task::spawn_blocking(move || {
            self.computed.fetch_add(1, Ordering::Relaxed);
            let answer = work()?;
            Ok((self, answer))
        });
        working.await.unwrap_or_else(|_| Err(DatabaseError::Interrupted.into()))
    }
}

fn hasher() -> Result<Argon2<'static>, IdentityError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None);
    let params = params.map_err(|error| IdentityError::Hashing(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[tokio::test]
    async fn a_password_is_kept_as_argon2id_with_the_parameters_of_owasp_and_a_salt_of_its_own() {
        let passwords = Passwords::default();
        let (one, other) =
            (passwords.hash(&"same".into()).await.unwrap(), passwords.hash(&"same".into()).await.unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
        assert!(passwords.turn().await.unwrap().verify("same", Some(one.clone())).await.unwrap().1);
        assert!(!passwords.turn().await.unwrap().verify("other", Some(one)).await.unwrap().1);
    }

    #[tokio::test]
    async fn the_password_of_nobody_is_hashed_with_the_same_parameters_and_is_never_right() {
        let passwords = Passwords::default();
        let real = passwords.hash(&"x".into()).await.unwrap();
        let parameters = |phc: &str| phc.split('$').take(4).collect::<Vec<_>>().join("$");
        let lengths = |phc: &str| phc.split('$').map(str::len).collect::<Vec<_>>();
        assert_eq!((parameters(NOBODYS), lengths(NOBODYS)), (parameters(&real), lengths(&real)));
        let before = passwords.computed();
        assert!(!passwords.turn().await.unwrap().verify("x", None).await.unwrap().1);
        assert_eq!(passwords.computed(), before + 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_work_at_once_even_where_their_callers_have_left() {
        let passwords = Passwords::default();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..20 {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            let turn = passwords.turn().await.unwrap();
            let work = tokio::spawn(turn.run(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }));
            work.abort();
        }
        drop((passwords.turn().await.unwrap(), passwords.turn().await.unwrap()));
        assert!(most.load(Ordering::SeqCst) <= AT_ONCE);
    }

    #[tokio::test]
    async fn more_than_may_wait_are_told_to_come_again() {
        let passwords = Arc::new(Passwords::default());
        let held = (passwords.turn().await.unwrap(), passwords.turn().await.unwrap());
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..WAITING {
            let passwords = Arc::clone(&passwords);
            waiting.spawn(async move { passwords.turn().await.is_ok() });
        }
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.turn().await, Err(IdentityError::Busy { waiting: WAITING })));
        drop(held);
        assert!(waiting.join_all().await.into_iter().all(|had_a_turn| had_a_turn));
    }
}
