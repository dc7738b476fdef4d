//! A user's own change of password, which must know the old one: a guess like any other, and two hashes.

use super::limits::LoginKey;
use super::network::Network;
use super::{AuthError, Authenticator};
use crate::IdentityError;
use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Instant;

/// The one change of a user that is under way.
struct Place<'a> {
    authenticator: &'a Authenticator,
    user_id: i64,
}

impl Authenticator {
    /// Sets a password for a user who knows the old one. A wrong old one counts as a failed sign-in of the user from
    /// `client`; and of one user's changes one is made at a time, so that nobody takes the turns of everybody's sign-ins.
    ///
    /// # Errors
    /// [`AuthError::TooManyTries`]; [`IdentityError::Busy`], where another change of the user is under way; and those of
    /// [`Identities::change_password`](crate::Identities::change_password).
    pub async fn change_password(&self, user_id: i64, old: &str, new: &str, client: IpAddr) -> Result<(), AuthError> {
        let (client, now) = (Network::of(client), Instant::now());
        let _place = Place::take(self, user_id).ok_or(IdentityError::Busy { waiting: 1 })?;
        let key = LoginKey::User(user_id);
        self.limits().check(&key, client, now).map_err(|wait| AuthError::TooManyTries { wait })?;
        let changed = self.identities.change_password(user_id, old, new).await;
        if matches!(changed, Err(IdentityError::WrongPassword)) {
            self.limits().failed(key, client, now);
        }
        Ok(changed?)
    }
}

impl<'a> Place<'a> {
    fn take(authenticator: &'a Authenticator, user_id: i64) -> Option<Self> {
        let mut changing = authenticator.inner.changing.lock().unwrap_or_else(PoisonError::into_inner);
        // Made only where it is taken: dropping one gives the place back.
        changing.insert(user_id).then(|| Self { authenticator, user_id })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.authenticator.inner.changing.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identities, NewUser};
    use wellhead_store::Database;

    async fn ada() -> (Authenticator, i64) {
        let identities = Identities::open(Database::in_memory().unwrap()).await.unwrap();
        let ada = identities.create_user(NewUser::new("ada", "correct horse")).await.unwrap();
        (Authenticator::new(identities).unwrap(), ada.id)
    }

    fn client() -> IpAddr {
        [10, 0, 0, 1].into()
    }

    #[tokio::test]
    async fn guesses_at_the_old_password_are_counted() {
        let (authenticator, id) = ada().await;
        for _ in 0..5 {
            let wrong = authenticator.change_password(id, "a guess", "another horse", client()).await;
            assert!(matches!(wrong, Err(AuthError::Identity(IdentityError::WrongPassword))), "{wrong:?}");
        }
        let refused = authenticator.change_password(id, "correct horse", "another horse", client()).await;
        assert!(matches!(refused, Err(AuthError::TooManyTries { .. })), "{refused:?}");
        authenticator.change_password(id, "correct horse", "another horse", [10, 0, 0, 2].into()).await.unwrap();
    }

    #[tokio::test]
    async fn one_user_has_one_change_under_way() {
        let (authenticator, id) = ada().await;
        let place = Place::take(&authenticator, id);
        let busy = authenticator.change_password(id, "correct horse", "another horse", client()).await;
        assert!(matches!(busy, Err(AuthError::Identity(IdentityError::Busy { waiting: 1 }))), "{busy:?}");
        drop(place);
        authenticator.change_password(id, "correct horse", "another horse", client()).await.unwrap();
    }
}
