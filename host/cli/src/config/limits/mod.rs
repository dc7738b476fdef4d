//! Limits in `wellhead.toml`: `[limits]` for everybody, `[plugin.ID.limits]` for one plugin's instances, and
//! `[data-source.UID.limits]` for one data source's.

mod keys;
mod tables;
mod units;

use super::File;
use super::settings::Origin;
use keys::{Amount, HostLimits, KEYS, LimitKey};
use std::fmt;
pub(super) use tables::Tables;
use wellhead::LimitOverrides;

/// Whom a limit is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every plugin and data source, and the host itself.
    All,
    /// The data sources of one plugin.
    Plugin(String),
    /// One data source.
    DataSource { org_id: i64, uid: String },
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("limits"),
            Self::Plugin(id) => write!(f, "plugin.{id}.limits"),
            Self::DataSource { uid, .. } => write!(f, "data-source.{uid}.limits"),
        }
    }
}

/// One limit that the file sets.
#[derive(Clone, Debug)]
pub(super) struct LimitLine {
    scope: Scope,
    key: &'static LimitKey,
    amount: Amount,
    line: usize,
}

/// The limits in force: the defaults, and what the file says instead.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limited {
    /// For everybody.
    pub(crate) all: HostLimits,
    set: Vec<(LimitLine, Origin)>,
}

impl Limited {
    pub(super) fn of(file: &File) -> Self {
        let mut all = HostLimits::default();
        let origin = |line: &LimitLine| Origin::File { path: file.path.clone(), line: line.line };
        let set: Vec<_> = file.limits.iter().map(|line| (line.clone(), origin(line))).collect();
        for (line, _) in set.iter().filter(|(line, _)| line.scope == Scope::All) {
            line.key.set(&mut all, line.amount);
        }
        Self { all, set }
    }

    /// Who has limits of their own, where that is said, and what they are.
    pub(crate) fn exceptions(&self) -> Vec<(&Scope, &Origin, LimitOverrides)> {
        let mut exceptions: Vec<(&Scope, &Origin, LimitOverrides)> = Vec::new();
        for (line, origin) in self.set.iter().filter(|(line, _)| line.scope != Scope::All) {
            let known = exceptions.iter_mut().find(|(scope, ..)| **scope == line.scope);
            match known {
                Some((.., overrides)) => line.key.set_over(overrides, line.amount),
                None => {
                    let mut overrides = LimitOverrides::default();
                    line.key.set_over(&mut overrides, line.amount);
                    exceptions.push((&line.scope, origin, overrides));
                }
            }
        }
        exceptions
    }

    /// Every limit as name, value and origin: everybody's, then the exceptions.
    pub(super) fn rows(&self) -> Vec<(String, String, String)> {
        let mut all = self.all.clone();
        let everybody = KEYS.iter().map(|key| {
            let is_it = |(line, _): &&(LimitLine, Origin)| line.scope == Scope::All && line.key.name == key.name;
            let origin = self.set.iter().find(is_it).map_or(&Origin::Default, |(_, origin)| origin);
            (format!("{}.{}", Scope::All, key.name), key.text(key.get(&mut all)), origin.to_string())
        });
        let mut rows: Vec<_> = everybody.collect();
        let exceptions = self.set.iter().filter(|(line, _)| line.scope != Scope::All);
        rows.extend(exceptions.map(|(line, origin)| {
            (format!("{}.{}", line.scope, line.key.name), line.key.text(line.amount), origin.to_string())
        }));
        rows
    }
}
