//! Permissions on data sources: who may query, edit and administer one. As long as a data source has no grant, every member
//! of its org may query it, as in Grafana; with grants those named may, and the org's admins.
//!
//! The data sources themselves are kept elsewhere. What is closed never opens by an accident of order: grants that outlive
//! their data source close a later one of the same uid until somebody looks.

use super::Identities;
use super::tables::{self, ACCOUNTS, GRANTS, Id, Tables};
use super::{members, orgs};
use crate::model::check;
use crate::{Entity, Grant, Grantee, Identity, IdentityError, Permission, Role, ServiceAccount, Who};
use redb::{ReadableTable, WriteTransaction};

const ROW: &str = "identity.grants";

impl Identities {
    /// The grants on a data source, in the order they were made.
    ///
    /// # Errors
    /// The database's.
    pub fn grants(&self, org_id: i64, uid: &str) -> Result<Vec<Grant>, IdentityError> {
        self.read(|transaction| of(transaction, org_id, uid))
    }

    /// Sets what one grantee may do with a data source; `None` takes it away. The last grant taken away opens the data source
    /// to every member of the org again.
    ///
    /// # Errors
    /// [`IdentityError`]: no such org, no such user or service account in it, or a bad uid.
    pub async fn set_grant(
        &self,
        org_id: i64,
        uid: &str,
        grantee: Grantee,
        permission: Option<Permission>,
    ) -> Result<Option<Grant>, IdentityError> {
        Ok(self.set_grants(org_id, uid, vec![(grantee, permission)]).await?.into_iter().find(|g| g.grantee == grantee))
    }

    /// Sets what several grantees may do with a data source, all or none of it, and gives every grant there is then.
    ///
    /// # Errors
    /// As [`set_grant`](Self::set_grant).
    pub async fn set_grants(
        &self,
        org_id: i64,
        uid: &str,
        changes: Vec<(Grantee, Option<Permission>)>,
    ) -> Result<Vec<Grant>, IdentityError> {
        check::uid(uid)?;
        let uid = uid.to_owned();
        self.write(move |transaction| {
            orgs::find(transaction, org_id)?;
            for (grantee, permission) in changes {
                let before = of(transaction, org_id, &uid)?.into_iter().find(|grant| grant.grantee == grantee);
                match (before, permission) {
                    (Some(grant), Some(permission)) => put(transaction, org_id, &uid, Grant { permission, ..grant })?,
                    (Some(grant), None) => remove(transaction, org_id, &uid, grant.id)?,
                    (None, Some(permission)) => {
                        belongs(transaction, org_id, grantee)?;
                        let id = tables::next_id(transaction, Id::Grant)?;
                        put(transaction, org_id, &uid, Grant { id, grantee, permission })?;
                    }
                    (None, None) => {}
                }
            }
            of(transaction, org_id, &uid)
        })
        .await
    }

    /// Takes one grant away. The last one taken away opens the data source to every member of the org again.
    ///
    /// # Errors
    /// [`IdentityError`]: no such grant on this data source.
    pub async fn remove_grant(&self, org_id: i64, uid: &str, id: i64) -> Result<Grant, IdentityError> {
        let uid = uid.to_owned();
        self.write(move |transaction| {
            let found = of(transaction, org_id, &uid)?.into_iter().find(|grant| grant.id == id);
            let missing = || IdentityError::not_found(Entity::Grant, format!("{id} on data source {uid:?}"));
            let grant = found.ok_or_else(missing)?;
            remove(transaction, org_id, &uid, id)?;
            Ok(grant)
        })
        .await
    }

    /// Takes every grant on a data source away: to be called *after* the data source is gone.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_grants(&self, org_id: i64, uid: &str) -> Result<(), IdentityError> {
        let uid = uid.to_owned();
        self.write(move |transaction| {
            let there = of(transaction, org_id, &uid)?;
            there.into_iter().try_for_each(|grant| remove(transaction, org_id, &uid, grant.id))
        })
        .await
    }

    /// Takes some grants on a data source away, by their ids; those that are gone already are no error.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_copied_grants(&self, org_id: i64, uid: &str, ids: Vec<i64>) -> Result<(), IdentityError> {
        let uid = uid.to_owned();
        self.write(move |transaction| ids.iter().try_for_each(|id| remove(transaction, org_id, &uid, *id))).await
    }

    /// Puts the grants of one data source on another uid as well, and gives the ids of those it made: to be called *before*
    /// a data source changes its uid, so that it is closed at every moment. Afterwards [`remove_grants`](Self::remove_grants)
    /// of the old uid; where the change failed, [`remove_copied_grants`](Self::remove_copied_grants) with these ids, because
    /// what else the new uid has is another data source's.
    ///
    /// # Errors
    /// [`IdentityError`]: the other uid has grants, so that there is or was another data source of that uid.
    pub async fn copy_grants(&self, org_id: i64, from: &str, to: &str) -> Result<Vec<i64>, IdentityError> {
        check::uid(to)?;
        let (from, to) = (from.to_owned(), to.to_owned());
        self.write(move |transaction| {
            let grants = of(transaction, org_id, &from)?;
            if !grants.is_empty() && !of(transaction, org_id, &to)?.is_empty() {
                return Err(IdentityError::Exists { entity: Entity::Grant, field: "uid", value: to });
            }
            let copy = |grant| {
                let id = tables::next_id(transaction, Id::Grant)?;
                put(transaction, org_id, &to, Grant { id, ..grant })?;
                Ok(id)
            };
            grants.into_iter().map(copy).collect()
        })
        .await
    }

    /// What `identity` may do with a data source: the highest of what it was granted. From memory, unless it was asked for
    /// the first time since anything changed.
    ///
    /// # Errors
    /// The database's.
    pub fn permission(&self, identity: &Identity, org_id: i64, uid: &str) -> Result<Option<Permission>, IdentityError> {
        if identity.org_id != org_id {
            return Ok(None);
        }
        if identity.role == Role::Admin {
            return Ok(Some(Permission::Admin));
        }
        let grants = self.inner.grants.get_or_read(org_id, uid, || self.grants(org_id, uid))?;
        if grants.is_empty() {
            return Ok(Some(Permission::Query));
        }
        Ok(grants.iter().filter(|grant| names(grant.grantee, identity)).map(|grant| grant.permission).max())
    }

    /// Whether `identity` may query a data source. That there is one is not checked.
    ///
    /// # Errors
    /// The database's.
    pub fn may_query(&self, identity: &Identity, org_id: i64, uid: &str) -> Result<bool, IdentityError> {
        Ok(self.permission(identity, org_id, uid)?.is_some())
    }
}

