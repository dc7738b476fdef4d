//! Orgs, users, service accounts, tokens and grants in the database.
//!
//! A command is one write transaction: what it looked at (is the name free, is there another admin) is what it changes, and
//! it happens as a whole or not at all. Reads of one thing run where they are called and take microseconds; lists go to a
//! thread that may block.

mod accounts;
mod cache;
mod first_start;
mod grants;
mod members;
mod orgs;
mod sign_in;
mod tables;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

pub(crate) use sign_in::{SignIn, Used};

use crate::IdentityError;
use crate::password::Passwords;
use cache::GrantCache;
use redb::{ReadTransaction, WriteTransaction};
use std::sync::{Arc, Weak};
use wellhead_store::{Database, DatabaseError};

/// Who there is and what they are allowed. Cheap to clone; clones are the same.
///
/// ```
/// # tokio::runtime::Builder::new_multi_thread().build().unwrap().block_on(async {
/// use wellhead_identity::{Authenticator, Credentials, Action, Identities, NewUser, Role};
/// use wellhead_store::Database;
///
/// let identities = Identities::open(Database::in_memory()?).await?;
/// let team = identities.create_org("Team", None).await?;
/// identities.create_user(NewUser { org_id: team.id, role: Role::Editor, ..NewUser::new("ada", "correct horse") }).await?;
///
/// let authenticator = Authenticator::new(identities)?;
/// let credentials = Credentials::Basic { login: "ada".into(), password: "correct horse".into() };
/// let ada = authenticator.authenticate(&credentials, None, [127, 0, 0, 1].into()).await?;
/// assert_eq!((ada.org_id, ada.role), (team.id, Role::Editor));
/// assert!(ada.may(Action::Query) && !ada.may(Action::WriteDataSources));
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Identities {
    inner: Arc<Inner>,
}

/// [`Identities`] that do not keep the database open.
pub(crate) struct WeakIdentities(Weak<Inner>);

impl WeakIdentities {
    pub(crate) fn upgrade(&self) -> Option<Identities> {
        self.0.upgrade().map(|inner| Identities { inner })
    }
}

struct Inner {
    database: Database,
    passwords: Passwords,
    grants: GrantCache,
}

impl Identities {
    /// Those in `database`; the main org is made if there is none.
    ///
    /// # Errors
    /// [`IdentityError::Store`], where the database fails.
    pub async fn open(database: Database) -> Result<Self, IdentityError> {
        let inner = Inner { database, passwords: Passwords::default(), grants: GrantCache::default() };
        let identities = Self { inner: Arc::new(inner) };
        identities.make_main_org().await?;
        Ok(identities)
    }

    pub(crate) fn downgrade(&self) -> WeakIdentities {
        WeakIdentities(Arc::downgrade(&self.inner))
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    fn read<T>(&self, read: impl FnOnce(&ReadTransaction) -> Result<T, IdentityError>) -> Result<T, IdentityError> {
        self.inner.database.read(read)
    }

    /// For reads that grow with what there is.
    async fn read_many<T: Send + 'static>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let database = self.inner.database.clone();
        let reading = tokio::task::spawn_blocking(move || database.read(read));
        reading.await.unwrap_or_else(|_| Err(DatabaseError::Interrupted.into()))
    }

    /// Runs a command. In a task of its own, because a caller that goes away does not stop the transaction, and the cache
    /// must not be left with what it changed.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let inner = Arc::clone(&self.inner);
        let writing = tokio::spawn(async move {
            let written = inner.database.write(write).await;
            inner.grants.forget();
            written
        });
        writing.await.unwrap_or_else(|_| Err(DatabaseError::Interrupted.into()))
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identities").field("database", &self.inner.database).finish_non_exhaustive()
    }
}
