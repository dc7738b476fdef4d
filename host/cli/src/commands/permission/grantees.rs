//! Who is granted something: named by flags, found in the org.

use crate::client::Api;
use crate::commands::org::Members;
use crate::commands::role::Role;
use crate::commands::token;
use anyhow::{Result, bail};
use serde_json::Value;

/// At least one of them, and as many as there are.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Grantees {
    /// A user, by login, email or id; may come more than once
    #[arg(long, value_name = "USER")]
    user: Vec<String>,
    /// A service account, by name or id; may come more than once
    #[arg(long, value_name = "NAME")]
    service_account: Vec<String>,
    /// Everybody of the org who has this role or a higher one; may come more than once
    #[arg(long, value_enum, ignore_case = true)]
    role: Vec<Role>,
}

/// A grantee as the API names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A user or a service account: their ids are of one kind.
    Id(i64),
    Role(String),
}

impl Kind {
    /// The one that an entry of the list is about.
    pub(super) fn of(item: &Value) -> Option<Self> {
        let role = item.get("builtInRole").and_then(Value::as_str).map(|role| Self::Role(role.to_owned()));
        role.or_else(|| item.get("userId").and_then(Value::as_i64).map(Self::Id))
    }
}

impl Grantees {
    /// All of them, by id. An id is taken as it is where the caller may not list who there is.
    pub(super) async fn find(&self, api: &Api) -> Result<Vec<Kind>> {
        let mut found: Vec<Kind> = self.role.iter().map(|role| Kind::Role(role.as_str().to_owned())).collect();
        for key in &self.user {
            found.push(Kind::Id(by_number(key, Members::of(api).await?.id(key).await)?));
        }
        for key in &self.service_account {
            found.push(Kind::Id(by_number(key, account(api, key).await)?));
        }
        Ok(found)
    }
}

fn by_number(key: &str, found: Result<i64>) -> Result<i64> {
    found.or_else(|error| key.parse().map_err(|_| error))
}

async fn account(api: &Api, key: &str) -> Result<i64> {
    let accounts = token::accounts(api).await?;
    let named = accounts.iter().find(|account| account.name == key);
    match named.or_else(|| accounts.iter().find(|account| account.id.to_string() == key)) {
        Some(account) => Ok(account.id),
        None => bail!("no service account of the org has the name or id {key:?}: see `wellhead token list`"),
    }
}
