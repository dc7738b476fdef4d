//! The tables: rows as JSON, indexes beside them, and reading that is the same in a read and in a write transaction.
//!
//! redb opens a table once at a time in a write transaction, so that every function opens what it needs and closes it.

use crate::{Entity, IdentityError};
use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, TableError, TableHandle, Value,
    WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use wellhead_store::DatabaseError;

/// Rows by id.
pub(super) type Rows = TableDefinition<'static, i64, &'static [u8]>;

pub(super) const ORGS: Rows = TableDefinition::new("identity.orgs");
/// Name to id.
pub(super) const ORG_NAMES: TableDefinition<&str, i64> = TableDefinition::new("identity.org_names");
pub(super) const USERS: Rows = TableDefinition::new("identity.users");
/// Login or email in small letters to the id of a user or a service account.
pub(super) const LOGINS: TableDefinition<&str, i64> = TableDefinition::new("identity.logins");
/// User to PHC string.
pub(super) const PASSWORDS: TableDefinition<i64, &str> = TableDefinition::new("identity.passwords");
/// (org, user) to what the user is there.
pub(super) const MEMBERS: TableDefinition<(i64, i64), &[u8]> = TableDefinition::new("identity.members");
/// (user, org): the same the other way round.
pub(super) const MEMBERSHIPS: TableDefinition<(i64, i64), ()> = TableDefinition::new("identity.memberships");
pub(super) const ACCOUNTS: Rows = TableDefinition::new("identity.service_accounts");
/// (org, name) to id.
pub(super) const ACCOUNT_NAMES: TableDefinition<(i64, &str), i64> =
    TableDefinition::new("identity.service_account_names");
pub(super) const TOKENS: Rows = TableDefinition::new("identity.tokens");
/// (service account, name) to id.
pub(super) const TOKEN_NAMES: TableDefinition<(i64, &str), i64> = TableDefinition::new("identity.token_names");
/// SHA-256 of the text to id.
pub(super) const TOKEN_HASHES: TableDefinition<&[u8; 32], i64> = TableDefinition::new("identity.token_hashes");
/// (org, uid of the data source, id).
pub(super) const GRANTS: TableDefinition<(i64, &str, i64), &[u8]> = TableDefinition::new("identity.grants");
/// User to the second it last signed in. Apart from the row, because it is written by itself.
pub(super) const USER_SEEN: TableDefinition<i64, i64> = TableDefinition::new("identity.user_seen");
/// Token to the second it was last used.
pub(super) const TOKEN_USED: TableDefinition<i64, i64> = TableDefinition::new("identity.token_used");
/// The last id given, by kind.
const IDS: TableDefinition<&str, i64> = TableDefinition::new("identity.ids");

/// A kind of id. Users and service accounts share one, as in Grafana: routes take either.
#[derive(Clone, Copy)]
pub(super) enum Id {
    Org,
    Principal,
    Token,
    Grant,
}

/// Whether every table is there: reading one that is not is an error.
pub(super) fn are_made(transaction: &ReadTransaction) -> Result<bool, IdentityError> {
    let there: BTreeSet<String> = transaction.list_tables()?.map(|table| table.name().to_owned()).collect();
    Ok(names().iter().all(|name| there.contains(*name)))
}

macro_rules! every_table {
    ($($table:ident),*) => {
        fn names() -> Vec<&'static str> {
            vec![$($table.name()),*]
        }

        /// Makes those that are missing.
        pub(super) fn make(transaction: &WriteTransaction) -> Result<(), IdentityError> {
            $(transaction.open_table($table)?;)*
            Ok(())
        }
    };
}

every_table!(
    ORGS,
    ORG_NAMES,
    USERS,
    LOGINS,
    PASSWORDS,
    MEMBERS,
    MEMBERSHIPS,
    ACCOUNTS,
    ACCOUNT_NAMES,
    TOKENS,
    TOKEN_NAMES,
    TOKEN_HASHES,
    GRANTS,
    USER_SEEN,
    TOKEN_USED,
    IDS
);

