//! RSAES-OAEP with SHA-1 (RFC 8017, 7.1.1), to send a password over a way that others read. The key is the server's, and
//! unproved: against one who stands between and changes what is sent, only TLS helps.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use sha1::{Digest, Sha1};

const HASH: usize = 20;
/// Keys of servers have 2048 bits; longer ones than this would cost too much.
const LONGEST_KEY: usize = 1_024;

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RsaError {
    #[error("its public key is no PEM of an RSA key")]
    Key,
    #[error("its public key of {0} bytes is too short for the password, or too long")]
    Length(usize),
    #[error("no random numbers to seal the password with")]
    Random,
}

/// Who has the other half can read what is sealed with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
    /// Bytes of the modulus.
    length: usize,
}

impl PublicKey {
    /// A `PUBLIC KEY` (RFC 5280) or `RSA PUBLIC KEY` (RFC 8017).
    pub(super) fn of_pem(pem: &[u8]) -> Result<Self, RsaError> {
        let text = std::str::from_utf8(pem).map_err(|_| RsaError::Key)?;
        let lines = text.lines().map(str::trim);
        let body = lines.skip_while(|line| !line.starts_with("-----BEGIN ")).skip(1);
        let body: String = body.take_while(|line| !line.starts_with("-----END ")).collect();
        let der = STANDARD.decode(body).map_err(|_| RsaError::Key)?;
        Self::of_der(&der).ok_or(RsaError::Key)?
    }

    fn of_der(der: &[u8]) -> Option<Result<Self, RsaError>> {
        const SEQUENCE: u8 = 0x30;
        const INTEGER: u8 = 0x02;
        const BITS: u8 = 0x03;
        let (mut key, _) = element(SEQUENCE, der)?;
        if let Some((_algorithm, rest)) = element(SEQUENCE, key) {
            let (bits, _) = element(BITS, rest)?;
            (key, _) = element(SEQUENCE, bits.strip_prefix(&[0])?)?;
        }
        let (modulus, rest) = element(INTEGER, key)?;
        let (exponent, _) = element(INTEGER, rest)?;
        let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
        let length = modulus.len();
        let modulus = BigUint::from_bytes_be(modulus);
        let exponent = BigUint::from_bytes_be(exponent);
        // Nothing can be sealed with an even modulus or with none; exponents have 17 bits.
        let is_key = modulus.bit(0) && exponent.bits() <= 64;
        if length > LONGEST_KEY {
            return Some(Err(RsaError::Length(length)));
        }
        is_key.then_some(Ok(Self { modulus, exponent, length }))
    }

    /// Seals a message, each time in another form.
    pub(super) fn seal(&self, message: &[u8]) -> Result<Vec<u8>, RsaError> {
        let mut seed = [0; HASH];
        getrandom::fill(&mut seed).map_err(|_| RsaError::Random)?;
        let padding = self.length.checked_sub(message.len() + 2 * HASH + 2).ok_or(RsaError::Length(self.length))?;
        let mut block = Sha1::digest([]).to_vec();
        block.resize(HASH + padding, 0);
        block.push(1);
        block.extend_from_slice(message);
        let block = masked(&block, &seed);
        let seed = masked(&seed, &block);
        let whole = BigUint::from_bytes_be(&[&[0], seed.as_slice(), &block].concat());
        let sealed = whole.modpow(&self.exponent, &self.modulus).to_bytes_be();
        let mut out = vec![0; self.length.saturating_sub(sealed.len())];
        out.extend_from_slice(&sealed);
        Ok(out)
    }
}

/// `text` XOR MGF1(`seed`).
fn masked(text: &[u8], seed: &[u8]) -> Vec<u8> {
    let blocks =
        (0_u32..).flat_map(|count| Sha1::new().chain_update(seed).chain_update(count.to_be_bytes()).finalize());
    text.iter().zip(blocks).map(|(text, mask)| text ^ mask).collect()
}

/// What an element of DER holds, and what comes after it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    if *found != tag {
        return None;
    }
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// A key of 512 bits, made for this test.
    const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMUgxfW5pXiP39QudvK8vLZm2htpOvQI\nPR4sSl+EZhLoSHJ1yLYNJFdV1VT66QwqC78GYBAQJQIaKV6xqPl75J8CAwEAAQ==\n-----END PUBLIC KEY-----";
    const PRIVATE: &str = "b72ca70698c57bec254ee30640b4c49eb1a0064c982d5ee27c0127f2edf273a9a5d36f6f7bcaaa2aede2fe80bc5d40b7ce8105ae68ed3fd793ddd187280130d1";

    #[test]
    fn who_has_the_other_half_reads_what_was_sealed() {
        let key = PublicKey::of_pem(KEY.as_bytes()).unwrap();
        let private = BigUint::parse_bytes(PRIVATE.as_bytes(), 16).unwrap();
        // Often enough to meet numbers that begin with zeros, sealed or opened.
        let sealed: HashSet<_> = (0..2_000).map(|_| key.seal(b"secret\0").unwrap()).collect();
        assert_eq!(sealed.len(), 2_000);
        for sealed in sealed {
            assert_eq!(sealed.len(), 64);
            let opened = BigUint::from_bytes_be(&sealed).modpow(&private, &key.modulus).to_bytes_be();
            let opened = [vec![0; 64 - opened.len()], opened].concat();
            let (seed, block) = opened.strip_prefix(&[0]).unwrap().split_at(HASH);
            let seed = masked(seed, block);
            let block = masked(block, &seed);
            assert!(block.starts_with(&Sha1::digest([])) && block.ends_with(b"\x01secret\0"), "{block:?}");
        }
    }

    #[test]
    fn a_key_that_is_none_or_does_not_fit_is_an_error() {
        let body = KEY.replace('\n', "");
        for pem in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", &body] {
            assert_eq!(PublicKey::of_pem(pem.as_bytes()), Err(RsaError::Key), "{pem}");
        }
        let key = PublicKey::of_pem(KEY.as_bytes()).unwrap();
        assert_eq!(key.seal(&[1; 23]), Err(RsaError::Length(64)));
        let der = STANDARD.decode(KEY.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        for cut in 0..der.len() - 5 {
            assert!(PublicKey::of_der(der.get(..cut).unwrap()).is_none(), "{cut}");
        }
    }
}
