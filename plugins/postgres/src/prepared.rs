//! A statement that the server has worked out, and the columns of its rows.

use crate::decode::Kind;
use arrow_schema::{Field, Schema, SchemaRef};
use std::rc::Rc;
use std::sync::Arc;

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