/// A transaction to read from, whether it also writes or not.
pub(super) trait Tables {
    type Table<'t, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 't;

    fn table<'t, K: Key + 'static, V: Value + 'static>(
        &'t self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Self::Table<'t, K, V>, TableError>;
}

impl Tables for ReadTransaction {
    type Table<'t, K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;

    fn table<'t, K: Key + 'static, V: Value + 'static>(
        &'t self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Self::Table<'t, K, V>, TableError> {
        self.open_table(definition)
    }
}

impl Tables for WriteTransaction {
    type Table<'t, K: Key + 'static, V: Value + 'static> = Table<'t, K, V>;

    fn table<'t, K: Key + 'static, V: Value + 'static>(
        &'t self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Self::Table<'t, K, V>, TableError> {
        self.open_table(definition)
    }
}

/// The row with this id.
pub(super) fn row<T: DeserializeOwned>(
    tables: &impl Tables,
    definition: Rows,
    id: i64,
) -> Result<Option<T>, IdentityError> {
    let table = tables.table(definition)?;
    let found = table.get(id)?;
    found.map(|bytes| decode(definition.name(), bytes.value())).transpose()
}

/// The row with this id, which must be there.
pub(super) fn required<T: DeserializeOwned>(
    tables: &impl Tables,
    definition: Rows,
    entity: Entity,
    id: i64,
) -> Result<T, IdentityError> {
    row(tables, definition, id)?.ok_or_else(|| IdentityError::not_found(entity, id))
}

/// Every row, by id.
pub(super) fn rows<T: DeserializeOwned>(tables: &impl Tables, definition: Rows) -> Result<Vec<T>, IdentityError> {
    let table = tables.table(definition)?;
    table.iter()?.map(|entry| decode(definition.name(), entry?.1.value())).collect()
}

/// Puts a row, in place of one that is there.
pub(super) fn put(
    transaction: &WriteTransaction,
    definition: Rows,
    id: i64,
    row: &impl Serialize,
) -> Result<(), IdentityError> {
    let bytes = encode(definition.name(), row)?;
    transaction.open_table(definition)?.insert(id, bytes.as_slice())?;
    Ok(())
}

/// A new id, never given before.
pub(super) fn next_id(transaction: &WriteTransaction, kind: Id) -> Result<i64, IdentityError> {
    let name = match kind {
        Id::Org => "org",
        Id::Principal => "principal",
        Id::Token => "token",
        Id::Grant => "grant",
    };
    let mut ids = transaction.open_table(IDS)?;
    let last = ids.get(name)?.map_or(0, |id| id.value());
    let next = last.saturating_add(1);
    ids.insert(name, next)?;
    Ok(next)
}

/// The second numbers of the pairs that begin with `first`.
pub(super) fn seconds<V: Value + 'static>(
    tables: &impl Tables,
    definition: TableDefinition<'_, (i64, i64), V>,
    first: i64,
) -> Result<Vec<i64>, IdentityError> {
    let table = tables.table(definition)?;
    table.range((first, i64::MIN)..=(first, i64::MAX))?.map(|entry| Ok(entry?.0.value().1)).collect()
}

/// Names and ids of what belongs to `owner`, by name.
pub(super) fn named(
    tables: &impl Tables,
    definition: TableDefinition<'_, (i64, &'static str), i64>,
    owner: i64,
) -> Result<Vec<(String, i64)>, IdentityError> {
    let table = tables.table(definition)?;
    let mut found = Vec::new();
    for entry in table.range((owner, "")..)? {
        let (key, id) = entry?;
        let (of, name) = key.value();
        if of != owner {
            break;
        }
        found.push((name.to_owned(), id.value()));
    }
    Ok(found)
}

pub(super) fn encode(what: &str, row: &impl Serialize) -> Result<Vec<u8>, IdentityError> {
    serde_json::to_vec(row).map_err(|source| DatabaseError::Record { what: what.to_owned(), source }.into())
}

pub(super) fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, IdentityError> {
    serde_json::from_slice(bytes).map_err(|source| DatabaseError::Record { what: what.to_owned(), source }.into())
}
