//! The messages of an Arrow stream, one by one, as the host hands out the body. Their lengths are in front of them, so that
//! each is read into memory of its size, without a copy.

use crate::exception::{Exception, TAIL};
use arrow_buffer::Buffer;
use wellhead_frame::{FrameError, ReadLimits, ipc};
use wellhead_sdk::Error;
use wellhead_sdk::http::Response;

/// Marks a message since Arrow 0.15.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// Schemas of ten thousand columns are shorter.
const MAX_METADATA: usize = 16 << 20;
/// Columns, and what those hold that hold others: a map of texts counts four.
const MAX_COLUMNS: usize = 40_000;
/// Types within types; each of ClickHouse's is up to three of Arrow's.
const MAX_DEPTH: usize = 48;
/// One block of the server's, which has 65,409 rows unless it is told otherwise. A plugin has 256 MiB.
pub(super) const MAX_BODY: usize = 64 << 20;

/// Bounds for what the server writes. Rows are bounded by their bytes, and by what they may become.
pub(super) fn limits() -> ReadLimits {
    let limits = ReadLimits::default().with_max_bytes(MAX_BODY).with_max_rows(MAX_BODY);
    limits.with_max_columns(MAX_COLUMNS).with_max_depth(MAX_DEPTH).with_max_metadata_bytes(MAX_METADATA)
}

/// A message.
pub(super) struct Message {
    metadata: Vec<u8>,
    pub(super) body: Buffer,
}

impl Message {
    /// What it is. The metadata is verified.
    pub(super) fn header(&self) -> Result<arrow_ipc::Message<'_>, FrameError> {
        ipc::message(&self.metadata, &limits())
    }
}

/// The messages of an answer.
pub(super) struct Messages {
    response: Response,
    sql: String,
    /// Read beyond what was asked for, which memory of exactly that size prevents.
    ahead: Vec<u8>,
    begun: bool,
    over: bool,
}

impl Messages {
    pub(super) fn new(response: Response, sql: &str) -> Self {
        Self { response, sql: sql.to_owned(), ahead: Vec::new(), begun: false, over: false }
    }

    /// The next message, `None` behind the last one or where there is no body at all.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, Error> {
        if self.over {
            return Ok(None);
        }
        let mut prefix = Vec::new();
        self.read(&mut prefix, 8).await?;
        let (mark, length) = match prefix.as_slice() {
            // Nothing at all is the answer to a statement without rows.
            [] if !self.begun => {
                self.over = true;
                return Ok(None);
            }
            [] => return Err(self.broken(prefix, "it ends without its end mark").await),
            [a, b, c, d, e, f, g, h] => ([*a, *b, *c, *d], u32::from_le_bytes([*e, *f, *g, *h])),
            _ => return Err(self.broken(prefix, "it ends in the middle").await),
        };
        self.begun = true;
        if mark != CONTINUATION {
            return Err(self.broken(prefix, "no message where one should be").await);
        }
        if length == 0 {
            self.read_out().await?;
            return Ok(None);
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let metadata = self.whole(length, MAX_METADATA).await?;
        let mut message = Message { metadata, body: Buffer::default() };
        let body = message.header().map(|header| usize::try_from(header.bodyLength()).unwrap_or(usize::MAX));
        let body = body.map_err(|error| unreadable(&error))?;
        message.body = self.whole(body, MAX_BODY).await?.into();
        Ok(Some(message))
    }

    async fn whole(&mut self, length: usize, most: usize) -> Result<Vec<u8>, Error> {
        if length > most {
            return Err(Error::downstream(format_args!(
                "a block of the answer has {length} bytes, and {most} are allowed: select less of each row, or set \
                 max_block_size to fewer rows among the data source's custom settings"
            )));
        }
        let mut bytes = Vec::new();
        self.read(&mut bytes, length).await?;
        if bytes.len() < length {
            return Err(self.broken(bytes, "it ends in the middle of a message").await);
        }
        Ok(bytes)
    }

    /// Reads that many bytes, fewer only where the body ends.
    async fn read(&mut self, into: &mut Vec<u8>, length: usize) -> Result<(), Error> {
        *into = std::mem::take(&mut self.ahead);
        if into.len() < length {
            into.try_reserve_exact(length - into.len()).map_err(|_| {
                Error::downstream(format_args!("no memory for {length} bytes of the answer: select less of each row"))
            })?;
        }
        while into.len() < length {
            let (read, more) = self.response.read(std::mem::take(into)).await;
            *into = read;
            match more {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(self.exception(into).unwrap_or(error)),
            }
        }
        if into.len() > length {
            self.ahead = into.split_off(length);
        }
        Ok(())
    }

    /// Behind the end mark there may be an exception, and nothing else.
    async fn read_out(&mut self) -> Result<(), Error> {
        self.over = true;
        let mut rest = Vec::new();
        let read = self.read(&mut rest, TAIL).await;
        self.exception(&rest).map_or(read, Err)
    }

    /// Where no message is, an exception may be; its end may still be on its way.
    async fn broken(&mut self, mut bytes: Vec<u8>, problem: &str) -> Error {
        self.over = true;
        let mut rest = Vec::new();
        let read = self.read(&mut rest, TAIL).await;
        bytes.extend_from_slice(&rest);
        self.exception(&bytes).or(read.err()).unwrap_or_else(|| unreadable(&problem))
    }

    fn exception(&self, bytes: &[u8]) -> Option<Error> {
        Exception::at_end(bytes).map(|exception| exception.of(&self.sql))
    }
}

pub(super) fn unreadable(problem: &dyn std::fmt::Display) -> Error {
    Error::downstream(format_args!("the server's answer cannot be read as ArrowStream: {problem}"))
}
