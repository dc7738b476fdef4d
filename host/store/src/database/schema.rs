//! The version of the tables' layout, and the steps from one to the next.

use super::DatabaseError;
use crate::{data_keys, redb_store};
use redb::{ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError, WriteTransaction};
use std::path::Path;

const SCHEMA: TableDefinition<&str, u64> = TableDefinition::new("schema");
const VERSION: &str = "version";

/// A step from one version to the next.
pub(super) type Migration = fn(&WriteTransaction) -> Result<(), DatabaseError>;

/// Every step there is. The first makes version 1 of an empty file.
pub(super) const MIGRATIONS: &[Migration] = &[|transaction| {
    redb_store::create_tables(transaction)?;
    data_keys::create_tables(transaction)
}];

/// The version of the schema of `redb`, which is the file at `path`; 0 where there is nothing in it.
///
/// # Errors
/// [`DatabaseError::Newer`], and [`DatabaseError::Unusable`] where it has tables, but no schema of ours.
pub(super) fn version(redb: &redb::Database, path: &Path) -> Result<u64, DatabaseError> {
    let foreign = || DatabaseError::unusable(path, "it has tables of another program");
    let transaction = redb.begin_read()?;
    let found = match transaction.open_table(SCHEMA) {
        Ok(table) => table.get(VERSION)?.map(|version| version.value()).ok_or_else(foreign)?,
        Err(TableError::Storage(error)) => return Err(error.into()),
        Err(TableError::TableDoesNotExist(_)) if is_empty(&transaction)? => 0,
        Err(_) => return Err(foreign()),
    };
    not_newer(found, MIGRATIONS.len() as u64)?;
    Ok(found)
}

fn is_empty(transaction: &ReadTransaction) -> Result<bool, DatabaseError> {
    Ok(transaction.list_tables()?.next().is_none() && transaction.list_multimap_tables()?.next().is_none())
}

fn not_newer(found: u64, known: u64) -> Result<(), DatabaseError> {
    if found > known { Err(DatabaseError::Newer { found, known }) } else { Ok(()) }
}

/// Takes the steps that `redb` has not seen, all in one transaction.
pub(super) fn migrate(redb: &redb::Database, migrations: &[Migration]) -> Result<(), DatabaseError> {
    let transaction = redb.begin_write()?;
    let table = transaction.open_table(SCHEMA)?;
    let found = table.get(VERSION)?.map_or(0, |version| version.value());
    drop(table);
    let known = migrations.len() as u64;
    not_newer(found, known)?;
    if found == known {
        return Ok(());
    }
    for migration in migrations.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        migration(&transaction)?;
    }
    transaction.open_table(SCHEMA)?.insert(VERSION, known)?;
    transaction.commit().map_err(DatabaseError::OutcomeUnknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: TableDefinition<&str, &str> = TableDefinition::new("names");

    fn empty() -> redb::Database {
        redb::Database::builder().create_with_backend(redb::backends::InMemoryBackend::new()).unwrap()
    }

    fn version(redb: &redb::Database) -> u64 {
        redb.begin_read().unwrap().open_table(SCHEMA).unwrap().get(VERSION).unwrap().unwrap().value()
    }

    fn first(transaction: &WriteTransaction) -> Result<(), DatabaseError> {
        transaction.open_table(NAMES)?.insert("a", "first")?;
        Ok(())
    }

    fn second(transaction: &WriteTransaction) -> Result<(), DatabaseError> {
        let mut names = transaction.open_table(NAMES)?;
        let before = names.get("a")?.map(|name| name.value().to_owned()).unwrap_or_default();
        names.insert("a", format!("{before}, then second").as_str())?;
        Ok(())
    }

    #[test]
    fn each_step_is_taken_once_and_in_order() {
        let redb = empty();
        migrate(&redb, &[first]).unwrap();
        migrate(&redb, &[first, second]).unwrap();
        migrate(&redb, &[first, second]).unwrap();
        let names = redb.begin_read().unwrap().open_table(NAMES).unwrap();
        assert_eq!(names.get("a").unwrap().unwrap().value(), "first, then second");
        assert_eq!(version(&redb), 2);
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let redb = empty();
        migrate(&redb, &[first]).unwrap();
        let fails: Migration = |transaction| {
            second(transaction)?;
            Err(DatabaseError::Interrupted)
        };
        assert!(migrate(&redb, &[first, fails]).is_err());
        let names = redb.begin_read().unwrap().open_table(NAMES).unwrap();
        assert_eq!((names.get("a").unwrap().unwrap().value(), version(&redb)), ("first", 1));
    }

    #[test]
    fn a_file_from_a_newer_program_is_refused_and_left_alone() {
        let redb = empty();
        migrate(&redb, &[first, second]).unwrap();
        let error = migrate(&redb, &[first]).unwrap_err();
        assert!(error.to_string().starts_with("the database has schema 2, this program knows up to 1"), "{error}");
        assert_eq!(version(&redb), 2);
    }
}
