//! Who is asking: credentials to an identity.
//!
//! What a command changed (a role, a password, a revoked token) holds from the next request on: users, memberships and tokens
//! are read each time, in microseconds. Only that a password was right is remembered, for a minute.

mod credentials;
mod error;
mod limits;
mod network;
mod operator;
mod own_password;
mod remembered;
#[cfg(test)]
mod tests;
mod told;
mod used;

pub use credentials::Credentials;
pub use error::AuthError;
pub use operator::{OPERATOR_FILE, OperatorToken};

use crate::identities::{SignIn, Used};
use crate::model::check::TOKEN_LOGIN;
use crate::password::Turn;
use crate::{
    Identities, Identity, IdentityError, MAIN_ORG, MAX_NAME_CHARS, MAX_PASSWORD_BYTES, SecretText, Who, token_text,
};
use jiff::Timestamp;
use limits::{Limits, LoginKey};
use network::Network;
use remembered::Remembered;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use told::Told;
use used::LastUsed;
use wellhead_store::DatabaseError;

/// Makes identities of credentials. Cheap to clone; clones are the same.
///
/// A password costs about 20 ms of a core once a minute, client and user; a token microseconds each time. Five wrong passwords
/// within five minutes make a login wait at the address they came from, thirty make the address wait, and a hundred from
/// anywhere make the login wait wherever it has not signed in before: so nobody can shut an admin out from where the admin
/// works, and tokens and the operator never wait.
#[derive(Clone)]
pub struct Authenticator {
    identities: Identities,
    operator: Option<OperatorToken>,
    anonymous_viewer: bool,
    inner: Arc<Inner>,
}

struct Inner {
    limits: Mutex<Limits>,
    remembered: Remembered,
    used: LastUsed,
    told: Told,
    /// Users whose own change of password is under way.
    changing: Mutex<HashSet<i64>>,
}

/// One moment, by the clock on the wall and by the one that never jumps.
#[derive(Clone, Copy)]
struct Now {
    wall: Timestamp,
    steady: Instant,
}

/// What is known of a sign-in before the password is hashed.
enum Before {
    /// The password was right lately.
    Right { user_id: i64 },
    /// It is to be checked.
    Unchecked(Option<SignIn>),
}

/// A password that is to be checked.
struct Attempt {
    key: LoginKey,
    found: Option<SignIn>,
    password: SecretText,
    from: Network,
    now: Now,
}

impl Authenticator {
    /// One that knows `identities`, has no operator, and lets nobody in without credentials.
    ///
    /// # Errors
    /// [`IdentityError::NoRandomness`], where no key can be made to remember passwords by.
    pub fn new(identities: Identities) -> Result<Self, IdentityError> {
        let inner = Inner {
            limits: Mutex::default(),
            remembered: Remembered::new()?,
            used: LastUsed::default(),
            told: Told::default(),
            changing: Mutex::default(),
        };
        Ok(Self { identities, operator: None, anonymous_viewer: false, inner: Arc::new(inner) })
    }

    /// Takes whoever sends no credentials for a viewer of the main org.
    #[must_use]
    pub fn with_anonymous_viewer(mut self, is_allowed: bool) -> Self {
        self.anonymous_viewer = is_allowed;
        self
    }

    /// Takes whoever sends `token` for the operator of this machine.
    #[must_use]
    pub fn with_operator(mut self, token: OperatorToken) -> Self {
        self.operator = Some(token);
        self
    }

    /// Who sends `credentials` from `client`, for the org named or, without one, the caller's own.
    ///
    /// # Errors
    /// [`AuthError`]: no, wrong or expired credentials, an org that is not the caller's, too many tries.
    pub async fn authenticate(
        &self,
        credentials: &Credentials,
        org: Option<i64>,
        client: IpAddr,
    ) -> Result<Identity, AuthError> {
        let now = Now { wall: Timestamp::now(), steady: Instant::now() };
        self.authenticate_at(credentials, org, client, now).await
    }

    /// How often within five minutes this client was refused for this reason, where that belongs into the audit log: the first
    /// time, the tenth, the hundredth and so on, so that nobody can fill a disk by asking. To be asked once a refusal.
    pub fn worth_telling(&self, error: &AuthError, client: IpAddr) -> Option<u32> {
        self.inner.told.worth_telling(error, Network::of(client), Instant::now())
    }

    /// Writes down now when users and tokens were last used, which else happens within seconds of it: before a stop.
    ///
    /// # Errors
    /// The database's.
    pub async fn flush(&self) -> Result<(), IdentityError> {
        self.inner.used.write(&self.identities).await
    }

    /// How many passwords were hashed, to sign in or to be set: each costs about 20 ms of a core.
    pub fn passwords_hashed(&self) -> u64 {
        self.identities.passwords().computed()
    }

    async fn authenticate_at(
        &self,
        credentials: &Credentials,
        org: Option<i64>,
        client: IpAddr,
        now: Now,
    ) -> Result<Identity, AuthError> {
        match credentials {
            Credentials::None if self.anonymous_viewer => match org {
                None | Some(MAIN_ORG) => Ok(Identity::anonymous()),
                Some(org_id) => Err(AuthError::NotMember { org_id }),
            },
            Credentials::None => Err(AuthError::Missing),
            Credentials::Token(token) => self.token(token.expose(), org, now),
            Credentials::Basic { login, password } if login == TOKEN_LOGIN => self.token(password.expose(), org, now),
            Credentials::Basic { login, password } => {
                let user_id = self.password(login, password.expose(), Network::of(client), now).await?;
                self.user(user_id, org, now)
            }
        }
    }

