//! The table of misdeeds: what a guest may try, which limit or rule catches it, what its caller is told.
//!
//! A row is committed on a data source of its own, while a healthy one of the same plugin and one of another are probed
//! without pause: every probe is answered within its deadline. Afterwards the row's data source answers again, no
//! instance is left over, no host task has panicked, and nobody was told a secret.
//!
//! Rows run one after the other, a runtime for each table. The report on standard output says what each cost the others
//! and the host; it is there to be read, nothing in it is asserted.

mod group;
mod outcome;
mod probes;
mod row;
mod surgery;
mod table;
mod upstream;
mod vigil;

use group::run;

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_computes_or_crashes_costs_its_own_instance() {
    run("computing", table::computing::rows()).await;
    run("crashing", table::crashing::rows()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_takes_all_it_can_get_is_refused() {
    run("memory", table::memory::rows()).await;
    run("handles", table::handles::rows()).await;
    run("imports", table::imports::rows()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_lie_or_never_end_fail_by_name() {
    run("answers", table::answers::rows()).await;
    run("frames", table::frames::rows()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_outlive_their_callers_end() {
    run("resources", table::resources::rows()).await;
    run("deadlines", table::deadlines::rows()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_reached_but_the_data_sources_own_origin() {
    run("network", table::network::rows()).await;
    run("wasi", table::wasi::rows()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn components_made_to_hurt_do_not_come_to_life() {
    run("modules", table::modules::rows()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_once_hurt_the_host_does_not_any_more() {
    run("cured", table::cured::rows()).await;
}
