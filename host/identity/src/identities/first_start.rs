//! What a new database gets: the tables, the main org, and a first user who administers the server.

use super::tables::{self, ORGS, USERS};
use super::{Identities, orgs, users};
use crate::{IdentityError, MAIN_ORG, NewUser, Org, Role, SecretText, random};
use redb::{ReadTransaction, ReadableTableMetadata};

/// The first user's login, as in Grafana.
const ADMIN: &str = "admin";
/// Of a password that is made: 143 bits.
const GENERATED_CHARS: usize = 24;

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

    /// Makes the user `admin`, server admin and admin of the main org, if there is no user at all. With `password`, or with
    /// one that is made and given back, to be shown once.
    ///
    /// # Errors
    /// [`IdentityError`]: a bad password, or the database's.
    pub async fn ensure_admin(&self, password: Option<&str>) -> Result<Option<SecretText>, IdentityError> {
        let there_are_users = |transaction: &ReadTransaction| Ok(!transaction.open_table(USERS)?.is_empty()?);
        if self.read(there_are_users)? {
            return Ok(None);
        }
        let made = if password.is_none() { Some(random::alphanumeric(GENERATED_CHARS)?) } else { None };
        let password = password.map(SecretText::from).or_else(|| made.clone()).unwrap_or_default();
        let new = NewUser { is_admin: true, role: Role::Admin, ..NewUser::new(ADMIN, password) };
        let new = users::checked(new)?;
        let phc = self.passwords().hash(&new.password).await?;
        let is_first = self.write(move |transaction| {
            if !transaction.open_table(USERS)?.is_empty()? {
                return Ok(false);
            }
            users::create(transaction, new, &phc)?;
            Ok(true)
        });
        Ok(if is_first.await? { made } else { None })
    }
}
