//! Service accounts: made, changed, deleted with their tokens, listed. Each belongs to one org.

use super::tables::{self, ACCOUNT_NAMES, ACCOUNTS, Id, LOGINS, TOKEN_NAMES, Tables};
use super::{Identities, grants, orgs, tokens, users};
use crate::model::{Matcher, check};
use crate::{Entity, Grantee, IdentityError, NewServiceAccount, Page, Search, ServiceAccount, ServiceAccountUpdate};
use jiff::Timestamp;
use redb::WriteTransaction;

impl Identities {
    /// Makes a service account.
    ///
    /// # Errors
    /// [`IdentityError`]: no such org, a bad name, one that is taken.
    pub async fn create_service_account(&self, new: NewServiceAccount) -> Result<ServiceAccount, IdentityError> {
        check::name("name", &new.name)?;
        self.write(move |transaction| {
            orgs::find(transaction, new.org_id)?;
            let id = tables::next_id(transaction, Id::Principal)?;
            let login = free_login(transaction, new.org_id, &new.name, id)?;
            let now = Timestamp::now();
            let account = ServiceAccount {
                id,
                org_id: new.org_id,
                name: new.name,
                login,
                role: new.role,
                is_disabled: new.is_disabled,
                created: now,
                updated: now,
                tokens: 0,
            };
            take_name(transaction, &account)?;
            transaction.open_table(LOGINS)?.insert(account.login.as_str(), id)?;
            tables::put(transaction, ACCOUNTS, id, &account)?;
            Ok(account)
        })
        .await
    }

    /// Changes a service account of an org.
    ///
    /// # Errors
    /// [`IdentityError`]: no such account there, a bad name, one that is taken.
    pub async fn update_service_account(
        &self,
        org_id: i64,
        id: i64,
        update: ServiceAccountUpdate,
    ) -> Result<ServiceAccount, IdentityError> {
        update.name.as_deref().map_or(Ok(()), |name| check::name("name", name))?;
        self.write(move |transaction| {
            let mut account = find(transaction, org_id, id)?;
            if let Some(name) = update.name {
                transaction.open_table(ACCOUNT_NAMES)?.remove((org_id, account.name.as_str()))?;
                account.name = name;
                take_name(transaction, &account)?;
            }
            account.role = update.role.unwrap_or(account.role);
            account.is_disabled = update.is_disabled.unwrap_or(account.is_disabled);
            account.updated = Timestamp::now();
            tables::put(transaction, ACCOUNTS, id, &account)?;
            Ok(account)
        })
        .await
    }

    /// Deletes a service account of an org, with its tokens and grants.
    ///
    /// # Errors
    /// [`IdentityError`]: no such account there.
    pub async fn delete_service_account(&self, org_id: i64, id: i64) -> Result<ServiceAccount, IdentityError> {
        self.write(move |transaction| {
            let account = find(transaction, org_id, id)?;
            remove(transaction, &account)?;
            grants::remove_grantee(transaction, Some(org_id), Grantee::ServiceAccount(id))?;
            Ok(account)
        })
        .await
    }

    /// A service account of an org.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], or the database's.
    pub fn service_account(&self, org_id: i64, id: i64) -> Result<ServiceAccount, IdentityError> {
        self.read(|transaction| find(transaction, org_id, id))
    }

    /// The service accounts of an org whose name or login contains the query, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn search_service_accounts(
        &self,
        org_id: i64,
        search: Search,
    ) -> Result<Page<ServiceAccount>, IdentityError> {
        self.read_many(move |transaction| {
            let matcher = Matcher::new(&search);
            let mut accounts = Vec::new();
            for (_, id) in tables::named(transaction, ACCOUNT_NAMES, org_id)? {
                let account = find(transaction, org_id, id)?;
                if matcher.matches(&[&account.name, &account.login]) {
                    accounts.push(account);
                }
            }
            Ok(Page::of(accounts, &search))
        })
        .await
    }
}

/// The account with this id, which must belong to the org.
pub(super) fn find(tables: &impl Tables, org_id: i64, id: i64) -> Result<ServiceAccount, IdentityError> {
    let found = tables::row::<ServiceAccount>(tables, ACCOUNTS, id)?.filter(|account| account.org_id == org_id);
    let missing = || IdentityError::not_found(Entity::ServiceAccount, format!("{id} of org {org_id}"));
    let mut account = found.ok_or_else(missing)?;
    account.tokens = tables::named(tables, TOKEN_NAMES, id)?.len();
    Ok(account)
}

/// Removes every account of an org that is going away.
pub(super) fn remove_all(transaction: &WriteTransaction, org_id: i64) -> Result<(), IdentityError> {
    for (_, id) in tables::named(transaction, ACCOUNT_NAMES, org_id)? {
        remove(transaction, &find(transaction, org_id, id)?)?;
    }
    Ok(())
}

fn remove(transaction: &WriteTransaction, account: &ServiceAccount) -> Result<(), IdentityError> {
    tokens::remove_all(transaction, account.id)?;
    transaction.open_table(ACCOUNT_NAMES)?.remove((account.org_id, account.name.as_str()))?;
    transaction.open_table(LOGINS)?.remove(account.login.as_str())?;
    transaction.open_table(ACCOUNTS)?.remove(account.id)?;
    Ok(())
}

fn take_name(transaction: &WriteTransaction, account: &ServiceAccount) -> Result<(), IdentityError> {
    let key = (account.org_id, account.name.as_str());
    if transaction.open_table(ACCOUNT_NAMES)?.insert(key, account.id)?.is_some() {
        let value = account.name.clone();
        return Err(IdentityError::Exists { entity: Entity::ServiceAccount, field: "name", value });
    }
    Ok(())
}

/// Grafana's login of a service account, with the id where two names come to the same.
fn free_login(tables: &impl Tables, org_id: i64, name: &str, id: i64) -> Result<String, IdentityError> {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words = words.collect::<Vec<_>>().join("-");
    let login = format!("sa-{org_id}-{words}");
    let suits = !words.is_empty() && users::is_free(tables, &login)?;
    if suits { Ok(login) } else { Ok(format!("sa-{org_id}-{words}-{id}").replace("--", "-")) }
}
