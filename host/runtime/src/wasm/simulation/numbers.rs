//! Random numbers that are the same sequence for ever. The generator is written out here, and not a library's: a recording
//! must replay after any update.

use rand_core::TryRng;
use std::convert::Infallible;

/// Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
pub(super) struct SplitMix64(pub(super) u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl TryRng for SplitMix64 {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::try_from(self.next() >> 32).unwrap_or_default())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(8) {
            let number = self.next().to_le_bytes();
            part.iter_mut().zip(number).for_each(|(byte, next)| *byte = next);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one_forever() {
        let mut numbers = SplitMix64(1_234_567);
        assert_eq!([numbers.next(), numbers.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        let mut bytes = [0; 11];
        SplitMix64(1_234_567).try_fill_bytes(&mut bytes).unwrap();
        assert_eq!(bytes[..8], 6_457_827_717_110_365_317_u64.to_le_bytes());
    }
}