/// Whether a grant to `grantee` is one to `identity`, which is in the same org.
fn names(grantee: Grantee, identity: &Identity) -> bool {
    match grantee {
        Grantee::User(user_id) => identity.user_id() == Some(user_id),
        Grantee::ServiceAccount(account_id) => {
            matches!(identity.who, Who::ServiceAccount { id, .. } if id == account_id)
        }
        Grantee::Role(role) => identity.role >= role,
    }
}

fn of(tables: &impl Tables, org_id: i64, uid: &str) -> Result<Vec<Grant>, IdentityError> {
    let table = tables.table(GRANTS)?;
    let range = table.range((org_id, uid, i64::MIN)..=(org_id, uid, i64::MAX))?;
    range.map(|entry| tables::decode(ROW, entry?.1.value())).collect()
}

fn put(transaction: &WriteTransaction, org_id: i64, uid: &str, grant: Grant) -> Result<(), IdentityError> {
    let row = tables::encode(ROW, &grant)?;
    transaction.open_table(GRANTS)?.insert((org_id, uid, grant.id), row.as_slice())?;
    Ok(())
}

fn remove(transaction: &WriteTransaction, org_id: i64, uid: &str, id: i64) -> Result<(), IdentityError> {
    transaction.open_table(GRANTS)?.remove((org_id, uid, id))?;
    Ok(())
}

/// An error where the grantee is not in the org.
fn belongs(tables: &impl Tables, org_id: i64, grantee: Grantee) -> Result<(), IdentityError> {
    let missing = |entity, id: i64| Err(IdentityError::not_found(entity, format!("{id} of org {org_id}")));
    match grantee {
        Grantee::User(id) if members::role(tables, org_id, id)?.is_none() => missing(Entity::Member, id),
        Grantee::ServiceAccount(id) => match tables::row::<ServiceAccount>(tables, ACCOUNTS, id)? {
            Some(account) if account.org_id == org_id => Ok(()),
            _ => missing(Entity::ServiceAccount, id),
        },
        Grantee::User(_) | Grantee::Role(_) => Ok(()),
    }
}

/// Takes away what somebody who leaves was granted, in one org or in all. A data source that was closed to others stays closed:
/// where no grant would be left, one to the admins, who need none, takes its place.
pub(super) fn remove_grantee(
    transaction: &WriteTransaction,
    org_id: Option<i64>,
    grantee: Grantee,
) -> Result<(), IdentityError> {
    for (of_org, uid, grant) in all(transaction)? {
        if grant.grantee != grantee || org_id.is_some_and(|org_id| org_id != of_org) {
            continue;
        }
        remove(transaction, of_org, &uid, grant.id)?;
        if of(transaction, of_org, &uid)?.is_empty() {
            let (grantee, permission) = (Grantee::Role(Role::Admin), Permission::Admin);
            put(transaction, of_org, &uid, Grant { id: grant.id, grantee, permission })?;
        }
    }
    Ok(())
}

/// Takes away every grant of an org that is going away.
pub(super) fn remove_org(transaction: &WriteTransaction, org_id: i64) -> Result<(), IdentityError> {
    let there = all(transaction)?.into_iter().filter(|(of_org, ..)| *of_org == org_id);
    there.into_iter().try_for_each(|(_, uid, grant)| remove(transaction, org_id, &uid, grant.id))
}

pub(super) fn all(tables: &impl Tables) -> Result<Vec<(i64, String, Grant)>, IdentityError> {
    let table = tables.table(GRANTS)?;
    let mut found = Vec::new();
    for entry in table.iter()? {
        let (key, row) = entry?;
        let (org_id, uid, _) = key.value();
        found.push((org_id, uid.to_owned(), tables::decode(ROW, row.value())?));
    }
    Ok(found)
}
