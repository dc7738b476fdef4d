//! Members of orgs, and what they are there. An org that has an admin always keeps one.

use super::tables::{self, MEMBERS, MEMBERSHIPS, Tables};
use super::{Identities, grants, orgs, users};
use crate::{Entity, Grantee, IdentityError, Member, Membership, Role};
use redb::{ReadableTable, WriteTransaction};

/// What is kept of a membership.
#[derive(serde::Serialize, serde::Deserialize)]
struct Row {
    role: Role,
}

impl Identities {
    /// Makes a user a member of an org.
    ///
    /// # Errors
    /// [`IdentityError`]: no such org or user, or it is a member already.
    pub async fn add_member(&self, org_id: i64, user_id: i64, role: Role) -> Result<(), IdentityError> {
        self.write(move |transaction| {
            orgs::find(transaction, org_id)?;
            let user = users::find(transaction, user_id)?;
            if self::role(transaction, org_id, user_id)?.is_some() {
                return Err(IdentityError::Exists { entity: Entity::Member, field: "login", value: user.login });
            }
            put(transaction, org_id, user_id, role)
        })
        .await
    }

    /// Changes what a member is.
    ///
    /// # Errors
    /// [`IdentityError`]: not a member, or the last admin.
    pub async fn set_member_role(&self, org_id: i64, user_id: i64, role: Role) -> Result<(), IdentityError> {
        self.write(move |transaction| {
            let before = required_role(transaction, org_id, user_id)?;
            if before == Role::Admin && role != Role::Admin {
                not_the_last_admin(transaction, org_id, user_id)?;
            }
            put(transaction, org_id, user_id, role)
        })
        .await
    }

    /// Takes a user out of an org, with what it was granted there.
    ///
    /// # Errors
    /// [`IdentityError`]: not a member, or the last admin.
    pub async fn remove_member(&self, org_id: i64, user_id: i64) -> Result<(), IdentityError> {
        self.write(move |transaction| {
            if required_role(transaction, org_id, user_id)? == Role::Admin {
                not_the_last_admin(transaction, org_id, user_id)?;
            }
            remove(transaction, org_id, user_id)
        })
        .await
    }

    /// What a user is in an org, if it is a member.
    ///
    /// # Errors
    /// The database's.
    pub fn role(&self, org_id: i64, user_id: i64) -> Result<Option<Role>, IdentityError> {
        self.read(|transaction| role(transaction, org_id, user_id))
    }

    /// The members of an org, by login.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], or the database's.
    pub async fn members(&self, org_id: i64) -> Result<Vec<Member>, IdentityError> {
        self.read_many(move |transaction| {
            orgs::find(transaction, org_id)?;
            let mut members = Vec::new();
            for user_id in tables::seconds(transaction, MEMBERS, org_id)? {
                let role = required_role(transaction, org_id, user_id)?;
                members.push(Member { user: users::find(transaction, user_id)?, role });
            }
            members.sort_by(|a, b| a.user.login.cmp(&b.user.login));
            Ok(members)
        })
        .await
    }

    /// The orgs that a user belongs to, by id.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], or the database's.
    pub async fn memberships(&self, user_id: i64) -> Result<Vec<Membership>, IdentityError> {
        self.read_many(move |transaction| {
            users::find(transaction, user_id)?;
            let orgs = of_user(transaction, user_id)?.into_iter();
            let membership = |org_id| {
                let role = required_role(transaction, org_id, user_id)?;
                Ok(Membership { org: orgs::find(transaction, org_id)?, role })
            };
            orgs.map(membership).collect()
        })
        .await
    }
}

/// What a user is in an org, if it is a member.
pub(super) fn role(tables: &impl Tables, org_id: i64, user_id: i64) -> Result<Option<Role>, IdentityError> {
    let table = tables.table(MEMBERS)?;
    let row = table.get((org_id, user_id))?;
    row.map(|row| Ok(tables::decode::<Row>("identity.members", row.value())?.role)).transpose()
}

fn required_role(tables: &impl Tables, org_id: i64, user_id: i64) -> Result<Role, IdentityError> {
    let missing = || IdentityError::not_found(Entity::Member, format!("{user_id} of org {org_id}"));
    role(tables, org_id, user_id)?.ok_or_else(missing)
}

/// The ids of the orgs that a user belongs to, from the lowest.
pub(super) fn of_user(tables: &impl Tables, user_id: i64) -> Result<Vec<i64>, IdentityError> {
    tables::seconds(tables, MEMBERSHIPS, user_id)
}

pub(super) fn put(transaction: &WriteTransaction, org_id: i64, user_id: i64, role: Role) -> Result<(), IdentityError> {
    let row = tables::encode("identity.members", &Row { role })?;
    transaction.open_table(MEMBERS)?.insert((org_id, user_id), row.as_slice())?;
    transaction.open_table(MEMBERSHIPS)?.insert((user_id, org_id), ())?;
    Ok(())
}

/// Removes a membership, whoever's it is.
pub(super) fn remove(transaction: &WriteTransaction, org_id: i64, user_id: i64) -> Result<(), IdentityError> {
    transaction.open_table(MEMBERS)?.remove((org_id, user_id))?;
    transaction.open_table(MEMBERSHIPS)?.remove((user_id, org_id))?;
    grants::remove_grantee(transaction, Some(org_id), Grantee::User(user_id))
}

/// An error where `user_id` is the only admin of the org who can sign in.
pub(super) fn not_the_last_admin(
    transaction: &WriteTransaction,
    org_id: i64,
    user_id: i64,
) -> Result<(), IdentityError> {
    for other in tables::seconds(transaction, MEMBERS, org_id)? {
        let is_admin = other != user_id && role(transaction, org_id, other)? == Some(Role::Admin);
        if is_admin && !users::find(transaction, other)?.is_disabled {
            return Ok(());
        }
    }
    Err(IdentityError::LastAdmin { org_id, login: users::find(transaction, user_id)?.login })
}
