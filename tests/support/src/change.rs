//! Valid bytes made invalid, a little: what a bad disk, a half-written file or a liar makes of them.

use crate::Random;

/// A change to bytes. Places beyond the end wrap around, so that every change does something to every input.
#[derive(Clone, Debug)]
pub enum Change {
    /// Turns one bit over.
    Flip {
        /// Where.
        at: usize,
        /// Which, 0 to 7.
        bit: u8,
    },
    /// Writes a byte.
    Set {
        /// Where.
        at: usize,
        /// What.
        value: u8,
    },
    /// Writes four bytes, aligned: where binary formats keep their lengths.
    Word {
        /// Where, rounded down.
        at: usize,
        /// What, little-endian.
        value: i32,
    },
    /// Writes eight bytes, aligned.
    Long {
        /// Where, rounded down.
        at: usize,
        /// What, little-endian.
        value: i64,
    },
    /// Takes away all that follows.
    Cut {
        /// Where the end is then.
        at: usize,
    },
    /// Takes a part out.
    Remove {
        /// Where it starts.
        at: usize,
        /// Its bytes.
        length: usize,
    },
    /// Puts a part in a second time.
    Repeat {
        /// Where it starts.
        at: usize,
        /// Its bytes.
        length: usize,
    },
    /// Writes one part over another.
    Copy {
        /// Where it is taken from.
        from: usize,
        /// Where it goes.
        to: usize,
        /// Its bytes.
        length: usize,
    },
}

impl Change {
    /// One of those that a file may suffer.
    pub fn draw(random: &mut Random) -> Self {
        let (at, length) = (random.below(usize::MAX), 1 + random.below(64));
        match random.below(6) {
            0 => Self::Flip { at, bit: (random.next() % 8) as u8 },
            1 => Self::Word { at, value: random.next() as i32 },
            2 => Self::Cut { at },
            3 => Self::Remove { at, length },
            4 => Self::Repeat { at, length },
            _ => Self::Copy { from: at, to: random.below(usize::MAX), length },
        }
    }

    /// Makes the change.
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        let size = bytes.len().max(1);
        let place = |at: usize| at % size;
        let part = |bytes: &[u8], at: usize, length: usize| {
            let start = place(at).min(bytes.len());
            start..start.saturating_add(length).min(bytes.len())
        };
        let overwrite = |bytes: &mut Vec<u8>, at: usize, new: &[u8]| {
            for (slot, value) in bytes.iter_mut().skip(at).zip(new) {
                *slot = *value;
            }
        };
        match *self {
            Self::Flip { at, bit } => {
                if let Some(byte) = bytes.get_mut(place(at)) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Set { at, value } => overwrite(bytes, place(at), &[value]),
            Self::Word { at, value } => overwrite(bytes, place(at) & !3, &value.to_le_bytes()),
            Self::Long { at, value } => overwrite(bytes, place(at) & !7, &value.to_le_bytes()),
            Self::Cut { at } => bytes.truncate(place(at)),
            Self::Remove { at, length } => drop(bytes.drain(part(bytes, at, length))),
            Self::Repeat { at, length } => {
                let part = part(bytes, at, length);
                let repeated = bytes.get(part.clone()).unwrap_or_default().to_vec();
                bytes.splice(part.start..part.start, repeated);
            }
            Self::Copy { from, to, length } => {
                let copied = bytes.get(part(bytes, from, length)).unwrap_or_default().to_vec();
                overwrite(bytes, place(to), &copied);
            }
        }
    }
}
