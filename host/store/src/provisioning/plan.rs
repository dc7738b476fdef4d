//! From what the files say and what a store has to the commands that make the one of the other.
//!
//! All of it is decided before anything is changed, so that files which cannot be applied change nothing.

use super::apply::ApplyError;
use super::{Entry, Problem, Provisioning, ProvisioningError};
use crate::{Author, DataSource, DataSourceKey, DataSourceStore, DeleteDataSource, StoreError, UpdateDataSource};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// A command to be.
#[derive(Debug)]
pub(super) enum Step {
    Delete(DeleteDataSource),
    Update(UpdateDataSource),
    Add(DataSource),
}

/// Commands in an order in which each can succeed, and how many data sources are as they should be.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) unchanged: usize,
}

impl Plan {
    /// # Errors
    /// [`ApplyError::Files`] with every entry that cannot get its name or uid; [`ApplyError::Store`].
    pub(super) async fn make(read: &Provisioning, store: &dyn DataSourceStore) -> Result<Self, ApplyError> {
        let there = store.all().await?;
        let described = Described::find(&read.entries, &there);
        let mut taken = Taken::by(&there);
        let mut plan = Self { steps: Vec::new(), unchanged: 0 };

        for goner in described.goners(read, &there) {
            taken.release(goner);
            let (org_id, key) = (goner.org_id, DataSourceKey::uid(&goner.uid));
            plan.steps.push(Step::Delete(DeleteDataSource { org_id, key, author: Author::Provisioning }));
        }
        let defaults: HashSet<i64> =
            read.data_sources().filter(|source| source.is_default).map(|source| source.org_id).collect();
        let (mut updates, mut adds) = (Vec::new(), Vec::new());
        for (entry, before) in read.entries.iter().zip(&described.by_entry) {
            let Some(before) = before else {
                adds.push(Pending { entry, before: None, after: entry.source.clone() });
                continue;
            };
            let after = after(entry, before, defaults.contains(&entry.source.org_id));
            if is_same(before, &after, store).await? {
                plan.unchanged = plan.unchanged.saturating_add(1);
            } else {
                updates.push(Pending { entry, before: Some(before), after });
            }
        }
        plan.order(updates.into_iter().chain(adds).collect(), taken)?;
        Ok(plan)
    }

    /// Puts off what wants a name or uid until another entry has given it up.
    fn order(&mut self, mut pending: VecDeque<Pending<'_>>, mut taken: Taken) -> Result<(), ProvisioningError> {
        let mut put_off = 0;
        while let Some(next) = pending.pop_front() {
            if taken.hinders(&next).is_none() {
                put_off = 0;
                taken.claim(&next);
                self.steps.push(next.step());
                continue;
            }
            pending.push_back(next);
            put_off += 1;
            if put_off > pending.len() {
                let problems = pending.iter().filter_map(|pending| taken.hinders(pending)).collect();
                return Err(ProvisioningError { problems });
            }
        }
        Ok(())
    }
}

/// Which data sources the entries describe.
struct Described<'t> {
    by_entry: Vec<Option<&'t DataSource>>,
    /// Org and uid of them.
    keys: HashSet<(i64, &'t str)>,
}

/// How an entry may find the data source it describes.
type Way<'w, 't> = &'w dyn Fn(&Entry) -> Option<&'t DataSource>;

