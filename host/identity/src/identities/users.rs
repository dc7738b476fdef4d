//! Users: made, changed, disabled, deleted, listed. A server that has an admin always keeps one that is enabled.

use super::tables::{self, Id, LOGINS, PASSWORDS, Tables, USER_SEEN, USERS};
use super::{Identities, grants, members, orgs};
use crate::model::{Matcher, check};
use crate::{Entity, Grantee, IdentityError, NewUser, Page, Role, Search, User, UserUpdate};
use jiff::Timestamp;
use redb::{ReadableTable, WriteTransaction};
use std::collections::BTreeMap;

impl Identities {
    /// Makes a user and its first membership.
    ///
    /// # Errors
    /// [`IdentityError`]: a bad field, a login or email that is taken, no such org.
    pub async fn create_user(&self, new: NewUser) -> Result<User, IdentityError> {
        let new = checked(new)?;
        let phc = self.passwords().hash(&new.password).await?;
        self.write(move |transaction| create(transaction, new, &phc)).await
    }

    /// Changes login, email or name.
    ///
    /// # Errors
    /// [`IdentityError`]: no such user, a bad field, a login or email that is taken.
    pub async fn update_user(&self, id: i64, update: UserUpdate) -> Result<User, IdentityError> {
        update.login.as_deref().map_or(Ok(()), check::login)?;
        update.email.as_deref().map_or(Ok(()), check::email)?;
        update.name.as_deref().map_or(Ok(()), |name| check::text("name", name))?;
        self.change_user(id, move |_, user| {
            user.login = update.login.unwrap_or_else(|| user.login.clone());
            user.email = update.email.unwrap_or_else(|| user.email.clone());
            user.name = update.name.unwrap_or_else(|| user.name.clone());
            Ok(())
        })
        .await
    }

    /// Makes a user administer the server, or no longer.
    ///
    /// # Errors
    /// [`IdentityError`]: no such user, or the last server admin.
    pub async fn set_server_admin(&self, id: i64, is_admin: bool) -> Result<User, IdentityError> {
        self.change_user(id, move |transaction, user| {
            if !is_admin {
                not_the_last_server_admin(transaction, user)?;
            }
            user.is_admin = is_admin;
            Ok(())
        })
        .await
    }

    /// Refuses a user to sign in, or allows it again.
    ///
    /// # Errors
    /// [`IdentityError`]: no such user, or the last server admin.
    pub async fn set_disabled(&self, id: i64, is_disabled: bool) -> Result<User, IdentityError> {
        self.change_user(id, move |transaction, user| {
            if is_disabled {
                not_the_last_server_admin(transaction, user)?;
            }
            user.is_disabled = is_disabled;
            Ok(())
        })
        .await
    }

    /// Sets the org that is meant where a request of the user names none.
    ///
    /// # Errors
    /// [`IdentityError`]: no such user, or it is no member of the org.
    pub async fn set_current_org(&self, id: i64, org_id: i64) -> Result<User, IdentityError> {
        self.change_user(id, move |transaction, user| {
            if members::role(transaction, org_id, id)?.is_none() {
                return Err(IdentityError::not_found(Entity::Member, format!("{:?} of org {org_id}", user.login)));
            }
            user.org_id = org_id;
            Ok(())
        })
        .await
    }

    /// Sets a password. What was remembered of the old one is worthless from then on.
    ///
    /// # Errors
    /// [`IdentityError`]: no such user, or a bad password.
    pub async fn set_password(&self, id: i64, password: &str) -> Result<(), IdentityError> {
        check::password(password)?;
        self.user(id)?;
        let phc = self.passwords().hash(&password.into()).await?;
        self.write(move |transaction| {
            find(transaction, id)?;
            transaction.open_table(PASSWORDS)?.insert(id, phc.as_str())?;
            Ok(())
        })
        .await
    }

