//! How many wrong passwords are taken before a client has to wait.
//!
//! Counted for a login at a client, for a client, and for a login. The last does not hold where the login signed in before: or a
//! stranger could lock somebody out from everywhere. All is in memory and bounded; a restart forgets it.

use super::network::Network;
use crate::MAX_NAME_CHARS;
use crate::identities::SignIn;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Failures are counted from the first one for this long, and who has had too many waits for the rest of it. Grafana's.
const WINDOW: Duration = Duration::from_secs(5 * 60);
/// For one login at one client: Grafana's.
const OF_LOGIN_AT_CLIENT: u32 = 5;
/// For one client, whatever the logins: an office behind one address has a few people who mistype.
const OF_CLIENT: u32 = 30;
/// For one IPv6 site, whose clients cost nobody anything: ten offices' worth.
const OF_SITE: u32 = 300;
/// For one login from anywhere: guessing with many addresses stays below 30,000 tries a day.
const OF_LOGIN: u32 = 100;
/// For how long a client is known to a login.
const KNOWN: Duration = Duration::from_secs(24 * 60 * 60);
/// How many are counted of each kind. Filling them takes hundreds of addresses.
const CAPACITY: usize = 10_000;

/// A login to count by: a user's is one, by whatever name it is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum LoginKey {
    User(i64),
    Unknown(Box<str>),
}

impl LoginKey {
    pub(super) fn new(login: &str, found: Option<&SignIn>) -> Self {
        match found {
            Some(found) => Self::User(found.user_id),
            None => Self::Unknown(login.to_lowercase().chars().take(MAX_NAME_CHARS).collect()),
        }
    }
}

#[derive(Default)]
pub(super) struct Limits {
    logins_at_clients: Counts<(LoginKey, Network)>,
    clients: Counts<Network>,
    sites: Counts<[u16; 3]>,
    logins: Counts<LoginKey>,
    known: Marks<(LoginKey, Network)>,
}

impl Limits {
    /// Whether another password may be tried, or how long to wait for that.
    pub(super) fn check(&self, login: &LoginKey, client: Network, now: Instant) -> Result<(), Duration> {
        let pair = (login.clone(), client);
        self.logins_at_clients.check(&pair, OF_LOGIN_AT_CLIENT, now)?;
        self.clients.check(&client, OF_CLIENT, now)?;
        client.site().map_or(Ok(()), |site| self.sites.check(&site, OF_SITE, now))?;
        if self.known.has(&pair, KNOWN, now) { Ok(()) } else { self.logins.check(login, OF_LOGIN, now) }
    }

    pub(super) fn failed(&mut self, login: LoginKey, client: Network, now: Instant) {
        self.logins.add(login.clone(), now);
        self.logins_at_clients.add((login, client), now);
        self.clients.add(client, now);
        if let Some(site) = client.site() {
            self.sites.add(site, now);
        }
    }

    /// Starts the login's count at this client again. The other counts go on: a client could else buy tries at others' logins
    /// with its own password, and who guesses from many addresses would gain from each time that the user signs in.
    pub(super) fn succeeded(&mut self, login: &LoginKey, client: Network, now: Instant) {
        let pair = (login.clone(), client);
        self.logins_at_clients.windows.remove(&pair);
        self.known.set(pair, KNOWN, now);
    }
}

/// What is counted by some key, each from its first time on for [`WINDOW`].
pub(super) struct Counts<K> {
    windows: HashMap<K, Window>,
}

