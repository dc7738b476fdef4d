//! The soak as a test: a few seconds of it with the others, all of it where long tests run.

use wellhead_soak::reload::{self, Options};
use wellhead_test_support::guest;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_a_plugin_is_replaced_under_load() -> anyhow::Result<()> {
    // Compiling takes longer than all the rest.
    let compile_cache = Some(guest("soak").with_file_name("../soak-compile-cache"));
    keeps_its_promises(Options { compile_cache, ..Options::short() }).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn nothing_is_lost_or_left_over_when_a_plugin_is_replaced_five_hundred_times() -> anyhow::Result<()> {
    keeps_its_promises(Options::default()).await
}

async fn keeps_its_promises(options: Options) -> anyhow::Result<()> {
    let report = reload::run(options).await?;
    assert!(report.broken().is_empty(), "{report}");
    Ok(())
}
