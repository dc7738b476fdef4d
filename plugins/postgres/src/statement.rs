//! A query's statements, and what a session remembers of those that it has prepared.

use crate::decode::Kind;
use arrow_schema::{Field, Schema, SchemaRef};
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use wellhead_sql::Dialect;

/// Statements kept a connection. Most dashboards put their time range into the text, so few come again.
const KEPT: usize = 32;
/// Texts that are longer are not kept.
const LONGEST: usize = 16 << 10;

/// One statement of a query.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    query: Rc<str>,
    range: Range<usize>,
}

impl Statement {
    /// The statements of a query, in order.
    pub(crate) fn all(query: &str) -> VecDeque<Self> {
        let text: Rc<str> = query.into();
        let ranges = wellhead_sql::statements(Dialect::postgres(), query);
        ranges.into_iter().map(|range| Self { query: Rc::clone(&text), range }).collect()
    }

    pub(crate) fn text(&self) -> &str {
        self.query.get(self.range.clone()).unwrap_or_default()
    }

    /// The query that it is part of.
    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    /// How many characters of the query are before it: the server counts from its beginning.
    pub(crate) fn characters_before(&self) -> usize {
        self.query.get(..self.range.start).unwrap_or_default().chars().count()
    }
}

/// A statement that the server has worked out.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) handle: tokio_postgres::Statement,
    pub(crate) columns: Rc<[Plan]>,
}

/// A column of a statement's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

impl Prepared {
    /// The schema of its rows; all columns may hold nulls, as Grafana has it.
    pub(crate) fn schema(&self) -> SchemaRef {
        let field = |plan: &Plan| Field::new(&plan.name, plan.kind.field_type().arrow(), true);
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<Field>>()))
    }
}

/// The statements used last, the latest at the end.
#[derive(Default)]
pub(crate) struct Recent(VecDeque<(String, Prepared)>);

impl Recent {
    pub(crate) fn get(&mut self, text: &str) -> Option<Prepared> {
        let at = self.0.iter().position(|(known, _)| known == text)?;
        let found = self.0.remove(at)?;
        self.0.push_back(found.clone());
        Some(found.1)
    }

    pub(crate) fn put(&mut self, text: &str, prepared: &Prepared) {
        if text.len() > LONGEST || self.get(text).is_some() {
            return;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((text.to_owned(), prepared.clone()));
    }

    pub(crate) fn forget(&mut self, text: &str) {
        self.0.retain(|(known, _)| known != text);
    }
}
