//! Packets with nothing wrong in them.

use crate::exports::wellhead::plugin::streaming::Packet;
use wellhead_frame::{Field, Frame, PieceWriter};
use wit_bindgen::StreamWriter;

/// A channel that counts: a row a packet, from 0, in the field `n`.
pub(super) struct Counter {
    packets: StreamWriter<Packet>,
    next: i64,
    writer: Option<PieceWriter>,
}

impl Counter {
    pub(super) fn new(packets: StreamWriter<Packet>) -> Self {
        Self { packets, next: 0, writer: None }
    }

    /// Sends the next number, with the schema the first time; false when nobody reads any more.
    pub(super) async fn count(&mut self) -> bool {
        let frame = number("count", self.next);
        self.next += 1;
        let packet = match &mut self.writer {
            Some(writer) => Packet::Batch(message(writer, &frame)),
            first => {
                *first = PieceWriter::new(frame.schema()).ok().map(|(_, writer)| writer);
                whole(&frame)
            }
        };
        self.send(packet).await
    }

    /// Sends so many numbers.
    pub(super) async fn count_to(&mut self, count: i64) {
        for _ in 0..count {
            self.count().await;
        }
    }

    /// Sends another packet in between; false when nobody reads any more.
    pub(super) async fn send(&mut self, packet: Packet) -> bool {
        self.packets.write_one(packet).await.is_none()
    }

    /// Sends the next number under the schema of its third of the count, which is new with every third number.
    pub(super) async fn count_in_thirds(&mut self) -> bool {
        if self.next % 3 != 0 {
            return self.count_under(self.next / 3).await;
        }
        let frame = number(&format!("count {}", self.next / 3), self.next);
        self.next += 1;
        self.send(whole(&frame)).await
    }

    async fn count_under(&mut self, third: i64) -> bool {
        let frame = number(&format!("count {third}"), self.next);
        self.next += 1;
        self.send(batch(&frame)).await
    }
}

/// A frame of one row.
fn number(name: &str, n: i64) -> Frame {
    Frame::builder(name).column(Field::new("n"), vec![n]).build().expect("one column fits itself")
}

/// A frame that no counter's batches fit under, nor the other way round.
pub(super) fn words() -> Frame {
    let columns = Frame::builder("words").column(Field::new("a"), vec!["one"]).column(Field::new("b"), vec!["two"]);
    columns.build().expect("two columns of one row fit")
}

/// The frame with its schema.
pub(super) fn whole(frame: &Frame) -> Packet {
    Packet::Frame(frame.to_ipc_stream().expect("a small frame can be written"))
}

/// The frame's rows alone.
pub(super) fn batch(frame: &Frame) -> Packet {
    let (_, mut writer) = PieceWriter::new(frame.schema()).expect("a small schema can be written");
    Packet::Batch(message(&mut writer, frame))
}

fn message(writer: &mut PieceWriter, frame: &Frame) -> Vec<u8> {
    frame.batches().first().and_then(|batch| writer.batch(batch).ok()).unwrap_or_default()
}