    /// As [`set_password`](Self::set_password), unless the password is another by now than it was when `before` was read:
    /// an admin's new one is not undone by who knew the old one.
    pub(super) async fn replace_password(
        &self,
        id: i64,
        before: Option<String>,
        password: &str,
    ) -> Result<(), IdentityError> {
        let phc = self.passwords().hash(&password.into()).await?;
        self.write(move |transaction| {
            find(transaction, id)?;
            let mut passwords = transaction.open_table(PASSWORDS)?;
            let now = passwords.get(id)?.map(|phc| phc.value().to_owned());
            if now != before {
                return Err(IdentityError::WrongPassword);
            }
            passwords.insert(id, phc.as_str())?;
            Ok(())
        })
        .await
    }

    /// Sets a password for somebody who knows the old one.
    ///
    /// # Errors
    /// [`IdentityError`]: no such user, the old one is wrong or was replaced meanwhile, or the new one is bad.
    pub async fn change_password(&self, id: i64, old: &str, new: &str) -> Result<(), IdentityError> {
        check::password(new)?;
        let phc = self.read(|transaction| {
            find(transaction, id)?;
            Ok(transaction.open_table(PASSWORDS)?.get(id)?.map(|phc| phc.value().to_owned()))
        })?;
        let (turn, is_right) = self.passwords().turn().await?.verify(old, phc.clone()).await?;
        drop(turn);
        if !is_right {
            return Err(IdentityError::WrongPassword);
        }
        self.replace_password(id, phc, new).await
    }

    /// Deletes a user with its memberships and grants.
    ///
    /// # Errors
    /// [`IdentityError`]: no such user, or the last admin of the server or of an org.
    pub async fn delete_user(&self, id: i64) -> Result<User, IdentityError> {
        self.write(move |transaction| {
            let user = find(transaction, id)?;
            not_the_last_server_admin(transaction, &user)?;
            for org_id in members::of_user(transaction, id)? {
                if members::role(transaction, org_id, id)? == Some(Role::Admin) {
                    members::not_the_last_admin(transaction, org_id, id)?;
                }
                members::remove(transaction, org_id, id)?;
            }
            grants::remove_grantee(transaction, None, Grantee::User(id))?;
            index(transaction, Some(&user), None)?;
            transaction.open_table(PASSWORDS)?.remove(id)?;
            transaction.open_table(USER_SEEN)?.remove(id)?;
            transaction.open_table(USERS)?.remove(id)?;
            Ok(user)
        })
        .await
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], or the database's.
    pub fn user(&self, id: i64) -> Result<User, IdentityError> {
        self.read(|transaction| find(transaction, id))
    }

    /// The user with this login or email, without regard to case.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], or the database's.
    pub fn user_by_login_or_email(&self, login_or_email: &str) -> Result<User, IdentityError> {
        let missing = || IdentityError::not_found(Entity::User, format!("{login_or_email:?}"));
        self.read(|transaction| by_name(transaction, login_or_email)?.ok_or_else(missing))
    }

    /// The users whose login, email or name contains the query, by login.
    ///
    /// # Errors
    /// The database's.
    pub async fn search_users(&self, search: Search) -> Result<Page<User>, IdentityError> {
        self.read_many(move |transaction| {
            let matcher = Matcher::new(&search);
            let mut users = tables::rows::<User>(transaction, USERS)?;
            users.retain(|user| matcher.matches(&[&user.login, &user.email, &user.name]));
            users.sort_by(|a, b| a.login.cmp(&b.login));
            let mut page = Page::of(users, &search);
            let seen = transaction.open_table(USER_SEEN)?;
            for user in &mut page.items {
                user.last_seen = seen.get(user.id)?.and_then(|at| Timestamp::from_second(at.value()).ok());
            }
            Ok(page)
        })
        .await
    }

    async fn change_user(
        &self,
        id: i64,
        change: impl FnOnce(&WriteTransaction, &mut User) -> Result<(), IdentityError> + Send + 'static,
    ) -> Result<User, IdentityError> {
        self.write(move |transaction| {
            let before = find(transaction, id)?;
            let mut user = before.clone();
            change(transaction, &mut user)?;
            user.updated = Timestamp::now();
            index(transaction, Some(&before), Some(&user))?;
            tables::put(transaction, USERS, id, &user)?;
            Ok(user)
        })
        .await
    }
}