#[derive(Clone, Copy)]
struct Window {
    since: Instant,
    failures: u32,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self { windows: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash> Counts<K> {
    fn check(&self, key: &K, allowed: u32, now: Instant) -> Result<(), Duration> {
        let Some(window) = self.windows.get(key).filter(|window| window.failures >= allowed) else { return Ok(()) };
        match WINDOW.saturating_sub(now.saturating_duration_since(window.since)) {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        }
    }

    /// Counts one more, and says how many it is.
    pub(super) fn add(&mut self, key: K, now: Instant) -> u32 {
        let is_over = |window: &Window| now.saturating_duration_since(window.since) >= WINDOW;
        if !self.windows.contains_key(&key) && self.windows.len() >= CAPACITY {
            self.windows.retain(|_, window| !is_over(window));
            drop_oldest(&mut self.windows, |window| window.since);
        }
        let window = self.windows.entry(key).or_insert(Window { since: now, failures: 0 });
        if is_over(window) {
            *window = Window { since: now, failures: 0 };
        }
        window.failures = window.failures.saturating_add(1);
        window.failures
    }
}

struct Marks<K> {
    set: HashMap<K, Instant>,
}

impl<K> Default for Marks<K> {
    fn default() -> Self {
        Self { set: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash> Marks<K> {
    fn has(&self, key: &K, lasts: Duration, now: Instant) -> bool {
        self.set.get(key).is_some_and(|since| now.saturating_duration_since(*since) < lasts)
    }

    fn set(&mut self, key: K, lasts: Duration, now: Instant) {
        if !self.set.contains_key(&key) && self.set.len() >= CAPACITY {
            self.set.retain(|_, since| now.saturating_duration_since(*since) < lasts);
            drop_oldest(&mut self.set, |since| *since);
        }
        self.set.insert(key, now);
    }
}

/// Makes room for one more.
fn drop_oldest<K: Clone + Eq + Hash, V>(map: &mut HashMap<K, V>, since: impl Fn(&V) -> Instant) {
    if map.len() >= CAPACITY
        && let Some(oldest) = map.iter().min_by_key(|(_, value)| since(value)).map(|(key, _)| key.clone())
    {
        map.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u32) -> Network {
        Network::of(std::net::Ipv4Addr::from(number).into())
    }

    fn fail(limits: &mut Limits, times: u32, login: &LoginKey, from: impl Fn(u32) -> Network, now: Instant) {
        (0..times).for_each(|time| limits.failed(login.clone(), from(time), now));
    }

    const ADA: LoginKey = LoginKey::User(1);
    const BOB: LoginKey = LoginKey::User(2);

    #[test]
    fn five_failures_make_a_login_wait_at_that_client_alone() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        fail(&mut limits, 4, &ADA, |_| client(1), now);
        assert_eq!(limits.check(&ADA, client(1), now), Ok(()));
        fail(&mut limits, 1, &ADA, |_| client(1), now);
        assert_eq!(limits.check(&ADA, client(1), now), Err(WINDOW));
        assert_eq!(limits.check(&ADA, client(2), now), Ok(()));
        assert_eq!(limits.check(&BOB, client(1), now), Ok(()));
    }

    #[test]
    fn the_wait_is_the_rest_of_five_minutes_from_the_first_failure() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        fail(&mut limits, 5, &ADA, |_| client(1), now);
        let later = now + Duration::from_secs(299);
        assert_eq!(limits.check(&ADA, client(1), later), Err(Duration::from_secs(1)));
        let after = now + WINDOW;
        assert_eq!(limits.check(&ADA, client(1), after), Ok(()));
        fail(&mut limits, 4, &ADA, |_| client(1), after);
        assert_eq!(limits.check(&ADA, client(1), after), Ok(()));
    }

    #[test]
    fn a_success_starts_the_count_of_the_login_at_that_client_again() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        fail(&mut limits, 4, &ADA, |_| client(1), now);
        limits.succeeded(&ADA, client(1), now);
        fail(&mut limits, 4, &ADA, |_| client(1), now);
        assert_eq!(limits.check(&ADA, client(1), now), Ok(()));
    }

    #[test]
    fn thirty_failures_make_a_client_wait_whatever_the_login_and_a_success_does_not_help() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        for id in 0..30 {
            fail(&mut limits, 1, &LoginKey::User(100 + id), |_| client(1), now);
            limits.succeeded(&ADA, client(1), now);
        }
        assert_eq!(limits.check(&ADA, client(1), now), Err(WINDOW));
        assert_eq!(limits.check(&ADA, client(2), now), Ok(()));
    }

    #[test]
    fn three_hundred_failures_make_an_ipv6_site_wait_however_many_clients_it_is() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        let of_site = |site: u16, client: u16| Network::V6([0x2001, 0xdb8, site, client]);
        for number in 0..300_u16 {
            assert_eq!(limits.check(&ADA, of_site(1, 9_999), now), Ok(()), "{number}");
            limits.failed(LoginKey::User(i64::from(number) + 100), of_site(1, number), now);
        }
        assert_eq!(limits.check(&ADA, of_site(1, 9_999), now), Err(WINDOW));
        assert_eq!(limits.check(&ADA, of_site(2, 9_999), now), Ok(()));
    }

    #[test]
    fn a_hundred_failures_from_everywhere_make_a_login_wait_but_not_where_it_signed_in_before() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        limits.succeeded(&ADA, client(1), now);
        fail(&mut limits, 100, &ADA, |time| client(100 + time), now);
        assert_eq!(limits.check(&ADA, client(2), now), Err(WINDOW));
        assert_eq!(limits.check(&ADA, client(1), now), Ok(()));
        assert_eq!(limits.check(&BOB, client(2), now), Ok(()));
    }

    #[test]
    fn made_up_logins_and_addresses_do_not_fill_the_memory() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        for number in 0..CAPACITY as u32 + 5 {
            let at = now + Duration::from_millis(number.into());
            limits.failed(LoginKey::User(number.into()), client(number), at);
            limits.succeeded(&LoginKey::User(i64::from(number) + 1_000_000), client(number), at);
        }
        assert_eq!(limits.clients.windows.len(), CAPACITY);
        assert_eq!(limits.logins.windows.len(), CAPACITY);
        assert_eq!(limits.logins_at_clients.windows.len(), CAPACITY);
        assert_eq!(limits.known.set.len(), CAPACITY);
        assert!(!limits.clients.windows.contains_key(&client(4)) && limits.clients.windows.contains_key(&client(5)));
    }

    #[test]
    fn an_unknown_login_is_one_however_it_is_written_and_not_kept_at_any_length() {
        assert_eq!(LoginKey::new("ADA", None), LoginKey::new("ada", None));
        let LoginKey::Unknown(kept) = LoginKey::new(&"x".repeat(1 << 20), None) else { panic!("nobody was found") };
        assert_eq!(kept.len(), MAX_NAME_CHARS);
    }
}
