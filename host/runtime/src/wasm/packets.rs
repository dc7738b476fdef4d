//! From a run's packets to frames: each valid and canonical, those of one schema sharing it.

use wellhead_frame::{Frame, PieceReader, ReadLimits};

/// Packets with more bytes than this are decoded off the async threads.
const DECODE_INLINE_BYTES: usize = 256 << 10;

/// A frame as the guest sent it.
pub(super) enum Encoded {
    /// With its schema: an Arrow IPC stream.
    Frame(Vec<u8>),
    /// A record batch under the last schema.
    Batch(Vec<u8>),
}

impl Encoded {
    fn len(&self) -> usize {
        match self {
            Self::Frame(bytes) | Self::Batch(bytes) => bytes.len(),
        }
    }
}

/// Decodes the packets of one run, in order. Errors say which rule was broken.
#[derive(Debug, Default)]
pub(super) struct PacketDecoder {
    last: Option<Last>,
    limits: ReadLimits,
}

/// What the last schema left behind.
#[derive(Debug)]
struct Last {
    /// Without rows.
    template: Frame,
    reader: PieceReader,
}

impl PacketDecoder {
    /// Decodes it where it delays nobody.
    pub(super) async fn decode(&mut self, encoded: Encoded) -> Result<Frame, String> {
        if encoded.len() <= DECODE_INLINE_BYTES {
            return self.decode_here(encoded);
        }
        let mut decoder = std::mem::take(self);
        let decoded = tokio::task::spawn_blocking(move || {
            let frame = decoder.decode_here(encoded);
            (frame, decoder)
        });
        let (frame, decoder) = decoded.await.map_err(|error| error.to_string())?;
        *self = decoder;
        frame
    }

    fn decode_here(&mut self, encoded: Encoded) -> Result<Frame, String> {
        match encoded {
            Encoded::Frame(bytes) => self.frame(bytes),
            Encoded::Batch(bytes) => self.batch(bytes),
        }
    }

    fn frame(&mut self, bytes: Vec<u8>) -> Result<Frame, String> {
        let (frame, reader) = PieceReader::after(bytes, &self.limits).map_err(|error| error.to_string())?;
        match &self.last {
            // Sent again though it is the same, as simple guests do.
            Some(last) if last.template.schema() == frame.schema() => {
                let mut shared = last.template.clone();
                for batch in frame.into_batches() {
                    shared.push_batch(batch).map_err(|error| error.to_string())?;
                }
                Ok(shared)
            }
            _ => {
                let template = reader.frame();
                self.last = Some(Last { template, reader });
                Ok(frame)
            }
        }
    }

    fn batch(&mut self, bytes: Vec<u8>) -> Result<Frame, String> {
        let Some(Last { template, reader }) = &mut self.last else {
            return Err("a record batch came before the first frame, which has the schema".into());
        };
        let batch = reader.batch(bytes).map_err(|error| error.to_string())?;
        let mut frame = template.clone();
        frame.push_batch(batch).map_err(|error| error.to_string())?;
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use wellhead_frame::{Field, PieceWriter};

    fn frame(name: &str, value: f64) -> Frame {
        Frame::builder(name).column(Field::new("v"), vec![value]).build().unwrap()
    }

    fn whole(frame: &Frame) -> Encoded {
        Encoded::Frame(frame.to_ipc_stream().unwrap())
    }

    fn batch(frame: &Frame) -> Encoded {
        let (_, mut writer) = PieceWriter::new(frame.schema()).unwrap();
        Encoded::Batch(writer.batch(&frame.batches()[0]).unwrap())
    }

    #[test]
    fn frames_of_one_schema_share_it_whether_it_was_sent_again_or_not() {
        let mut decoder = PacketDecoder::default();
        let first = decoder.decode_here(whole(&frame("a", 1.0))).unwrap();
        let second = decoder.decode_here(batch(&frame("a", 2.0))).unwrap();
        let again = decoder.decode_here(whole(&frame("a", 3.0))).unwrap();
        assert!(Arc::ptr_eq(first.schema(), second.schema()) && Arc::ptr_eq(first.schema(), again.schema()));
        assert_eq!([first.num_rows(), second.num_rows(), again.num_rows()], [1, 1, 1]);
        let other = decoder.decode_here(whole(&frame("b", 4.0))).unwrap();
        assert!(!Arc::ptr_eq(first.schema(), other.schema()));
        assert_eq!(decoder.decode_here(batch(&frame("b", 5.0))).unwrap().name(), "b");
    }

    #[test]
    fn what_breaks_a_rule_is_named() {
        let mut decoder = PacketDecoder::default();
        let early = decoder.decode_here(batch(&frame("a", 1.0))).unwrap_err();
        assert!(early.contains("before the first frame"), "{early}");
        assert!(decoder.decode_here(Encoded::Frame(vec![1, 2, 3])).is_err());
        decoder.decode_here(whole(&frame("a", 1.0))).unwrap();
        let two = Frame::builder("a").column(Field::new("v"), vec![1.0]).column(Field::new("w"), vec!["x"]);
        assert!(decoder.decode_here(batch(&two.build().unwrap())).is_err(), "other columns than the schema's");
        decoder.decode_here(batch(&frame("a", 2.0))).unwrap();
    }
}