    fn token(&self, text: &str, org: Option<i64>, now: Now) -> Result<Identity, AuthError> {
        if self.operator.as_ref().is_some_and(|operator| operator.is(text)) {
            let org_id = org.unwrap_or(MAIN_ORG);
            return match self.identities.org(org_id) {
                Ok(_) => Ok(Identity::operator(org_id)),
                Err(IdentityError::NotFound { .. }) => Err(AuthError::NotMember { org_id }),
                Err(error) => Err(error.into()),
            };
        }
        if !token_text::is_well_formed(text) {
            return Err(AuthError::UnknownToken);
        }
        let found = self.identities.token_owner(&token_text::hash(text))?;
        let (token, account) = found.ok_or(AuthError::UnknownToken)?;
        if token.has_expired(now.wall) {
            return Err(AuthError::ExpiredToken { name: token.name });
        }
        if account.is_disabled {
            return Err(AuthError::Disabled { login: account.login });
        }
        if let Some(org_id) = org.filter(|org_id| *org_id != token.org_id) {
            return Err(AuthError::TokenOfAnotherOrg { org_id });
        }
        self.inner.used.note(Used::Token(token.id), now.wall, &self.identities, &self.inner);
        Ok(Identity {
            who: Who::ServiceAccount { id: account.id, token_id: token.id },
            org_id: account.org_id,
            role: account.role,
            is_server_admin: false,
            login: account.login,
            name: account.name,
            email: String::new(),
        })
    }

    /// The id of the user whose password it is.
    async fn password(&self, login: &str, password: &str, from: Network, now: Now) -> Result<i64, AuthError> {
        if let Before::Right { user_id } = self.before(login, password, from, now)? {
            return Ok(user_id);
        }
        let turn = self.identities.passwords().turn().await?;
        // Others had their turn meanwhile: they may have used up the tries, or shown that the password is right.
        let found = match self.before(login, password, from, now)? {
            Before::Right { user_id } => return Ok(user_id),
            Before::Unchecked(found) => found,
        };
        let attempt =
            Attempt { key: LoginKey::new(login, found.as_ref()), found, password: password.into(), from, now };
        // In a task of its own: who hangs up after a guess is counted as well.
        let checking = tokio::spawn(self.clone().check(turn, attempt));
        checking.await.unwrap_or_else(|_| Err(IdentityError::from(DatabaseError::Interrupted).into()))
    }

    /// Hashes, and notes what came of it before the next has a turn.
    async fn check(self, turn: Turn, attempt: Attempt) -> Result<i64, AuthError> {
        let Attempt { key, found, password, from, now } = attempt;
        let phc = found.as_ref().and_then(|found| found.phc.clone());
        // Longer ones were never set, and are not worth hashing: their length tells nothing about a user.
        let may_be_right = password.expose().len() <= MAX_PASSWORD_BYTES;
        let (_turn, is_right) = if may_be_right { turn.verify(password.expose(), phc).await? } else { (turn, false) };
        match found {
            Some(SignIn { user_id, phc: Some(phc) }) if is_right => {
                self.limits().succeeded(&key, from, now.steady);
                self.inner.remembered.remember(user_id, from, &phc, password.expose(), now.steady);
                Ok(user_id)
            }
            _ => {
                self.limits().failed(key, from, now.steady);
                Err(AuthError::WrongPassword)
            }
        }
    }

    fn before(&self, login: &str, password: &str, from: Network, now: Now) -> Result<Before, AuthError> {
        let may_exist = login.chars().count() <= MAX_NAME_CHARS;
        let found = if may_exist { self.identities.sign_in(login)? } else { None };
        let key = LoginKey::new(login, found.as_ref());
        self.limits().check(&key, from, now.steady).map_err(|wait| AuthError::TooManyTries { wait })?;
        if let Some(SignIn { user_id, phc: Some(phc) }) = &found
            && self.inner.remembered.is_right(*user_id, from, phc, password, now.steady)
        {
            return Ok(Before::Right { user_id: *user_id });
        }
        Ok(Before::Unchecked(found))
    }

    fn user(&self, user_id: i64, org: Option<i64>, now: Now) -> Result<Identity, AuthError> {
        let (user, standing) = match self.identities.standing(user_id, org) {
            // Deleted while its password was checked.
            Err(IdentityError::NotFound { .. }) => return Err(AuthError::WrongPassword),
            read => read?,
        };
        if user.is_disabled {
            return Err(AuthError::Disabled { login: user.login });
        }
        let Some((org_id, role)) = standing else {
            return Err(org.map_or(AuthError::NoOrg { login: user.login }, |org_id| AuthError::NotMember { org_id }));
        };
        self.inner.used.note(Used::User(user_id), now.wall, &self.identities, &self.inner);
        Ok(Identity {
            who: Who::User { id: user_id },
            org_id,
            role,
            is_server_admin: user.is_admin,
            login: user.login,
            name: user.name,
            email: user.email,
        })
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.inner.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("anonymous_viewer", &self.anonymous_viewer).finish_non_exhaustive()
    }
}