impl<'t> Described<'t> {
    /// An entry describes the data source with the uid it gives, else the one with its name, else the one with the uid
    /// that follows from its name; each data source is described once.
    fn find(entries: &[Entry], there: &'t [Arc<DataSource>]) -> Self {
        let by = |key: fn(&DataSource) -> &str| -> HashMap<(i64, &'t str), &'t DataSource> {
            there.iter().map(|source| ((source.org_id, key(source)), source.as_ref())).collect()
        };
        let (by_uid, by_name) = (by(|source| &source.uid), by(|source| &source.name));
        let mut found = Self { by_entry: vec![None; entries.len()], keys: HashSet::new() };
        let given_uid = |entry: &Entry| entry.uid_given.then(|| by_uid.get(&uid_of(entry)).copied()).flatten();
        let name = |entry: &Entry| by_name.get(&(entry.source.org_id, entry.source.name.as_str())).copied();
        let derived_uid = |entry: &Entry| by_uid.get(&uid_of(entry)).copied();
        let ways: [Way<'_, 't>; 3] = [&given_uid, &name, &derived_uid];
        for way in ways {
            for (entry, slot) in entries.iter().zip(&mut found.by_entry).filter(|(_, slot)| slot.is_none()) {
                *slot = way(entry).filter(|source| found.keys.insert((source.org_id, &source.uid)));
            }
        }
        found
    }

    fn has(&self, source: &DataSource) -> bool {
        self.keys.contains(&(source.org_id, source.uid.as_str()))
    }

    /// Those there that no entry describes and that the files delete, or that an earlier file let be pruned.
    fn goners(&self, read: &Provisioning, there: &'t [Arc<DataSource>]) -> impl Iterator<Item = &'t DataSource> {
        let named: HashSet<(i64, &str)> =
            read.deletions.iter().map(|deletion| (deletion.org_id, deletion.name.as_str())).collect();
        let is_goner = move |source: &&DataSource| {
            (source.prunable || named.contains(&(source.org_id, source.name.as_str()))) && !self.has(source)
        };
        there.iter().map(AsRef::as_ref).filter(is_goner)
    }
}

fn uid_of(entry: &Entry) -> (i64, &str) {
    (entry.source.org_id, &entry.source.uid)
}

/// What `before` is to become. A file that does not say `isDefault: true` takes the default from nobody, unless another
/// entry of the org has it: the first data source of an org is its default without any file saying so.
fn after(entry: &Entry, before: &DataSource, org_has_default: bool) -> DataSource {
    let mut after = DataSource { id: before.id, version: before.version, ..entry.source.clone() };
    if !entry.uid_given {
        after.uid.clone_from(&before.uid);
    }
    after.is_default |= before.is_default && !org_has_default;
    after
}

async fn is_same(before: &DataSource, after: &DataSource, store: &dyn DataSourceStore) -> Result<bool, StoreError> {
    let (sealed, plain) = (&before.secure_json_data, &after.secure_json_data);
    let rest = DataSource { secure_json_data: sealed.clone(), json_data: before.json_data.clone(), ..after.clone() };
    if *before != rest || !sealed.keys().eq(plain.keys()) || !is_same_json(&before.json_data, &after.json_data) {
        return Ok(false);
    }
    // Opening costs, so it is what is done last.
    Ok(sealed.is_empty() || store.open_secrets(before).await? == plain.to_values())
}

/// A store that keeps JSON text gives a number with many digits back with another last one.
fn is_same_json(stored: &Map<String, Value>, file: &Map<String, Value>) -> bool {
    let as_stored = || serde_json::from_str::<Map<String, Value>>(&serde_json::to_string(file).ok()?).ok();
    stored == file || as_stored().as_ref() == Some(stored)
}

/// An entry that is not what is there.
struct Pending<'p> {
    entry: &'p Entry,
    before: Option<&'p DataSource>,
    after: DataSource,
}

impl Pending<'_> {
    fn step(self) -> Step {
        let Some(before) = self.before else { return Step::Add(self.after) };
        let mut source = self.after;
        // A file's secrets are all there are: what it does not name is removed, and an empty value does that.
        let dropped: Vec<&str> = {
            let named: HashSet<&str> = source.secure_json_data.keys().collect();
            before.secure_json_data.keys().filter(|key| !named.contains(key)).collect()
        };
        dropped.into_iter().for_each(|key| source.secure_json_data.insert(key, ""));
        let key = DataSourceKey::uid(&before.uid);
        Step::Update(UpdateDataSource { key, source, expected_version: None, author: Author::Provisioning })
    }
}

/// The names and uids that are taken at a point of the plan, each with the uid of whose it is.
struct Taken(HashMap<(i64, &'static str, String), String>);

impl Taken {
    fn by(there: &[Arc<DataSource>]) -> Self {
        Self(there.iter().flat_map(|source| slots(source).map(|slot| (slot, source.uid.clone()))).collect())
    }

    fn release(&mut self, source: &DataSource) {
        slots(source).iter().for_each(|slot| drop(self.0.remove(slot)));
    }

    fn claim(&mut self, pending: &Pending<'_>) {
        if let Some(before) = pending.before {
            self.release(before);
        }
        self.0.extend(slots(&pending.after).map(|slot| (slot, pending.after.uid.clone())));
    }

    fn hinders(&self, pending: &Pending<'_>) -> Option<Problem> {
        let own = pending.before.map(|before| &before.uid);
        slots(&pending.after).into_iter().find_map(|slot| {
            let owner = self.0.get(&slot).filter(|owner| Some(*owner) != own)?;
            let (org_id, key, value) = slot;
            let reason = format!(
                "org {org_id} has {value:?} already, for the data source with uid {owner:?}, which is another one: choose \
                 another, or name that one under deleteDatasources"
            );
            Some(pending.entry.place.key(key).problem(reason))
        })
    }
}

/// What is unique of a data source within its org.
fn slots(source: &DataSource) -> [(i64, &'static str, String); 2] {
    [(source.org_id, "uid", source.uid.clone()), (source.org_id, "name", source.name.clone())]
}
