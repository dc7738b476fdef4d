//! The rules, one file each or a few that belong together. Each says what it promises, when it can be applied, and what
//! breaks it.

mod cancellation;
mod concurrency;
mod configure;
mod health;
mod manifest;
mod memory;
mod queries;
mod settings;

use crate::subject::Subject;
use crate::{SuiteError, Verdict};
use futures::future::BoxFuture;

pub(crate) use configure::configure;

/// One rule that every plugin keeps.
pub struct Rule {
    /// Its name, as `--only` and reports have it.
    pub name: &'static str,
    /// What it asks for, in one sentence.
    pub promise: &'static str,
    /// Whether a plugin that does not start can be judged by it.
    pub(crate) needs_start: bool,
    check: for<'a> fn(&'a Subject) -> BoxFuture<'a, Result<Verdict, SuiteError>>,
}

impl Rule {
    pub(crate) async fn check(&self, subject: &Subject) -> Result<Verdict, SuiteError> {
        (self.check)(subject).await
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All rules, in the order they are run.
pub const RULES: &[Rule] = &[
    Rule {
        name: "manifest",
        promise: "The manifest has a semantic version and a description, its schemas are schemas, and it exports what it claims",
        needs_start: false,
        check: |subject| Box::pin(async move { Ok(manifest::manifest(subject)) }),
    },
    Rule {
        name: "configure",
        promise: "It starts with settings as its schema asks for them, and waits for no upstream to do so",
        needs_start: false,
        check: |_| Box::pin(async { Ok(Verdict::Passed) }),
    },
    Rule {
        name: "settings-errors",
        promise: "Settings that make no sense are taken, or refused in words; they trap nothing",
        needs_start: true,
        check: |subject| Box::pin(settings::settings_errors(subject)),
    },
    Rule {
        name: "bad-queries",
        promise: "A query that it cannot read, or that its upstream does not answer, fails by itself and traps nothing",
        needs_start: true,
        check: |subject| Box::pin(queries::bad_queries(subject)),
    },
    Rule {
        name: "ref-ids",
        promise: "Every refId is answered exactly once, and none that was not asked",
        needs_start: true,
        check: |subject| Box::pin(queries::ref_ids(subject)),
    },
    Rule {
        name: "frames",
        promise: "Every frame is one: Arrow IPC with Grafana's types and metadata, within its limits",
        needs_start: true,
        check: |subject| Box::pin(queries::frames(subject)),
    },
    Rule {
        name: "health",
        promise: "The health check answers in words, and does not say that an upstream is well which is down",
        needs_start: true,
        check: |subject| Box::pin(health::health(subject)),
    },
    Rule {
        name: "cancellation",
        promise: "A query that nobody waits for any more is over within 100 ms",
        needs_start: true,
        check: |subject| Box::pin(cancellation::cancellation(subject)),
    },
    Rule {
        name: "no-blocking",
        promise: "While it waits it gives its event loop turns: no call holds the others up for half a second",
        needs_start: true,
        check: |subject| Box::pin(cancellation::no_blocking(subject)),
    },
    Rule {
        name: "concurrency",
        promise: "Queries that overlap are answered as one alone is",
        needs_start: true,
        check: |subject| Box::pin(concurrency::concurrency(subject)),
    },
    Rule {
        name: "memory",
        promise: "Ten thousand queries one after another need no more memory than a thousand",
        needs_start: true,
        check: |subject| Box::pin(memory::memory(subject)),
    },
];
