//! The data folder: what a host keeps beyond its process, opened once and by one process.
//!
//! `wellhead.redb` holds data sources, orgs, users, tokens and permissions; `master.key` the key of their secrets;
//! `audit.log` who changed what. `plugins.json`, `compiled/` and what tells commands of a running server are their own
//! modules' affair.

use crate::config::{MasterKeyPlace, Settings, Switch};
use anyhow::{Context, Result, anyhow};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wellhead::{CachedStore, Database, EnvelopeSecrets, MasterKeySource, RedbStore};
use wellhead_identity::{AuditLog, Authenticator, Identities, OperatorToken, SecretText};
use wellhead_server::SignIn;

const DATABASE: &str = "wellhead.redb";
const MASTER_KEY: &str = "master.key";
const AUDIT_LOG: &str = "audit.log";
/// The first admin's password, where somebody has chosen it.
const ADMIN_PASSWORD: &str = "WELLHEAD_ADMIN_PASSWORD";

/// What the folder holds, open.
pub(crate) struct DataFolder {
    pub(crate) store: Arc<CachedStore<RedbStore>>,
    pub(crate) secrets: Arc<EnvelopeSecrets>,
    pub(crate) database: Database,
    pub(crate) sign_in: SignIn,
    pub(crate) authenticator: Authenticator,
    /// What commands on this machine sign in with.
    pub(crate) operator: OperatorToken,
    pub(crate) identities: Identities,
}

impl DataFolder {
    /// Opens all of it, and makes what is missing.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        let folder = folder(settings)?;
        let path = folder.join(DATABASE);
        let opened = tokio::task::spawn_blocking(move || Database::open(path)).await;
        let database = opened.context("the database could not be opened")??;
        let secrets = EnvelopeSecrets::open(master_key(settings, &folder), Arc::new(database.clone())).await?;
        let secrets = Arc::new(secrets);
        let store = Arc::new(CachedStore::new(Arc::new(RedbStore::new(database.clone(), secrets.clone()))));
        let identities = Identities::open(database.clone()).await?;
        let operator = OperatorToken::generate()?;
        let authenticator = Authenticator::new(identities.clone())?
            .with_anonymous_viewer(settings.anonymous_viewer.value == Switch::On)
            .with_operator(operator.clone());
        let audit = folder.join(AUDIT_LOG);
        let audit = AuditLog::open(&audit).with_context(|| format!("the audit log {}", audit.display()))?;
        let sign_in = SignIn::new(identities.clone(), authenticator.clone(), audit);
        Ok(Self { store, secrets, database, sign_in, authenticator, operator, identities })
    }

    /// Makes the first user where there is none, and gives back the password if nobody has chosen it. Only a server does this:
    /// whoever starts one looks for it.
    pub(crate) async fn ensure_admin(&self) -> Result<Option<SecretText>> {
        let chosen = std::env::var(ADMIN_PASSWORD).ok().filter(|password| !password.is_empty());
        self.identities.ensure_admin(chosen.as_deref()).await.context(ADMIN_PASSWORD)
    }
}

fn master_key(settings: &Settings, folder: &Path) -> MasterKeySource {
    match &settings.master_key.value {
        None => MasterKeySource::File(folder.join(MASTER_KEY)),
        Some(MasterKeyPlace::File(path)) => MasterKeySource::File(path.clone()),
        Some(MasterKeyPlace::Environment(name)) => MasterKeySource::Environment(name.clone()),
        Some(MasterKeyPlace::Command(program, arguments)) => {
            MasterKeySource::Command { program: program.clone(), arguments: arguments.clone() }
        }
    }
}

/// Where the database is, whether or not it is there.
pub(crate) fn database(settings: &Settings) -> PathBuf {
    settings.data.value.join(DATABASE)
}

/// The data folder as an absolute path, made for its owner alone where it is missing; one that is there stays as it is.
pub(crate) fn folder(settings: &Settings) -> Result<PathBuf> {
    let folder = &settings.data;
    let make = || {
        let path = std::path::absolute(&folder.value)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(path)
    };
    make().map_err(|error: std::io::Error| {
        let path = folder.value.display();
        anyhow!("the data folder {path} (from {}) cannot be made: {error}: name another with --data DIR", folder.origin)
    })
}
