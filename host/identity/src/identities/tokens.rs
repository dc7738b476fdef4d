//! Tokens of service accounts: made, listed, revoked. Their text is shown once; a hash of it is kept.

use super::tables::{self, Id, TOKEN_HASHES, TOKEN_NAMES, TOKEN_USED, TOKENS, Tables};
use super::{Identities, accounts};
use crate::model::check;
use crate::{Entity, IdentityError, NewToken, SecretText, Token, token_text};
use jiff::{SignedDuration, Timestamp};
use redb::{ReadableTable, WriteTransaction};

impl Identities {
    /// Makes a token of a service account, and gives its text, which nobody can see again.
    ///
    /// # Errors
    /// [`IdentityError`]: no such account in the org, a bad name, one that is taken, a life that is too long.
    pub async fn create_token(
        &self,
        org_id: i64,
        account_id: i64,
        new: NewToken,
    ) -> Result<(Token, SecretText), IdentityError> {
        check::name("name", &new.name)?;
        let created = Timestamp::now();
        let expires = new.seconds_to_live.filter(|seconds| *seconds > 0).map(|seconds| expiry(created, seconds));
        let expires = expires.transpose()?;
        let text = token_text::generate()?;
        let hash = token_text::hash(text.expose());
        let token = self
            .write(move |transaction| {
                accounts::find(transaction, org_id, account_id)?;
                let id = tables::next_id(transaction, Id::Token)?;
                let name = new.name;
                if transaction.open_table(TOKEN_NAMES)?.insert((account_id, name.as_str()), id)?.is_some() {
                    return Err(IdentityError::Exists { entity: Entity::Token, field: "name", value: name });
                }
                transaction.open_table(TOKEN_HASHES)?.insert(&hash, id)?;
                let token = Token { id, org_id, account_id, name, created, expires, last_used: None, hash };
                tables::put(transaction, TOKENS, id, &token)?;
                Ok(token)
            })
            .await?;
        Ok((token, text))
    }

    /// The tokens of a service account, by name, with those that have expired.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], or the database's.
    pub async fn tokens(&self, org_id: i64, account_id: i64) -> Result<Vec<Token>, IdentityError> {
        self.read_many(move |transaction| {
            accounts::find(transaction, org_id, account_id)?;
            let names = tables::named(transaction, TOKEN_NAMES, account_id)?;
            names.into_iter().map(|(_, id)| find(transaction, id)).collect()
        })
        .await
    }

    /// Revokes a token: the next request with it is refused.
    ///
    /// # Errors
    /// [`IdentityError`]: no such token of the account, or no such account in the org.
    pub async fn delete_token(&self, org_id: i64, account_id: i64, id: i64) -> Result<Token, IdentityError> {
        self.write(move |transaction| {
            accounts::find(transaction, org_id, account_id)?;
            let token = find(transaction, id)?;
            if token.account_id != account_id {
                return Err(IdentityError::not_found(Entity::Token, format!("{id} of service account {account_id}")));
            }
            remove(transaction, &token)?;
            Ok(token)
        })
        .await
    }
}

pub(super) fn find(tables: &impl Tables, id: i64) -> Result<Token, IdentityError> {
    let mut token: Token = tables::required(tables, TOKENS, Entity::Token, id)?;
    let used = tables.table(TOKEN_USED)?;
    token.last_used = used.get(id)?.and_then(|at| Timestamp::from_second(at.value()).ok());
    Ok(token)
}

/// The token whose text has this hash. That the look-up takes longer the more of a hash is right tells nothing of use: nobody
/// can make a text with a hash of their choice.
pub(super) fn by_hash(tables: &impl Tables, hash: &[u8; 32]) -> Result<Option<Token>, IdentityError> {
    let id = tables.table(TOKEN_HASHES)?.get(hash)?.map(|id| id.value());
    id.map_or(Ok(None), |id| tables::row(tables, TOKENS, id))
}

pub(super) fn remove_all(transaction: &WriteTransaction, account_id: i64) -> Result<(), IdentityError> {
    for (_, id) in tables::named(transaction, TOKEN_NAMES, account_id)? {
        remove(transaction, &find(transaction, id)?)?;
    }
    Ok(())
}

fn remove(transaction: &WriteTransaction, token: &Token) -> Result<(), IdentityError> {
    transaction.open_table(TOKEN_NAMES)?.remove((token.account_id, token.name.as_str()))?;
    transaction.open_table(TOKEN_HASHES)?.remove(&token.hash)?;
    transaction.open_table(TOKEN_USED)?.remove(token.id)?;
    transaction.open_table(TOKENS)?.remove(token.id)?;
    Ok(())
}

fn expiry(created: Timestamp, seconds: u64) -> Result<Timestamp, IdentityError> {
    let life = i64::try_from(seconds).ok().map(SignedDuration::from_secs);
    life.and_then(|life| created.checked_add(life).ok()).ok_or_else(|| {
        let reason = format!("is {seconds}, which ends after the year 9999: send 0 for a token that never expires");
        IdentityError::invalid("secondsToLive", reason)
    })
}
