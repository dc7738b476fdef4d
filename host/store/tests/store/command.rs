//! Commands as data, so that the same ones can be given to several stores, or again.

use crate::support::{delete, source, uid};
use proptest::prelude::*;
use std::sync::Arc;
use wellhead_store::{Author, DataSource, DataSourceKey, DataSourceStore, StoreError, UpdateDataSource};
use wellhead_test_support::Random;

/// So few of everything that commands meet.
const UIDS: usize = 6;
const NAMES: usize = 6;
const SECRETS: [&str; 3] = ["", "hunter2!", "correct horse battery staple"];

#[derive(Clone, Debug)]
pub(crate) enum Command {
    Add(Fields),
    Update { key: DataSourceKey, fields: Fields, expected_version: Option<u32> },
    Delete { org_id: i64, uid: usize },
}

#[derive(Clone, Debug)]
pub(crate) struct Fields {
    org_id: i64,
    uid: usize,
    name: usize,
    is_default: bool,
    number: u32,
    /// The value of which secret.
    secret: Option<(usize, usize)>,
}

impl Fields {
    fn source(&self) -> DataSource {
        let source = DataSource {
            org_id: self.org_id,
            name: format!("Name {}", self.name),
            is_default: self.is_default,
            ..source(&uid_of(self.uid)).with_json_data("number", self.number)
        };
        match self.secret {
            Some((key, value)) => source.with_secret(format!("key{key}"), SECRETS[value % SECRETS.len()]),
            None => source,
        }
    }
}

fn uid_of(number: usize) -> String {
    format!("uid{number}")
}

impl Command {
    /// Gives it to a store.
    pub(crate) async fn run(&self, store: &dyn DataSourceStore) -> Result<Arc<DataSource>, StoreError> {
        match self {
            Self::Add(fields) => store.add(fields.source()).await,
            Self::Update { key, fields, expected_version } => {
                let (key, expected_version) = (key.clone(), *expected_version);
                let source = fields.source();
                store.update(UpdateDataSource { key, source, expected_version, author: Author::Client }).await
            }
            Self::Delete { org_id, uid } => store.delete(delete(*org_id, &uid_of(*uid))).await,
        }
    }

    /// Any command, for where there is no proptest.
    pub(crate) fn draw(random: &mut Random) -> Self {
        let fields = Fields {
            org_id: 1 + random.below(2) as i64,
            uid: random.below(UIDS),
            name: random.below(NAMES),
            is_default: random.below(4) == 0,
            number: random.next() as u32,
            secret: (random.below(2) == 0).then(|| (random.below(2), random.below(SECRETS.len()))),
        };
        match random.below(4) {
            0 => Self::Delete { org_id: fields.org_id, uid: fields.uid },
            1 => Self::Add(fields),
            _ => Self::Update { key: uid(&uid_of(random.below(UIDS))), fields, expected_version: None },
        }
    }

    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let version = proptest::option::weighted(0.3, 1..4_u32);
        prop_oneof![
            3 => fields().prop_map(Self::Add),
            4 => (key(), fields(), version).prop_map(|(key, fields, expected_version)| {
                Self::Update { key, fields, expected_version }
            }),
            2 => (1..3_i64, 0..UIDS).prop_map(|(org_id, uid)| Self::Delete { org_id, uid }),
        ]
    }
}

fn fields() -> impl Strategy<Value = Fields> {
    let secret = proptest::option::of((0..2_usize, 0..SECRETS.len()));
    (1..3_i64, 0..UIDS, 0..NAMES, proptest::bool::weighted(0.25), any::<u32>(), secret).prop_map(
        |(org_id, uid, name, is_default, number, secret)| Fields { org_id, uid, name, is_default, number, secret },
    )
}

fn key() -> impl Strategy<Value = DataSourceKey> {
    prop_oneof![
        3 => (0..UIDS).prop_map(|number| uid(&uid_of(number))),
        1 => (1..20_i64).prop_map(DataSourceKey::Id),
        1 => (0..NAMES).prop_map(|name| DataSourceKey::Name(format!("Name {name}"))),
    ]
}
