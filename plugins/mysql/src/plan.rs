//! The columns of a statement's rows.

use crate::decode::ColumnType;
use crate::protocol::Definition;
use arrow_schema::{Field, Schema, SchemaRef};
use std::sync::Arc;

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
