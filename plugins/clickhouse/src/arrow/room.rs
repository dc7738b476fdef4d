//! How much memory the columns of one block may become. A few bytes can stand for very much text: members of a union that
//! are named again and again, numbers with long names, bytes that are escaped. Memory that ends is the end of all calls.

use super::messages::MAX_BODY;
use std::io::{Error, ErrorKind, Write};

/// Why a column cannot be handed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Its type of Arrow is none that its kind comes in.
    Type(String),
    /// It would be more than a block may become.
    Size,
}

/// What is left of that; as much as a block itself may have.
#[derive(Debug)]
pub(super) struct Room(usize);

impl Room {
    pub(super) const fn of_a_block() -> Self {
        Self(MAX_BODY)
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Unread> {
        self.0 = self.0.checked_sub(bytes).ok_or(Unread::Size)?;
        Ok(())
    }

    /// For so many values of one length.
    pub(super) fn take_values(&mut self, values: usize, width: usize) -> Result<(), Unread> {
        self.take(values.saturating_mul(width))
    }

    /// A document that has what is left.
    pub(super) fn document(&self) -> Document {
        Document { text: Vec::new(), most: self.0, full: false }
    }
}

/// A document that stops growing where its room ends.
#[derive(Debug)]
pub(super) struct Document {
    text: Vec<u8>,
    most: usize,
    full: bool,
}

impl Document {
    /// True once something found no room. What is written then is lost.
    pub(super) const fn is_full(&self) -> bool {
        self.full
    }

    /// Adds text, as far as there is room.
    pub(super) fn push(&mut self, text: &[u8]) {
        if text.len() > self.most.saturating_sub(self.text.len()) {
            self.full = true;
        }
        if !self.full {
            self.text.extend_from_slice(text);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// What stands from here on.
    pub(super) fn since(&self, start: usize) -> &[u8] {
        self.text.get(start..).unwrap_or_default()
    }

    /// Takes off what stands from here on.
    pub(super) fn split_off(&mut self, start: usize) -> Vec<u8> {
        self.text.split_off(start.min(self.text.len()))
    }

    /// Hands the text over, in room that is taken, and begins anew.
    pub(super) fn finish(&mut self, room: &mut Room, take: impl FnOnce(&[u8])) -> Result<(), Unread> {
        if self.full {
            return Err(Unread::Size);
        }
        room.take(self.text.len())?;
        take(&self.text);
        self.text.clear();
        self.most = room.0;
        Ok(())
    }
}

/// Fails where the room ends, so that encoders stop.
impl Write for Document {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.push(text);
        if self.full { Err(Error::from(ErrorKind::StorageFull)) } else { Ok(text.len()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
