//! Which refusals are worth a line in the audit log: whoever is refused may ask again at once, and for ever.

use super::AuthError;
use super::limits::Counts;
use super::network::Network;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What was refused, where a client could have it refused as often as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    TooManyTries,
    UnknownToken,
    ExpiredToken,
    Disabled,
}

#[derive(Default)]
pub(super) struct Told {
    counts: Mutex<Counts<(Kind, Network)>>,
}

impl Told {
    /// How often it happened to this client within five minutes, where that is to be told: the first time, the tenth, the
    /// hundredth and so on. `None` also for what needs no line at all.
    pub(super) fn worth_telling(&self, error: &AuthError, client: Network, now: Instant) -> Option<u32> {
        let kind = match error {
            // Few: the limits see to that.
            AuthError::WrongPassword => return Some(1),
            AuthError::TooManyTries { .. } => Kind::TooManyTries,
            AuthError::UnknownToken => Kind::UnknownToken,
            AuthError::ExpiredToken { .. } => Kind::ExpiredToken,
            AuthError::Disabled { .. } => Kind::Disabled,
            _ => return None,
        };
        let times = self.counts.lock().unwrap_or_else(PoisonError::into_inner).add((kind, client), now);
        (10_u32.pow(times.ilog10()) == times).then_some(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_a_client_has_refused_over_and_over_is_told_at_each_power_of_ten() {
        let (told, now) = (Told::default(), Instant::now());
        let client = |last| Network::of([10, 0, 0, last].into());
        let wait = AuthError::TooManyTries { wait: Duration::from_secs(1) };
        let times = |error, last, at| {
            (0..1_500).filter_map(|_| told.worth_telling(error, client(last), at)).collect::<Vec<_>>()
        };
        assert_eq!(times(&wait, 1, now), [1, 10, 100, 1_000]);
        assert_eq!(times(&AuthError::UnknownToken, 1, now), [1, 10, 100, 1_000]);
        assert_eq!(times(&wait, 2, now), [1, 10, 100, 1_000]);
        assert_eq!(times(&wait, 1, now + Duration::from_secs(300)), [1, 10, 100, 1_000], "in the next window");
        assert_eq!(times(&AuthError::WrongPassword, 1, now).len(), 1_500);
        assert_eq!(told.worth_telling(&AuthError::Missing, client(1), now), None, "every browser begins so");
    }
}
