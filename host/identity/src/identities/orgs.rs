//! Orgs: made, renamed, deleted with all that belongs to them, listed.

use super::tables::{self, Id, MEMBERS, MEMBERSHIPS, ORG_NAMES, ORGS, Tables};
use super::{Identities, accounts, grants, members, users};
use crate::model::{Matcher, check};
use crate::{Entity, IdentityError, MAIN_ORG, Org, Page, Role, Search};
use jiff::Timestamp;
use redb::WriteTransaction;

impl Identities {
    /// Makes an org. The user `creator` becomes its admin, as in Grafana.
    ///
    /// # Errors
    /// [`IdentityError`]: a bad name, one that is taken, no such user.
    pub async fn create_org(&self, name: &str, creator: Option<i64>) -> Result<Org, IdentityError> {
        check::name("name", name)?;
        let name = name.to_owned();
        self.write(move |transaction| {
            let org = create(transaction, name)?;
            if let Some(user_id) = creator {
                users::find(transaction, user_id)?;
                members::put(transaction, org.id, user_id, Role::Admin)?;
            }
            Ok(org)
        })
        .await
    }

    /// Gives an org another name.
    ///
    /// # Errors
    /// [`IdentityError`]: no such org, a bad name, one that is taken.
    pub async fn rename_org(&self, id: i64, name: &str) -> Result<Org, IdentityError> {
        check::name("name", name)?;
        let name = name.to_owned();
        self.write(move |transaction| {
            let mut org = find(transaction, id)?;
            let mut names = transaction.open_table(ORG_NAMES)?;
            names.remove(org.name.as_str())?;
            if names.insert(name.as_str(), id)?.is_some() {
                return Err(IdentityError::Exists { entity: Entity::Org, field: "name", value: name });
            }
            org.name = name;
            org.updated = Timestamp::now();
            tables::put(transaction, ORGS, id, &org)?;
            Ok(org)
        })
        .await
    }

    /// Deletes an org with its memberships, service accounts, tokens and grants. Its data sources are kept elsewhere: delete
    /// them first.
    ///
    /// # Errors
    /// [`IdentityError`]: no such org, or the main one.
    pub async fn delete_org(&self, id: i64) -> Result<Org, IdentityError> {
        self.write(move |transaction| {
            if id == MAIN_ORG {
                return Err(IdentityError::MainOrg);
            }
            let org = find(transaction, id)?;
            for user_id in tables::seconds(transaction, MEMBERS, id)? {
                transaction.open_table(MEMBERS)?.remove((id, user_id))?;
                transaction.open_table(MEMBERSHIPS)?.remove((user_id, id))?;
            }
            accounts::remove_all(transaction, id)?;
            grants::remove_org(transaction, id)?;
            transaction.open_table(ORG_NAMES)?.remove(org.name.as_str())?;
            transaction.open_table(ORGS)?.remove(id)?;
            Ok(org)
        })
        .await
    }

    /// The org with this id.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], or the database's.
    pub fn org(&self, id: i64) -> Result<Org, IdentityError> {
        self.read(|transaction| find(transaction, id))
    }

    /// The org with exactly this name.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], or the database's.
    pub fn org_by_name(&self, name: &str) -> Result<Org, IdentityError> {
        self.read(|transaction| {
            let id = transaction.open_table(ORG_NAMES)?.get(name)?.map(|id| id.value());
            find(transaction, id.ok_or_else(|| IdentityError::not_found(Entity::Org, format!("{name:?}")))?)
        })
    }

    /// The orgs whose name contains the query, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn search_orgs(&self, search: Search) -> Result<Page<Org>, IdentityError> {
        self.read_many(move |transaction| {
            let matcher = Matcher::new(&search);
            let mut orgs = tables::rows::<Org>(transaction, ORGS)?;
            orgs.retain(|org| matcher.matches(&[&org.name]));
            orgs.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(Page::of(orgs, &search))
        })
        .await
    }
}

pub(super) fn find(tables: &impl Tables, id: i64) -> Result<Org, IdentityError> {
    tables::required(tables, ORGS, Entity::Org, id)
}

pub(super) fn create(transaction: &WriteTransaction, name: String) -> Result<Org, IdentityError> {
    let id = tables::next_id(transaction, Id::Org)?;
    if transaction.open_table(ORG_NAMES)?.insert(name.as_str(), id)?.is_some() {
        return Err(IdentityError::Exists { entity: Entity::Org, field: "name", value: name });
    }
    let now = Timestamp::now();
    let org = Org { id, name, created: now, updated: now };
    tables::put(transaction, ORGS, id, &org)?;
    Ok(org)
}
