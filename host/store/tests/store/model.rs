//! A store on disk against one in memory: the same commands, the same answers, whenever it is closed and opened.

use crate::command::Command;
use crate::support::{assert_consistent, kind, open, plain_list, secrets_of};
use proptest::prelude::*;
use wellhead_store::{CachedStore, DataSource, DataSourceStore, MemoryStore};

#[derive(Clone, Debug)]
enum Step {
    Command(Command),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![30 => Command::any().prop_map(Step::Command), 1 => Just(Step::Reopen)];
    proptest::collection::vec(step, 1..60)
}

async fn same_answers(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let model = MemoryStore::default();
    let mut store = CachedStore::new(open(&folder).await.into());
    for step in steps {
        match step {
            Step::Command(command) => {
                let (expected, answer) = (command.run(&model).await, command.run(&store).await);
                assert_eq!(kind(&answer), kind(&expected), "{command:?}");
                if let (Ok(expected), Ok(answer)) = (expected, answer) {
                    same(&expected, &answer);
                }
            }
            Step::Reopen => {
                drop(store);
                store = CachedStore::new(open(&folder).await.into());
            }
        }
        for org_id in [1, 2] {
            for expected in model.list(org_id).await.unwrap() {
                let key = wellhead_store::DataSourceKey::Id(expected.id);
                let found = store.get(org_id, &key).await.unwrap();
                same(&expected, &found);
                assert_eq!(secrets_of(&store, &found).await, secrets_of(&model, &expected).await);
            }
        }
    }
    assert_consistent(store.uncached()).await;
    for org_id in [1, 2] {
        assert_eq!(plain_list(&store, org_id).await, plain_list(&model, org_id).await);
    }
}

/// But for secrets, which one has in plain and the other sealed.
fn same(expected: &DataSource, found: &DataSource) {
    let but_secrets = |source: &DataSource| DataSource { secure_json_data: Default::default(), ..source.clone() };
    assert_eq!(but_secrets(expected), but_secrets(found));
    assert!(expected.secure_json_data.keys().eq(found.secure_json_data.keys()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_have_the_same_answers_on_disk_and_in_memory(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(same_answers(steps));
    }
}
