//! A query's statements, and what a session remembers of those that it has prepared.

use crate::decode::ColumnType;
use crate::protocol::{Definition, Prepared};
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
    /// The statements of a query, in order, without the white space around them: the server counts lines from there.
    pub(crate) fn all(dialect: Dialect, query: &str) -> VecDeque<Self> {
        let text: Rc<str> = query.into();
        let trimmed = |range: Range<usize>| {
            let text = query.get(range.clone()).unwrap_or_default();
            let start = range.start + (text.len() - text.trim_ascii_start().len());
            start..start + text.trim_ascii().len()
        };
        let ranges = wellhead_sql::statements(dialect, query);
        ranges.into_iter().map(|range| Self { query: Rc::clone(&text), range: trimmed(range) }).collect()
    }

    pub(crate) fn text(&self) -> &str {
        self.query.get(self.range.clone()).unwrap_or_default()
    }

    /// What of the query is before it.
    pub(crate) fn before(&self) -> &str {
        self.query.get(..self.range.start).unwrap_or_default()
    }
}

/// A column of a statement's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) column_type: ColumnType,
}

impl From<Definition> for Plan {
    fn from(column: Definition) -> Self {
        let column_type = ColumnType::of(column.data_type, column.flags, column.charset, column.decimals);
        Self { name: column.name, column_type }
    }
}

impl Plan {
    /// The schema of rows of these columns.
    pub(crate) fn schema(plans: &[Self]) -> SchemaRef {
        let field = |plan: &Self| {
            let column_type = plan.column_type;
            Field::new(&plan.name, column_type.field_type().arrow(), column_type.is_nullable())
        };
        Arc::new(Schema::new(plans.iter().map(field).collect::<Vec<Field>>()))
    }
}

/// The statements used last, the latest at the end.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    known: VecDeque<(String, Prepared)>,
    /// Those of no more use, which the server may forget.
    retired: Vec<u32>,
}

impl Recent {
    pub(crate) fn get(&mut self, text: &str) -> Option<Prepared> {
        let at = self.known.iter().position(|(known, _)| known == text)?;
        let found = self.known.remove(at)?;
        self.known.push_back(found.clone());
        Some(found.1)
    }

    /// Keeps a new one, or sees to it that the server forgets it.
    pub(crate) fn put(&mut self, text: &str, prepared: Prepared) {
        if text.len() > LONGEST {
            self.retired.push(prepared.id);
            return;
        }
        if self.known.len() == KEPT {
            self.retired.extend(self.known.pop_front().map(|(_, oldest)| oldest.id));
        }
        self.known.push_back((text.to_owned(), prepared));
    }

    pub(crate) fn forget(&mut self, text: &str) {
        if let Some(at) = self.known.iter().position(|(known, _)| known == text) {
            self.retired.extend(self.known.remove(at).map(|(_, found)| found.id));
        }
    }

    /// What the server may forget now.
    pub(crate) fn take_retired(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.retired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_used_last_are_kept_and_the_server_is_told_of_the_others() {
        let prepared = |id| Prepared { id, columns: 0, parameters: 0 };
        let mut recent = Recent::default();
        for id in 0..KEPT as u32 {
            recent.put(&id.to_string(), prepared(id));
        }
        assert_eq!(recent.get("0"), Some(prepared(0)));
        recent.put("new", prepared(99));
        recent.put(&"x".repeat(LONGEST + 1), prepared(100));
        recent.forget("2");
        assert_eq!(recent.take_retired(), [1, 100, 2]);
        assert_eq!((recent.get("1"), recent.get("0"), recent.take_retired()), (None, Some(prepared(0)), Vec::new()));
    }
}
