//! Bytes that are many and soon gone, in pages of their own: components and compiled code. What the allocator gets back it
//! keeps for the next time, and megabytes that are asked for once a plugin would stay with the process for good.

use bytes::Bytes;
use memmap2::MmapMut;
use std::io::{self, ErrorKind, Read};

/// What the first piece of unknown length is given, in bytes.
const FIRST: usize = 64 << 10;

/// As a `Vec` of bytes; its memory goes back to the system with it.
#[derive(Debug)]
pub(crate) struct Pages {
    map: MmapMut,
    length: usize,
}

impl Pages {
    /// Room for so many bytes, none of which takes memory before it is written.
    pub(crate) fn with_capacity(bytes: usize) -> io::Result<Self> {
        Ok(Self { map: MmapMut::map_anon(bytes)?, length: 0 })
    }

    /// Everything `from` has, of which about `expected` bytes are said to be there.
    pub(crate) fn read(mut from: impl Read, expected: usize) -> io::Result<Self> {
        // One more, in which the end is found without asking for more room.
        let mut pages = Self::with_capacity(expected.saturating_add(1))?;
        loop {
            if pages.length == pages.map.len() {
                pages.grow(1)?;
            }
            match from.read(pages.spare()) {
                Ok(0) => return Ok(pages),
                Ok(read) => pages.length = pages.length.saturating_add(read).min(pages.map.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn extend_from_slice(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.spare().len() < bytes.len() {
            self.grow(bytes.len())?;
        }
        if let Some(room) = self.spare().get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
            self.length += bytes.len();
        }
        Ok(())
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }

    fn spare(&mut self) -> &mut [u8] {
        self.map.get_mut(self.length..).unwrap_or_default()
    }

    /// Makes room for `more` bytes, and for as many again as there are.
    fn grow(&mut self, more: usize) -> io::Result<()> {
        let least = self.length.saturating_add(more);
        let mut larger = Self::with_capacity(least.max(self.length.saturating_mul(2)).max(FIRST))?;
        larger.extend_from_slice(self.as_ref())?;
        *self = larger;
        Ok(())
    }
}

impl AsRef<[u8]> for Pages {
    fn as_ref(&self) -> &[u8] {
        self.map.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_there_is_read_however_much_was_expected() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        for expected in [0, 1, 199_999, 200_000, 200_001, 1 << 20] {
            let read = Pages::read(bytes.as_slice(), expected).unwrap().into_bytes();
            assert!(read == bytes, "{expected} expected, {} read", read.len());
        }
        assert!(Pages::read([].as_slice(), 0).unwrap().into_bytes().is_empty());
    }

    #[test]
    fn pieces_follow_one_another_and_an_error_is_told() {
        let mut pages = Pages::with_capacity(0).unwrap();
        let pieces = [vec![1; 3], Vec::new(), vec![2; FIRST], vec![3; 5 * FIRST]];
        for piece in &pieces {
            pages.extend_from_slice(piece).unwrap();
        }
        assert!(pages.into_bytes() == pieces.concat());
        struct Torn;
        impl Read for Torn {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::ConnectionReset.into())
            }
        }
        assert_eq!(Pages::read(Torn, 10).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}
