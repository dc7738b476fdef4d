//! Whether rows, indexes and change feed agree.

use super::record;
use super::tables::TOMBSTONES;
use super::tables::{BY_ID, BY_NAME, BY_TYPE, CHANGED_AT, CHANGES, COUNTERS, DEFAULTS, LAST_ID, RECORDS, REVISION};
use crate::{DataSource, DatabaseError};
use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

/// What does not fit, in words. Nothing where all is well.
pub(super) fn problems(transaction: &ReadTransaction) -> Result<Vec<String>, DatabaseError> {
    let mut problems = Problems(Vec::new());
    let rows = rows(transaction)?;
    let count = rows.len() as u64;
    for row in &rows {
        indexes_of(row, transaction, &mut problems)?;
    }
    // Every row was found in every index, so an index with more entries has some that lead nowhere.
    problems.same("ids", transaction.open_table(BY_ID)?.len()?, count);
    problems.same("names", transaction.open_table(BY_NAME)?.len()?, count);
    problems.same("types", transaction.open_table(BY_TYPE)?.len()?, count);
    let defaults = rows.iter().filter(|row| row.is_default).count() as u64;
    problems.same("defaults", transaction.open_table(DEFAULTS)?.len()?, defaults);
    feed(transaction, &rows, &mut problems)?;
    Ok(problems.0)
}

struct Problems(Vec<String>);

impl Problems {
    fn unless(&mut self, fits: bool, problem: impl FnOnce() -> String) {
        if !fits {
            self.0.push(problem());
        }
    }

    fn same(&mut self, what: &str, found: u64, expected: u64) {
        self.unless(found == expected, || format!("there are {found} {what} and not {expected}"));
    }
}

fn rows(transaction: &ReadTransaction) -> Result<Vec<DataSource>, DatabaseError> {
    let mut rows = Vec::new();
    for row in transaction.open_table(RECORDS)?.iter()? {
        let (key, bytes) = row?;
        let (org_id, uid) = key.value();
        rows.push(record::decode(org_id, uid, bytes.value())?);
    }
    Ok(rows)
}

fn indexes_of(row: &DataSource, transaction: &ReadTransaction, problems: &mut Problems) -> Result<(), DatabaseError> {
    let (org_id, uid) = (row.org_id, row.uid.as_str());
    let says = |what: &str| format!("data source {uid:?} of org {org_id} is not found by its {what}");
    let by_id = transaction.open_table(BY_ID)?;
    problems.unless(by_id.get(row.id)?.is_some_and(|found| found.value() == (org_id, uid)), || says("id"));
    let by_name = transaction.open_table(BY_NAME)?;
    let name = row.name.as_str();
    problems.unless(by_name.get((org_id, name))?.is_some_and(|found| found.value() == uid), || says("name"));
    let by_type = transaction.open_table(BY_TYPE)?;
    problems.unless(by_type.get((row.plugin_id.as_str(), org_id, uid))?.is_some(), || says("type"));
    let default = transaction.open_table(DEFAULTS)?.get(org_id)?.is_some_and(|found| found.value() == uid);
    problems.unless(default == row.is_default, || format!("data source {uid:?} of org {org_id} is half a default"));
    let last_id = transaction.open_table(COUNTERS)?.get(LAST_ID)?.map_or(0, |last| last.value());
    problems.unless(u64::try_from(row.id).is_ok_and(|id| id <= last_id), || {
        format!("data source {uid:?} of org {org_id} has id {}, above the last one given, {last_id}", row.id)
    });
    Ok(())
}

/// One entry a data source, those that are gone at their tombstones.
fn feed(transaction: &ReadTransaction, rows: &[DataSource], problems: &mut Problems) -> Result<(), DatabaseError> {
    let (changes, tombstones) = (transaction.open_table(CHANGES)?, transaction.open_table(TOMBSTONES)?);
    let changed_at = transaction.open_table(CHANGED_AT)?;
    let last = transaction.open_table(COUNTERS)?.get(REVISION)?.map_or(0, |last| last.value());
    let mut alive = 0;
    for entry in changes.iter()? {
        let (revision, change) = entry?;
        let (revision, (org_id, uid, deleted)) = (revision.value(), change.value());
        let row = rows.binary_search_by(|row| (row.org_id, row.uid.as_str()).cmp(&(org_id, uid)));
        alive += u64::from(!deleted);
        let at = changed_at.get((org_id, uid))?.map(|at| at.value());
        problems.unless(
            row.is_ok() != deleted
                && tombstones.get(revision)?.is_some() == deleted
                && at == Some(revision)
                && revision <= last,
            || format!("the change at revision {revision} does not fit data source {uid:?} of org {org_id}"),
        );
    }
    problems.same("data sources in the change feed", alive, rows.len() as u64);
    problems.same("last changes", changed_at.len()?, changes.len()?);
    problems.same("tombstones", tombstones.len()?, changes.len()?.saturating_sub(alive));
    Ok(())
}
