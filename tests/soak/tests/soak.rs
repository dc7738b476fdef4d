//! The soak as a test: a few seconds of it. The whole of it is a program, which `make test-all` runs too.

use wellhead_soak::reload::{self, Options};
use wellhead_test_support::guest;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_a_plugin_is_replaced_under_load() -> anyhow::Result<()> {
    // Compiling takes longer than all the rest.
    let compile_cache = Some(guest("soak").with_file_name("../soak-compile-cache"));
    let report = reload::run(Options { compile_cache, ..Options::short() }).await?;
    assert!(report.broken().is_empty(), "{report}");
    Ok(())
}