/// `new` with every field filled in and found good.
pub(super) fn checked(mut new: NewUser) -> Result<NewUser, IdentityError> {
    if new.login.is_empty() {
        new.login.clone_from(&new.email);
    }
    check::login(&new.login)?;
    check::email(&new.email)?;
    check::text("name", &new.name)?;
    check::password(new.password.expose())?;
    Ok(new)
}

pub(super) fn create(transaction: &WriteTransaction, new: NewUser, phc: &str) -> Result<User, IdentityError> {
    orgs::find(transaction, new.org_id)?;
    let id = tables::next_id(transaction, Id::Principal)?;
    let now = Timestamp::now();
    let user = User {
        id,
        login: new.login,
        email: new.email,
        name: new.name,
        is_admin: new.is_admin,
        is_disabled: false,
        org_id: new.org_id,
        created: now,
        updated: now,
        last_seen: None,
    };
    index(transaction, None, Some(&user))?;
    tables::put(transaction, USERS, id, &user)?;
    transaction.open_table(PASSWORDS)?.insert(id, phc)?;
    members::put(transaction, user.org_id, id, new.role)?;
    Ok(user)
}

pub(super) fn find(tables: &impl Tables, id: i64) -> Result<User, IdentityError> {
    let mut user: User = tables::required(tables, USERS, Entity::User, id)?;
    let seen = tables.table(USER_SEEN)?;
    user.last_seen = seen.get(id)?.and_then(|at| Timestamp::from_second(at.value()).ok());
    Ok(user)
}

pub(super) fn by_name(tables: &impl Tables, name: &str) -> Result<Option<User>, IdentityError> {
    let id = tables.table(LOGINS)?.get(name.to_lowercase().as_str())?.map(|id| id.value());
    // The name may be that of a service account, which is no user.
    match id {
        Some(id) if tables.table(USERS)?.get(id)?.is_some() => find(tables, id).map(Some),
        _ => Ok(None),
    }
}

/// Whether a login may be given to whoever has `id`.
pub(super) fn is_free(tables: &impl Tables, name: &str) -> Result<bool, IdentityError> {
    Ok(tables.table(LOGINS)?.get(name.to_lowercase().as_str())?.is_none())
}

/// Moves a user's logins in the index. Login and email are one name space, so that nobody can take another's email for a
/// login and be taken for the other.
fn index(transaction: &WriteTransaction, before: Option<&User>, after: Option<&User>) -> Result<(), IdentityError> {
    let mut logins = transaction.open_table(LOGINS)?;
    for name in before.into_iter().flat_map(names).map(|(name, _)| name) {
        logins.remove(name.as_str())?;
    }
    let Some(user) = after else { return Ok(()) };
    for (name, (field, value)) in names(user) {
        if logins.insert(name.as_str(), user.id)?.is_some() {
            return Err(IdentityError::Exists { entity: Entity::User, field, value });
        }
    }
    Ok(())
}

/// What a user can be found by, once where login and email are the same.
fn names(user: &User) -> BTreeMap<String, (&'static str, String)> {
    let mut names = BTreeMap::new();
    if !user.email.is_empty() {
        names.insert(user.email.to_lowercase(), ("email", user.email.clone()));
    }
    names.insert(user.login.to_lowercase(), ("login", user.login.clone()));
    names
}

fn not_the_last_server_admin(transaction: &WriteTransaction, user: &User) -> Result<(), IdentityError> {
    if !user.is_admin || user.is_disabled {
        return Ok(());
    }
    let others = tables::rows::<User>(transaction, USERS)?;
    if others.iter().any(|other| other.id != user.id && other.is_admin && !other.is_disabled) {
        return Ok(());
    }
    Err(IdentityError::LastServerAdmin { login: user.login.clone() })
}
