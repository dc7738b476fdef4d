//! What a new database gets: the tables, the main org, and a first user who administers the server.

use super::tables::{self, ORGS, Tables, USERS};
use super::{Identities, orgs, users};
use crate::{IdentityError, MAIN_ORG, NewUser, Org, Role, SecretText, User};
use redb::ReadTransaction;

/// The first user's login, as in Grafana.
const ADMIN: &str = "admin";

impl Identities {
    pub(super) async fn make_main_org(&self) -> Result<(), IdentityError> {
        let is_made = |transaction: &ReadTransaction| {
            Ok(tables::are_made(transaction)? && tables::row::<Org>(transaction, ORGS, MAIN_ORG)?.is_some())
        };
        if self.read(is_made)? {
            return Ok(());
        }
        self.write(|transaction| {
            tables::make(transaction)?;
            if tables::row::<Org>(transaction, ORGS, MAIN_ORG)?.is_none() {
                orgs::create(transaction, "Main Org.".to_owned())?;
            }
            Ok(())
        })
        .await
    }

    /// Makes the user `admin`, server admin and admin of the main org, if there is no server admin at all: others may have been
    /// added before the first start. With `password`, or with one that is made and given back, to be shown once. Where
    /// somebody else has that login, nobody is made: who is to administer is the operator's to say.
    ///
    /// # Errors
    /// [`IdentityError`]: a bad password, or the database's.
    pub async fn ensure_admin(&self, password: Option<&str>) -> Result<Option<SecretText>, IdentityError> {
        if !self.read_many(is_missing).await? {
            return Ok(None);
        }
        let made = if password.is_none() { Some(SecretText::generate_password()?) } else { None };
        let password = password.map(SecretText::from).or_else(|| made.clone()).unwrap_or_default();
        let new = NewUser { is_admin: true, role: Role::Admin, ..NewUser::new(ADMIN, password) };
        let new = users::checked(new)?;
        let phc = self.passwords().hash(&new.password).await?;
        let is_first = self.write(move |transaction| {
            if !is_missing(transaction)? {
                return Ok(false);
            }
            users::create(transaction, new, &phc)?;
            Ok(true)
        });
        Ok(if is_first.await? { made } else { None })
    }
}

/// Whether there is no server admin, and the login of the first is free.
fn is_missing(tables: &impl Tables) -> Result<bool, IdentityError> {
    Ok(users::is_free(tables, ADMIN)? && !tables::rows::<User>(tables, USERS)?.iter().any(|user| user.is_admin))
}
