//! One row: a misdeed, how it is asked for, what catches it, what the caller is told.

use serde_json::{Value, json};
use std::time::Duration;

/// How long a caller waits for what must end by itself: long, because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it waits for what ends at its deadline only.
const DEADLINE: Duration = Duration::from_millis(500);

/// A misdeed and its price.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(super) name: &'static str,
    pub(super) ask: Ask,
    /// The limit or rule that catches it.
    pub(super) rule: &'static str,
    /// What the caller sees; `…` stands for anything.
    pub(super) expected: &'static str,
    pub(super) timeout: Duration,
    /// The data source's URL; `{own}` is the test's own server.
    pub(super) url: &'static str,
}

/// How a misdeed is asked for.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// By the models of queries, sent in one call with ref-ids A, B, ….
    Query(Vec<Value>),
    /// By the data source's settings; the query asks nothing.
    Settings,
    /// By the settings; the call is a health check.
    Health,
    /// A resource call, and how its body is read.
    Resource(Read),
    /// By queries in calls of their own, one after the other.
    InTurn(Vec<Value>),
    /// By queries in calls of their own, at the same time.
    AtOnce(Vec<Value>),
    /// By the settings; then they change, and the instance is replaced.
    Replace,
    /// By a component: the hostile guest with core modules (as text) appended, so many instances of each.
    Modules(Vec<(String, u32)>),
}

/// How the body of a resource is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Read {
    /// To its end, a megabyte at most.
    All,
    /// One chunk, then nothing for a while, then the rest.
    Slowly,
    /// Not at all: it is held until the call's deadline.
    Never,
    /// To its end, while the caller's own body never ends.
    WithEndlessRequest,
}

impl Row {
    pub(super) fn expect(mut self, rule: &'static str, expected: &'static str) -> Self {
        (self.rule, self.expected) = (rule, expected);
        self
    }

    /// It ends at the call's deadline and not before.
    pub(super) fn times_out(mut self) -> Self {
        self.timeout = DEADLINE;
        self.expect("call deadline", "plugin … did not answer within 500ms: raise the call deadline, or ask for less")
    }

    pub(super) fn at(mut self, url: &'static str) -> Self {
        self.url = url;
        self
    }

    /// With a deadline that is to pass, or nearly.
    pub(super) fn soon(mut self) -> Self {
        self.timeout = DEADLINE;
        self
    }
}

fn row(name: &'static str, ask: Ask) -> Row {
    Row { name, ask, rule: "", expected: "", timeout: PATIENCE, url: "{own}" }
}

/// A misdeed of one query.
pub(super) fn query(name: &'static str) -> Row {
    row(name, Ask::Query(vec![json!({ "misdeed": name })]))
}

/// The misdeed `model` names, with its parameters, under a name of the row's own.
pub(super) fn query_of(name: &'static str, model: Value) -> Row {
    row(name, Ask::Query(vec![model]))
}

/// A misdeed of the first of two queries in a call.
pub(super) fn first_of_two(name: &'static str) -> Row {
    row(name, Ask::Query(vec![json!({ "misdeed": name }), json!({ "misdeed": "none" })]))
}

pub(super) fn settings(name: &'static str) -> Row {
    row(name, Ask::Settings)
}

pub(super) fn health(name: &'static str) -> Row {
    row(name, Ask::Health)
}

pub(super) fn resource(name: &'static str) -> Row {
    row(name, Ask::Resource(Read::All))
}

pub(super) fn resource_read(name: &'static str, read: Read) -> Row {
    row(name, Ask::Resource(read))
}

pub(super) fn in_turn(name: &'static str, models: impl IntoIterator<Item = Value>) -> Row {
    row(name, Ask::InTurn(models.into_iter().collect()))
}

pub(super) fn at_once(name: &'static str, models: impl IntoIterator<Item = Value>) -> Row {
    row(name, Ask::AtOnce(models.into_iter().collect()))
}

pub(super) fn replace(name: &'static str) -> Row {
    row(name, Ask::Replace)
}

pub(super) fn modules(name: &'static str, modules: impl IntoIterator<Item = (String, u32)>) -> Row {
    row(name, Ask::Modules(modules.into_iter().collect()))
}
