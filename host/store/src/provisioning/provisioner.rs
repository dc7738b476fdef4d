//! Applies a folder of provisioning files to a store, at once and whenever the files change.
//!
//! The folder is looked at every second: its files are few and small, and whatever way they change is seen, also where
//! no file system tells of it (symlinks swapped by Kubernetes, network file systems, values included by `$__file{}`).

use super::Provisioning;
use super::apply::{Applied, ApplyError};
use super::fingerprint::Fingerprint;
use super::settling::Settling;
use crate::{DataSourceStore, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// When files that the store did not take are tried again: its disk may have room, and a name be free, by then.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// A folder of provisioning files and the store it goes to.
pub struct Provisioner {
    folder: PathBuf,
    store: Arc<dyn DataSourceStore>,
    look_every: Duration,
    /// What was read last, good or not.
    read: Fingerprint,
    settling: Settling,
    retry_at: Option<Instant>,
    /// What was last said to be wrong, and is still.
    complaint: Option<String>,
}

impl Provisioner {
    /// Nothing is read yet.
    pub fn new(folder: impl Into<PathBuf>, store: Arc<dyn DataSourceStore>) -> Self {
        Self {
            folder: folder.into(),
            store,
            look_every: LOOK_EVERY,
            read: Fingerprint::default(),
            settling: Settling::default(),
            retry_at: None,
            complaint: None,
        }
    }

    /// Looks at the folder this often, instead of every second.
    #[must_use]
    pub fn look_every(self, period: Duration) -> Self {
        Self { look_every: period, ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
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
        let applied =
            read.apply(&*self.store).await.inspect_err(|_| self.retry_at = Some(Instant::now() + RETRY_AFTER))?;
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
            let due = match self.look().await {
                Ok(files) => self.settling.is_due(Instant::now(), files, &self.read),
                Err(error) => {
                    self.complain(&error.into());
                    continue;
                }
            };
            if due || self.retry_at.is_some_and(|at| at <= Instant::now()) {
                match self.apply().await {
                    Ok(applied) => return applied,
                    Err(error) => self.complain(&error),
                }
            }
        }
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
