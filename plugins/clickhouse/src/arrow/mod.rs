//! ArrowStream in: each message comes into memory of its own size, is checked as any stranger's, and is decoded where it
//! lies. Columns that are Grafana's
//! as they are go on untouched; what becomes of the others is [`convert`]'s.

mod convert;
mod float;
mod messages;
mod nested;
mod room;

use crate::kind::Kind;
use crate::running::Running;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use convert::convert;
use messages::{Message, Messages, limits, unreadable};
use room::{Room, Unread};
use std::sync::Arc;
use wellhead_frame::{FrameError, ipc};
use wellhead_sdk::Error;
use wellhead_sdk::http::Response;

/// Rows that come as Arrow.
pub(crate) struct ArrowRows {
    messages: Messages,
    running: Running,
    /// As the server sends it, texts as bytes.
    raw: SchemaRef,
    /// The first column whose type Arrow does not tell.
    ambiguous: Option<usize>,
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
                Arc::new(Schema::empty())
            }
        };
        let ambiguous = raw.fields().iter().position(|field| ambiguous(field.data_type()));
        let raw = Schema::new(as_bytes(raw.fields()));
        let kinds = raw.fields().iter().map(|field| Kind::of_arrow(field)).collect();
        let schema = Arc::new(Schema::empty());
        let mut rows = Self { messages, running, raw: Arc::new(raw), ambiguous, kinds, schema };
        rows.plan(&[])?;
        Ok(rows)
    }

    /// The first column where Arrow's type does not tell ClickHouse's: instants, addresses and enums come as plain integers.
    pub(crate) fn ambiguous(&self) -> Option<&Field> {
        self.ambiguous.and_then(|place| self.raw.fields().get(place)).map(AsRef::as_ref)
    }

    /// Takes ClickHouse's names of the columns' types. False where they cannot be those of these columns.
    pub(crate) fn describe(&mut self, types: &[&str]) -> Result<bool, Error> {
        Ok(types.len() == self.kinds.len() && self.plan(types)?)
    }

    /// False where a type that Arrow does not tell does not come as it is named.
    fn plan(&mut self, types: &[&str]) -> Result<bool, Error> {
        let mut fits = true;
        let mut fields = Vec::with_capacity(self.kinds.len());
        for (place, field) in self.raw.fields().iter().enumerate() {
            let empty = arrow_array::new_empty_array(field.data_type());
            let comes_as = |kind: &Kind| convert(kind, &empty, &mut Room::of_a_block());
            let named = types.get(place).map(|name| Kind::parse(name));
            let described = named.filter(|(kind, _)| comes_as(kind).is_ok());
            fits &= described.is_some() || !ambiguous(field.data_type());
            // Variants hold nulls without Arrow's saying so.
            let by_arrow = || (Kind::of_arrow(field), matches!(field.data_type(), DataType::Union(..)));
            let (kind, nullable) = described.unwrap_or_else(by_arrow);
            comes_as(&kind).map_err(|problem| of_column(field, &problem))?;
            fields.push(Field::new(field.name(), kind.field_type().arrow(), nullable || field.is_nullable()));
            if let Some(known) = self.kinds.get_mut(place) {
                *known = kind;
            }
        }
        self.schema = Arc::new(Schema::new(fields));
        Ok(fits)
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
        let mut room = Room::of_a_block();
        let columns = columns.map(|((column, kind), field)| {
            convert(kind, column, &mut room).map_err(|problem| of_column(field, &problem))
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options);
        batch.map(Some).map_err(|error| unreadable(&error))
    }

    fn decode(&self, message: &Message) -> Result<RecordBatch, FrameError> {
        ipc::batch(message.header()?, &message.body, &self.raw, &limits())
    }
}

fn schema(message: &Message) -> Result<SchemaRef, Error> {
    let read = message.header().and_then(|header| ipc::schema(header, &limits()));
    read.map_err(|error| unreadable(&error))
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

fn of_column(field: &Field, problem: &Unread) -> Error {
    let (name, data_type) = (field.name(), field.data_type());
    match problem {
        Unread::Type(kind) => Error::downstream(format_args!(
            "column {name:?} came as Arrow's {data_type}, which is not read ({kind}): convert it in the query, with \
             toString()"
        )),
        Unread::Size => Error::downstream(format_args!(
            "up to column {name:?}, the rows of one block would be more than {} bytes, which are allowed: select less of \
             each row, or set max_block_size to fewer rows among the data source's custom settings",
            messages::MAX_BODY
        )),
    }
}
