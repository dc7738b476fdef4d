//! What signing in reads, and the little it writes, apart from what is administered.

use super::tables::{self, ACCOUNTS, PASSWORDS, TOKEN_USED, TOKENS, USER_SEEN, USERS};
use super::{Identities, members, tokens, users};
use crate::{IdentityError, Role, ServiceAccount, Token, User};
use redb::{ReadableTable, TableDefinition};

/// A user that a login or an email names, with what proves the password.
pub(crate) struct SignIn {
    pub(crate) user_id: i64,
    /// `None` for a user without a password, who cannot sign in.
    pub(crate) phc: Option<String>,
}

/// Who or what was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Used {
    User(i64),
    Token(i64),
}

impl Identities {
    pub(crate) fn sign_in(&self, login: &str) -> Result<Option<SignIn>, IdentityError> {
        self.read(|transaction| {
            let Some(user) = users::by_name(transaction, login)? else { return Ok(None) };
            let phc = transaction.open_table(PASSWORDS)?.get(user.id)?.map(|phc| phc.value().to_owned());
            Ok(Some(SignIn { user_id: user.id, phc }))
        })
    }

    /// A user, and the org that is meant with what the user is there: the one named, else the current one, else the first.
    /// `None` where the user is no member of it, or of any.
    pub(crate) fn standing(
        &self,
        user_id: i64,
        org: Option<i64>,
    ) -> Result<(User, Option<(i64, Role)>), IdentityError> {
        self.read(|transaction| {
            let user = users::find(transaction, user_id)?;
            let role = |org_id| -> Result<_, IdentityError> {
                Ok(members::role(transaction, org_id, user_id)?.map(|role| (org_id, role)))
            };
            let standing = match org {
                Some(named) => role(named)?,
                None => match role(user.org_id)? {
                    Some(current) => Some(current),
                    None => members::of_user(transaction, user_id)?.first().map_or(Ok(None), |first| role(*first))?,
                },
            };
            Ok((user, standing))
        })
    }

    /// The token with this hash, and whose it is.
    pub(crate) fn token_owner(&self, hash: &[u8; 32]) -> Result<Option<(Token, ServiceAccount)>, IdentityError> {
        self.read(|transaction| {
            let Some(token) = tokens::by_hash(transaction, hash)? else { return Ok(None) };
            let owner = tables::row(transaction, ACCOUNTS, token.account_id)?;
            Ok(owner.map(|account| (token, account)))
        })
    }

    /// Notes when each was last used, in seconds since 1970, unless it is gone. Leaves the cache alone.
    pub(crate) async fn write_used(&self, used: Vec<(Used, i64)>) -> Result<(), IdentityError> {
        let write = move |transaction: &redb::WriteTransaction| {
            for (used, second) in used {
                let (rows, times, id): (_, TableDefinition<'_, i64, i64>, _) = match used {
                    Used::User(id) => (USERS, USER_SEEN, id),
                    Used::Token(id) => (TOKENS, TOKEN_USED, id),
                };
                if transaction.open_table(rows)?.get(id)?.is_some() {
                    transaction.open_table(times)?.insert(id, second)?;
                }
            }
            Ok(())
        };
        self.inner.database.write(write).await
    }
}
