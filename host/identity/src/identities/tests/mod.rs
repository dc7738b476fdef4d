//! The rules of every command.

mod account_rules;
mod grant_rules;
mod indexes;
mod org_rules;
mod user_rules;

use super::*;
use crate::{Entity, NewServiceAccount, NewUser, Role, User};

async fn identities() -> Identities {
    Identities::open(Database::in_memory().unwrap()).await.unwrap()
}

/// A viewer of the main org, without the cost of a hash.
async fn user(identities: &Identities, login: &str) -> User {
    let new = NewUser::new(login, "");
    identities.write(|transaction| users::create(transaction, new, "no hash")).await.unwrap()
}

async fn account(identities: &Identities, org_id: i64, name: &str) -> crate::ServiceAccount {
    let new = NewServiceAccount { org_id, name: name.into(), role: Role::Viewer, is_disabled: false };
    identities.create_service_account(new).await.unwrap()
}

fn is_not_found<T: std::fmt::Debug>(answer: Result<T, IdentityError>, what: Entity) -> bool {
    matches!(answer, Err(IdentityError::NotFound { entity, .. }) if entity == what)
}

fn is_taken<T: std::fmt::Debug>(answer: Result<T, IdentityError>, what: Entity, which: &str) -> bool {
    matches!(answer, Err(IdentityError::Exists { entity, field, .. }) if entity == what && field == which)
}
