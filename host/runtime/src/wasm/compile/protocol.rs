//! What host and compile worker say to each other, over the worker's standard input and output.
//!
//! In: an [`Order`] of 32 bytes, the component, and then nothing; the end of the stream says that the host is gone.
//! Out: one [`Answer`]: its kind (one byte), the length of what follows (eight), and that. Numbers are little-endian.
//! Both ends are one version of one program, so there is no versioning beyond the mark at the start.

use super::purpose::CompileFor;
use crate::pages::Pages;
use bytes::Bytes;
use std::io::{self, Read, Write};

/// The first bytes of an order: who starts the worker by hand, or another version of it, is told so at once.
const MARK: [u8; 8] = *b"whcomp02";
/// Kind and length.
pub(super) const ANSWER_HEAD: usize = 9;

/// What a worker is to compile, and within which bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Address space the worker may use, in bytes.
    pub(super) memory_bytes: u64,
    /// Processor time it may use, summed over its threads.
    pub(super) cpu_seconds: u64,
    /// Length of the component that follows.
    pub(super) wasm_bytes: u64,
    /// What the code is to be good for.
    pub(super) purpose: CompileFor,
}

impl Order {
    pub(super) fn encode(&self) -> Vec<u8> {
        let numbers = [self.memory_bytes, self.cpu_seconds, self.wasm_bytes, self.purpose.number()];
        MARK.into_iter().chain(numbers.into_iter().flat_map(u64::to_le_bytes)).collect()
    }

    pub(super) fn read(input: &mut impl Read) -> io::Result<Self> {
        let mut mark = [0; MARK.len()];
        input.read_exact(&mut mark)?;
        if mark != MARK {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is started by a host, not by hand"));
        }
        let mut number = || {
            let mut bytes = [0; 8];
            input.read_exact(&mut bytes)?;
            Ok::<_, io::Error>(u64::from_le_bytes(bytes))
        };
        let (memory_bytes, cpu_seconds, wasm_bytes) = (number()?, number()?, number()?);
        let unknown = || io::Error::new(io::ErrorKind::InvalidData, "an order of a host of another version");
        let purpose = CompileFor::from_number(number()?).ok_or_else(unknown)?;
        Ok(Self { memory_bytes, cpu_seconds, wasm_bytes, purpose })
    }
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The compiled code.
    Code(Bytes),
    /// The component's fault: why.
    DoesNotCompile(String),
    /// The bound on memory was met, and the compiler could still say so.
    OutOfMemory,
    /// The worker's fault: why.
    Unable(String),
}

impl Answer {
    pub(super) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let (kind, body) = match self {
            Self::Code(code) => (0, code.as_ref()),
            Self::DoesNotCompile(reason) => (1, reason.as_bytes()),
            Self::OutOfMemory => (2, [].as_slice()),
            Self::Unable(reason) => (3, reason.as_bytes()),
        };
        output.write_all(&[kind])?;
        output.write_all(&(body.len() as u64).to_le_bytes())?;
        output.write_all(body)?;
        output.flush()
    }

    fn from_parts(kind: u8, body: Bytes) -> Option<Self> {
        let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
        match kind {
            0 => Some(Self::Code(body)),
            1 => Some(Self::DoesNotCompile(text(&body))),
            2 => Some(Self::OutOfMemory),
            3 => Some(Self::Unable(text(&body))),
            _ => None,
        }
    }
}

/// How far an answer has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to read.
    Partial,
    /// It is all there.
    Whole(Answer),
    /// What came is no answer.
    Nonsense,
    /// It would be longer than `max_bytes`.
    TooLong,
}

/// Puts an answer together as it comes.
#[derive(Debug)]
pub(super) struct AnswerReader {
    bytes: Pages,
    max_bytes: u64,
}

impl AnswerReader {
    pub(super) fn new(max_bytes: u64) -> io::Result<Self> {
        Ok(Self { bytes: Pages::with_capacity(0)?, max_bytes })
    }

    /// Fails where there is no memory.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<Progress> {
        self.bytes.extend_from_slice(bytes)?;
        let Some((&[kind, ref length @ ..], body)) = self.bytes.as_ref().split_first_chunk::<ANSWER_HEAD>() else {
            return Ok(Progress::Partial);
        };
        let length = u64::from_le_bytes(*length);
        if kind > 3 {
            return Ok(Progress::Nonsense);
        }
        if length > self.max_bytes {
            return Ok(Progress::TooLong);
        }
        if (body.len() as u64) < length {
            return Ok(Progress::Partial);
        }
        let whole = std::mem::replace(&mut self.bytes, Pages::with_capacity(0)?);
        let body = whole.into_bytes().split_off(ANSWER_HEAD);
        Ok(Answer::from_parts(kind, body).map_or(Progress::Nonsense, Progress::Whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_and_every_answer_arrive_as_they_were_sent_however_they_are_cut() {
        for purpose in [CompileFor::Serving, CompileFor::Development] {
            let order = Order { memory_bytes: 2 << 30, cpu_seconds: 485, wasm_bytes: 7, purpose };
            assert_eq!(Order::read(&mut order.encode().as_slice()).unwrap(), order);
        }
        let answers = [
            Answer::Code(vec![7; 1_000].into()),
            Answer::DoesNotCompile("why".into()),
            Answer::OutOfMemory,
            Answer::Unable(String::new()),
        ];
        for answer in answers {
            let mut sent = Vec::new();
            answer.write(&mut sent).unwrap();
            for size in [1, 8, 9, 10, 2_000] {
                let mut reader = AnswerReader::new(1_000).unwrap();
                let mut progress: Vec<_> = sent.chunks(size).map(|chunk| reader.push(chunk).unwrap()).collect();
                assert_eq!(progress.pop(), Some(Progress::Whole(answer.clone())), "pieces of {size}");
                assert!(progress.iter().all(|before| *before == Progress::Partial), "pieces of {size}");
            }
        }
    }

    #[test]
    fn what_is_no_order_and_what_is_no_answer_is_told() {
        let by_hand = Order::read(&mut &b"(component)\n"[..]).unwrap_err().to_string();
        assert_eq!(by_hand, "this is started by a host, not by hand");
        assert_eq!(AnswerReader::new(1_000).unwrap().push(b"hello, world").unwrap(), Progress::Nonsense);
        let mut long = Vec::new();
        Answer::Code(vec![0; 1_001].into()).write(&mut long).unwrap();
        assert_eq!(AnswerReader::new(1_000).unwrap().push(&long[..ANSWER_HEAD]).unwrap(), Progress::TooLong);
    }
}
