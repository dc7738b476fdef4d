//! Packets over a connection: put together where they came in parts, and within bounds. What is in them is left to others.

use super::{ServerError, command, header, malformed};
use crate::error;
use std::ops::Range;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wellhead_sdk::Error;
use wellhead_sdk::net::{Connection, NetError, TlsOptions};

/// The longest part. A packet of that or more goes in several, the last of which is shorter.
const PART: usize = 0x00ff_ffff;
/// The longest packet, either way: one row, or one statement with its parameters. An instance has 256 MiB, and what is in
/// a packet is there about five times until it has left.
pub(crate) const LONGEST: usize = 32 << 20;
/// The longest error that comes unasked.
const LONGEST_GOODBYE: usize = 4 << 10;
/// Room for one read.
const READ: usize = 128 << 10;
/// Memory that is kept for the next packet.
const KEPT: usize = 1 << 20;
const HEADER: usize = 4;

/// A connection that speaks in packets.
pub(crate) struct Wire {
    connection: Connection,
    /// What was read; from `start` on, it is not yet given out.
    buffer: Vec<u8>,
    start: usize,
    /// A packet that came in parts.
    long: Vec<u8>,
    /// The number of the next packet of this exchange.
    sequence: u8,
}

impl Wire {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, buffer: Vec::new(), start: 0, long: Vec::new(), sequence: 0 }
    }

    /// Speaks TLS from here on.
    pub(crate) async fn start_tls(&mut self, options: &TlsOptions) -> Result<(), Error> {
        // What somebody between put there in the clear must not be taken for what the server said under TLS.
        if self.start < self.buffer.len() {
            return Err(malformed("it goes on before TLS has begun"));
        }
        self.connection.start_tls(options).await?;
        Ok(())
    }

    /// The next packet.
    ///
    /// # Errors
    /// What the way says; also an answer that is no packet, or too long a one.
    pub(crate) async fn packet(&mut self) -> Result<&[u8], Error> {
        if self.long.capacity() > KEPT {
            self.long = Vec::new();
        }
        let mut part = self.part(0).await?;
        if part.len() < PART {
            return Ok(self.buffer.get(part).unwrap_or_default());
        }
        self.long.clear();
        loop {
            let last = part.len() < PART;
            self.long.extend_from_slice(self.buffer.get(part).unwrap_or_default());
            if last {
                return Ok(&self.long);
            }
            part = self.part(self.long.len()).await?;
        }
    }

    /// As [`packet`](Self::packet); what the server says no with is an error.
    pub(crate) async fn answer(&mut self) -> Result<Result<&[u8], ServerError>, Error> {
        let packet = self.packet().await?;
        Ok(match ServerError::read(packet) {
            Some(error) => Err(error),
            None => Ok(packet),
        })
    }

    /// Begins an exchange.
    pub(crate) async fn ask(&mut self, command: &[u8]) -> Result<(), Error> {
        self.sequence = 0;
        self.say(command).await
    }

    /// Goes on with an exchange.
    pub(crate) async fn say(&mut self, packet: &[u8]) -> Result<(), Error> {
        if packet.len() > LONGEST {
            let (length, most) = (packet.len(), LONGEST >> 20);
            return Err(Error::bad_request(format_args!(
                "the statement has {length} bytes with its parameters, and {most} MiB is the most: ask for less at once"
            )));
        }
        let mut out = Vec::with_capacity(packet.len() + 2 * HEADER);
        let mut rest = packet;
        loop {
            let (part, more) = rest.split_at(rest.len().min(PART));
            let [a, b, c, _] = (part.len() as u32).to_le_bytes();
            out.extend_from_slice(&[a, b, c, self.sequence]);
            self.sequence = self.sequence.wrapping_add(1);
            out.extend_from_slice(part);
            rest = more;
            if part.len() < PART {
                break;
            }
        }
        self.connection.write_all(&out).await.map_err(|error| error::of_way(&error))?;
        self.connection.flush().await.map_err(|error| error::of_way(&error))
    }

    /// Takes leave. That it does not arrive is no matter.
    pub(crate) async fn quit(mut self) {
        let _ = self.ask(&[command::QUIT]).await;
        let _ = self.connection.shutdown().await;
        // The server counts the connection until it has closed its side.
        let mut rest = [0; 1 << 10];
        while self.connection.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    }

    /// Where the next part of a packet is in the buffer. So many bytes of the packet came before.
    async fn part(&mut self, before: usize) -> Result<Range<usize>, Error> {
        self.fill(HEADER).await?;
        let head = self.buffer.get(self.start..).and_then(|rest| rest.first_chunk());
        let [a, b, c, sequence] = *head.ok_or_else(|| malformed("a packet without its length"))?;
        let length = u32::from_le_bytes([a, b, c, 0]) as usize;
        if before.saturating_add(length) > LONGEST {
            return Err(Error::downstream(format_args!(
                "a row, or a value in it, has more than {} MiB, which is the most: ask for less of it, as with LEFT(column, 1000)",
                LONGEST >> 20
            )));
        }
        // A server that hangs up says so out of turn; what is longer was never this protocol, and is not waited for.
        let is_out_of_turn = sequence != self.sequence;
        let may_be_goodbye = before == 0 && length <= LONGEST_GOODBYE;
        if !is_out_of_turn || may_be_goodbye {
            self.fill(HEADER + length).await?;
        }
        let start = self.start + HEADER;
        if is_out_of_turn && !(may_be_goodbye && self.buffer.get(start) == Some(&header::ERROR)) {
            return Err(malformed(format_args!("packet {sequence} where {} should come", self.sequence)));
        }
        self.start = start + length;
        let part = start..self.start;
        self.sequence = sequence.wrapping_add(1);
        Ok(part)
    }

    /// Reads until so many bytes are there that are not yet given out. Memory grows with what comes, not with what the
    /// server says will come.
    async fn fill(&mut self, needed: usize) -> Result<(), Error> {
        if self.buffer.len() - self.start >= needed {
            return Ok(());
        }
        if self.start == self.buffer.len() && self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        } else {
            self.buffer.drain(..self.start);
        }
        self.start = 0;
        while self.buffer.len() < needed {
            self.buffer.reserve(READ);
            let read = self.connection.read_buf(&mut self.buffer).await.map_err(|error| error::of_way(&error))?;
            if read == 0 {
                return Err(NetError::Closed("the server closed the connection".to_owned()).into());
            }
        }
        Ok(())
    }
}
