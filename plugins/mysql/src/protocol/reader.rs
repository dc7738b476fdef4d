//! Reads what a packet holds, piece by piece, never past its end.

/// What is left of a packet. Each method takes something from its beginning; `None` where that is not there.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A packet from its beginning.
    pub const fn new(packet: &'a [u8]) -> Self {
        Self(packet)
    }

    /// How many bytes are left.
    pub const fn left(&self) -> usize {
        self.0.len()
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A fixed number of bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number of one to nine bytes.
    pub fn length(&mut self) -> Option<u64> {
        Some(match self.u8()? {
            0xfc => u64::from(self.u16()?),
            0xfd => {
                let [a, b, c] = self.array()?;
                u64::from(u32::from_le_bytes([a, b, c, 0]))
            }
            0xfe => self.array().map(u64::from_le_bytes)?,
            0xfb | 0xff => return None,
            small => u64::from(small),
        })
    }

    /// Bytes with their number before them.
    pub fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.bytes(usize::try_from(length).ok()?)
    }

    /// As [`text`](Self::text), or null, as rows in text have it.
    pub fn nullable_text(&mut self) -> Option<Option<&'a [u8]>> {
        if self.0.first() == Some(&0xfb) {
            self.0 = self.0.get(1..)?;
            return Some(None);
        }
        self.text().map(Some)
    }

    /// Bytes up to a zero, which is taken, too; where there is none, all.
    pub fn until_zero(&mut self) -> &'a [u8] {
        let mut parts = self.0.splitn(2, |byte| *byte == 0);
        let (taken, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        self.0 = rest;
        taken
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// Appends bytes with their number before them.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    let length = text.len() as u64;
    match length {
        0..=0xfa => out.push(length as u8),
        0xfb..=0xffff => {
            out.push(0xfc);
            out.extend_from_slice(&(length as u16).to_le_bytes());
        }
        0x1_0000..=0xff_ffff => {
            out.push(0xfd);
            out.extend(length.to_le_bytes().iter().take(3));
        }
        _ => {
            out.push(0xfe);
            out.extend_from_slice(&length.to_le_bytes());
        }
    }
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_read_as_they_were_written() {
        for length in [0, 1, 250, 251, 252, 65_535, 65_536, 0x00ff_ffff, 0x0100_0000] {
            let mut packet = Vec::new();
            put_text(&mut packet, &vec![7; length]);
            let mut reader = Reader::new(&packet);
            assert_eq!(reader.text().map(<[u8]>::len), Some(length));
            assert_eq!(reader.left(), 0);
        }
    }

    #[test]
    fn a_length_past_the_end_is_none_and_nothing_is_taken_for_it() {
        for packet in [
            &[3, 1, 2][..],
            &[0xfc, 1],
            &[0xfd, 1, 0],
            &[0xfe, 255, 255, 255, 255, 255, 255, 255, 255, 1],
            &[0xff],
            &[],
        ] {
            assert_eq!(Reader::new(packet).text(), None, "{packet:?}");
        }
        assert_eq!(Reader::new(&[0xfb]).nullable_text(), Some(None));
        let mut reader = Reader::new(b"a\0bc");
        assert_eq!((reader.until_zero(), reader.until_zero(), reader.rest()), (&b"a"[..], &b"bc"[..], &b""[..]));
    }
}
