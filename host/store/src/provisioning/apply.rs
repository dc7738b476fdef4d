//! Makes a store have what the files say, and says what that took.

use super::plan::{Plan, Step};
use super::{Provisioning, ProvisioningError};
use crate::{DataSource, DataSourceStore, StoreError};
use std::fmt;
use std::sync::Arc;

/// As many names of each kind are shown. More are in nobody's way, but nobody reads them either.
const MAX_NAMES: usize = 10;

/// What applying provisioning files did.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Data sources that are new.
    pub added: Vec<Arc<DataSource>>,
    /// Data sources that were another way, or not provisioned, before.
    pub updated: Vec<Arc<DataSource>>,
    /// Data sources as they last were.
    pub deleted: Vec<Arc<DataSource>>,
    /// How many were as the files say.
    pub unchanged: usize,
}

impl Applied {
    /// True where something was added, updated or deleted.
    pub fn is_change(&self) -> bool {
        !(self.added.is_empty() && self.updated.is_empty() && self.deleted.is_empty())
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, sources) in [("added", &self.added), ("updated", &self.updated), ("deleted", &self.deleted)] {
            write!(f, "{} {what}", sources.len())?;
            for (index, source) in sources.iter().take(MAX_NAMES).enumerate() {
                write!(f, "{}{:?}", if index == 0 { " (" } else { ", " }, source.name)?;
            }
            let further = sources.len().saturating_sub(MAX_NAMES);
            if further > 0 {
                write!(f, " and {further} more")?;
            }
            f.write_str(if sources.is_empty() { ", " } else { "), " })?;
        }
        write!(f, "{} unchanged", self.unchanged)
    }
}

/// Why provisioning files were not applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Something is wrong with the files, or between them and what the store has. Nothing was changed.
    #[error(transparent)]
    Files(#[from] ProvisioningError),
    /// The store failed. What was applied before stays, and applying again goes on from there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Provisioning {
    /// Makes `store` have what the files say, as Grafana does: first the deletions, then each entry, which is added, or
    /// takes the place of the data source that has its uid, else its name. What is as it should be is not touched.
    ///
    /// Those under `deleteDatasources` are deleted, and so are those that were applied from a file with `prune: true`
    /// and that no file describes any more. All others stay.
    ///
    /// # Errors
    /// [`ApplyError::Files`] where an entry's name or uid is another data source's, [`ApplyError::Store`].
    pub async fn apply(&self, store: &dyn DataSourceStore) -> Result<Applied, ApplyError> {
        let plan = Plan::make(self, store).await?;
        let mut applied = Applied { unchanged: plan.unchanged, ..Applied::default() };
        for step in plan.steps {
            match step {
                Step::Delete(delete) => match store.delete(delete).await {
                    // Somebody else was faster.
                    Err(StoreError::NotFound { .. }) => {}
                    deleted => applied.deleted.push(deleted?),
                },
                Step::Update(update) => applied.updated.push(store.update(update).await?),
                Step::Add(source) => applied.added.push(store.add(source).await?),
            }
        }
        Ok(applied)
    }
}

#[cfg(test)]
mod tests;
