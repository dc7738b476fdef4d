//! A record batch message that says whatever it is told to.

use arrow_ipc::writer::StreamEncoder;
use arrow_ipc::{
    Buffer, DictionaryBatchBuilder, FieldNode, MessageBuilder, MessageHeader, MetadataVersion, RecordBatchBuilder,
};
use arrow_schema::Schema;
use flatbuffers::FlatBufferBuilder;

/// What the message announces, and what it brings.
#[derive(Default)]
pub(super) struct Lie {
    pub(super) rows: i64,
    /// Length and nulls of each field.
    pub(super) nodes: Vec<(i64, i64)>,
    /// Offset and length of each buffer.
    pub(super) buffers: Vec<(i64, i64)>,
    pub(super) body: Vec<u8>,
    pub(super) body_length: Option<i64>,
    /// The batch is then a dictionary with this id.
    pub(super) dictionary: Option<i64>,
}

impl Lie {
    /// The encapsulated message.
    pub(super) fn message(&self) -> Vec<u8> {
        let mut fbb = FlatBufferBuilder::new();
        let nodes: Vec<_> = self.nodes.iter().map(|(length, nulls)| FieldNode::new(*length, *nulls)).collect();
        let buffers: Vec<_> = self.buffers.iter().map(|(offset, length)| Buffer::new(*offset, *length)).collect();
        let (nodes, buffers) = (fbb.create_vector(&nodes), fbb.create_vector(&buffers));
        let mut builder = RecordBatchBuilder::new(&mut fbb);
        builder.add_length(self.rows);
        builder.add_nodes(nodes);
        builder.add_buffers(buffers);
        let batch = builder.finish();
        let (header, kind) = match self.dictionary {
            Some(id) => {
                let mut builder = DictionaryBatchBuilder::new(&mut fbb);
                builder.add_id(id);
                builder.add_data(batch);
                (builder.finish().as_union_value(), MessageHeader::DictionaryBatch)
            }
            None => (batch.as_union_value(), MessageHeader::RecordBatch),
        };
        let mut builder = MessageBuilder::new(&mut fbb);
        builder.add_version(MetadataVersion::V5);
        builder.add_header_type(kind);
        builder.add_bodyLength(self.body_length.unwrap_or(self.body.len() as i64));
        builder.add_header(header);
        let root = builder.finish();
        fbb.finish(root, None);
        let mut metadata = fbb.finished_data().to_vec();
        metadata.resize(metadata.len().next_multiple_of(8), 0);
        let mut message = vec![0xff; 4];
        message.extend((metadata.len() as u32).to_le_bytes());
        message.extend(metadata);
        message.extend(&self.body);
        message
    }
}

/// The encapsulated message of a schema.
pub(super) fn schema_message(schema: &Schema) -> Vec<u8> {
    let parts = StreamEncoder::try_new(schema).and_then(|encoder| encoder.finish()).unwrap_or_default();
    let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
    bytes.truncate(bytes.len().saturating_sub(8));
    bytes
}
