//! Applies a folder of provisioning files to a store, at once and whenever the files change.
//!
//! The folder is looked at every second: its files are few and small, and whatever way they change is seen, also where
//! no file system tells of it (symlinks swapped by Kubernetes, network file systems, values included by `$__file{}`).

use super::apply::{Applied, ApplyError};
use super::fingerprint::Fingerprint;
use super::settling::Settling;
use super::{Provisioning, ProvisioningError};
use crate::{DataSourceStore, StoreError};
use futures::future::BoxFuture;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// When files that the store did not take are tried again: its disk may have room, a name be free and an org be there by then.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Tells whether there is an org of this id.
type OrgExists = Arc<dyn Fn(i64) -> BoxFuture<'static, Result<bool, StoreError>> + Send + Sync>;

/// A folder of provisioning files and the store it goes to.
pub struct Provisioner {
    folder: PathBuf,
    store: Arc<dyn DataSourceStore>,
    look_every: Duration,
    org_exists: Option<OrgExists>,
    /// What was read last, good or not.
    read: Fingerprint,
    settling: Settling,
    retry_at: Option<Instant>,
    /// What was last said to be wrong, and is still.
    complaint: Option<String>,
    looks: watch::Sender<u64>,
}

impl Provisioner {
    /// Nothing is read yet.
    pub fn new(folder: impl Into<PathBuf>, store: Arc<dyn DataSourceStore>) -> Self {
        Self {
            folder: folder.into(),
            store,
            look_every: LOOK_EVERY,
            org_exists: None,
            read: Fingerprint::default(),
            settling: Settling::default(),
            retry_at: None,
            complaint: None,
            looks: watch::Sender::default(),
        }
    }

    /// Looks at the folder this often, instead of every second.
    #[must_use]
    pub fn look_every(self, period: Duration) -> Self {
        Self { look_every: period, ..self }
    }

    /// Refuses files that name an org for which `exists` answers false, as Grafana does. Without it every org is taken to
    /// exist: this crate keeps none.
    #[must_use]
    pub fn checking_orgs(
        self,
        exists: impl Fn(i64) -> BoxFuture<'static, Result<bool, StoreError>> + Send + Sync + 'static,
    ) -> Self {
        Self { org_exists: Some(Arc::new(exists)), ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How often the folder was looked at without anything to apply.
    pub fn looks(&self) -> watch::Receiver<u64> {
        self.looks.subscribe()
    }

    /// Reads the files, with the environment's variables as they are now, and applies them. What that did is logged.
    ///
    /// # Errors
    /// [`ApplyError`]; the store is then as it was, unless it failed itself.
    pub async fn apply(&mut self) -> Result<(Provisioning, Applied), ApplyError> {
        let folder = self.folder.clone();
        let environment = |name: &str| std::env::var(name).ok();
        let (read, fingerprint) = blocking(move || Provisioning::read_noting(&folder, &environment)).await?;
        self.retry_at = None;
        self.read = fingerprint;
        let read = read?;
        let applied = match self.check_orgs(&read).await {
            Ok(()) => read.apply(&*self.store).await,
            Err(error) => Err(error),
        };
        let applied = applied.inspect_err(|_| self.retry_at = Some(Instant::now() + RETRY_AFTER))?;
        let folder = self.folder.display();
        for warning in &read.warnings {
            tracing::warn!("{warning}");
        }
        let is_good_again = self.complaint.take().is_some();
        if applied.is_change() || is_good_again {
            tracing::info!("provisioning folder {folder}: data sources: {applied}");
        } else {
            tracing::debug!("provisioning folder {folder}: data sources: {applied}");
        }
        Ok((read, applied))
    }

    /// Waits until the files have changed and were applied. Files that cannot be applied change nothing; why is logged
    /// once, and the wait goes on.
    pub async fn changed(&mut self) -> (Provisioning, Applied) {
        loop {
            tokio::time::sleep(self.look_every).await;
            if let Some(applied) = self.look_and_apply().await {
                return applied;
            }
            self.looks.send_modify(|looks| *looks += 1);
        }
    }

    async fn look_and_apply(&mut self) -> Option<(Provisioning, Applied)> {
        let due = match self.look().await {
            Ok(files) => self.settling.is_due(Instant::now(), files, &self.read),
            Err(error) => {
                self.complain(&error.into());
                return None;
            }
        };
        if !due && self.retry_at.is_none_or(|at| at > Instant::now()) {
            return None;
        }
        self.apply().await.map_err(|error| self.complain(&error)).ok()
    }

    async fn check_orgs(&self, read: &Provisioning) -> Result<(), ApplyError> {
        let Some(exists) = &self.org_exists else { return Ok(()) };
        let mut problems = Vec::new();
        let mut asked = HashMap::new();
        for entry in &read.entries {
            let org_id = entry.source.org_id;
            let there = match asked.get(&org_id) {
                Some(there) => *there,
                None => *asked.entry(org_id).or_insert(exists(org_id).await?),
            };
            if !there {
                let reason = format!("there is no org {org_id}: create it, or name one that exists");
                problems.push(entry.place.key("orgId").problem(reason));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(ProvisioningError { problems }.into()) }
    }

    async fn look(&self) -> Result<Fingerprint, StoreError> {
        let (read, folder) = (self.read.clone(), self.folder.clone());
        blocking(move || read.taken_again(&folder)).await
    }

    fn complain(&mut self, error: &ApplyError) {
        let complaint = error.to_string();
        if self.complaint.as_ref() != Some(&complaint) {
            let folder = self.folder.display();
            tracing::warn!("provisioning folder {folder}: its changes are not applied: {complaint}");
        }
        self.complaint = Some(complaint);
    }
}

/// Runs `work` where it may block: a network file system can hang.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Backend(Box::new(error)))
}
