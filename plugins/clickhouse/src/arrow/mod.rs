//! ArrowStream in: each message comes into memory of its own size and is decoded where it lies. Columns that are Grafana's
//! as they are go on untouched; what becomes of the others is [`convert`]'s.

mod convert;
mod float;
mod messages;
mod nested;

use crate::kind::Kind;
use crate::running::Running;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_ipc::reader::RecordBatchDecoder;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use convert::convert;
use messages::{Message, Messages};
use std::collections::HashMap;
use std::sync::Arc;
use wellhead_sdk::Error;
use wellhead_sdk::http::Response;

/// Rows that come as Arrow.
pub(crate) struct ArrowRows {
    messages: Messages,
    running: Running,
    /// As the server sends it, texts as bytes.
    raw: SchemaRef,
    ambiguous: bool,
    kinds: Vec<Kind>,
    /// As the batches are handed on.
    schema: SchemaRef,
}

impl ArrowRows {
    /// Reads the schema. An answer without a body has no columns.
    pub(crate) async fn begin(response: Response, mut running: Running, sql: &str) -> Result<Self, Error> {
        let mut messages = Messages::new(response, sql);
        let raw = match messages.next().await? {
            Some(message) => schema(&message)?,
            None => {
                running.over();
                Schema::empty()
            }
        };
        let ambiguous = raw.fields().iter().any(|field| ambiguous(field.data_type()));
        let raw = Schema::new(as_bytes(raw.fields()));
        let kinds = raw.fields().iter().map(|field| Kind::of_arrow(field)).collect();
        let schema = Arc::new(Schema::empty());
        let mut rows = Self { messages, running, raw: Arc::new(raw), ambiguous, kinds, schema };
        rows.plan(&[])?;
        Ok(rows)
    }

    /// True where Arrow's types do not tell ClickHouse's: instants, addresses and enums come as plain integers.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// Takes ClickHouse's names of the columns' types.
    pub(crate) fn describe(&mut self, types: &[&str]) -> Result<(), Error> {
        self.plan(types)
    }

    fn plan(&mut self, types: &[&str]) -> Result<(), Error> {
        let named: Vec<_> = types.iter().map(|name| Kind::parse(name)).collect();
        // A description of other columns is none.
        let named = if named.len() == self.kinds.len() { named } else { Vec::new() };
        let mut fields = Vec::with_capacity(self.kinds.len());
        for (place, field) in self.raw.fields().iter().enumerate() {
            let empty = arrow_array::new_empty_array(field.data_type());
            let described = named.get(place).filter(|(kind, _)| convert(kind, &empty).is_ok());
            // Variants hold nulls without Arrow's saying so.
            let by_arrow = || (Kind::of_arrow(field), matches!(field.data_type(), DataType::Union(..)));
            let (kind, nullable) = described.cloned().unwrap_or_else(by_arrow);
            convert(&kind, &empty).map_err(|error| of_column(field, &error))?;
            fields.push(Field::new(field.name(), kind.field_type().arrow(), nullable || field.is_nullable()));
            if let Some(known) = self.kinds.get_mut(place) {
                *known = kind;
            }
        }
        self.schema = Arc::new(Schema::new(fields));
        Ok(())
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        let Some(message) = self.messages.next().await? else {
            self.running.over();
            return Ok(None);
        };
        let batch = self.decode(&message).map_err(|error| unreadable(&error))?;
        let columns = batch.columns().iter().zip(&self.kinds).zip(self.raw.fields());
        let columns =
            columns.map(|((column, kind), field)| convert(kind, column).map_err(|error| of_column(field, &error)));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options);
        batch.map(Some).map_err(|error| unreadable(&error))
    }

    fn decode(&self, message: &Message) -> Result<RecordBatch, ArrowError> {
        let header = message.header()?;
        let batch = header.header_as_record_batch();
        let batch = batch.ok_or_else(|| ArrowError::IpcError("no record batch where one should be".to_owned()))?;
        let (dictionaries, version) = (HashMap::new(), header.version());
        let decoder = RecordBatchDecoder::try_new(&message.body, batch, self.raw.clone(), &dictionaries, &version)?;
        decoder.read_record_batch()
    }
}

fn schema(message: &Message) -> Result<Schema, Error> {
    let read = || {
        let header = message.header()?;
        let schema = header.header_as_schema();
        let schema = schema.ok_or_else(|| ArrowError::IpcError("no schema at its beginning".to_owned()))?;
        arrow_ipc::convert::try_fb_to_schema(schema)
    };
    read().map_err(|error| unreadable(&error))
}

/// Texts as bytes, which they are to ClickHouse: whether they are UTF-8 is looked at where they become texts.
fn as_bytes(fields: &Fields) -> Fields {
    fields.iter().map(|field| field_as_bytes(field)).collect()
}

fn field_as_bytes(field: &Field) -> Field {
    let inner = |field: &Field| Arc::new(field_as_bytes(field));
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Binary,
        DataType::List(item) => DataType::List(inner(item)),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(as_bytes(fields)),
        DataType::Union(fields, mode) => {
            DataType::Union(fields.iter().map(|(id, field)| (id, inner(field))).collect(), *mode)
        }
        other => other.clone(),
    };
    Field::new(field.name(), data_type, field.is_nullable()).with_metadata(field.metadata().clone())
}

/// Where one type of Arrow stands for several of ClickHouse's.
fn ambiguous(data_type: &DataType) -> bool {
    match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::UInt16
        | DataType::UInt32
        | DataType::FixedSizeBinary(_)
        | DataType::Binary => true,
        DataType::List(item) | DataType::Map(item, _) => ambiguous(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| ambiguous(field.data_type())),
        _ => false,
    }
}

fn of_column(field: &Field, error: &str) -> Error {
    Error::downstream(format_args!(
        "column {:?} came as Arrow's {}, which is not read ({error}): convert it in the query, with toString()",
        field.name(),
        field.data_type()
    ))
}

fn unreadable(error: &ArrowError) -> Error {
    Error::downstream(format_args!("the server's answer cannot be read as ArrowStream: {error}"))
}
