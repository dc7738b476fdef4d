//! `tls-server-end-point` (RFC 5929): a hash of the server's certificate, by which a log-in can be bound to the TLS
//! connection it happens in. Of the certificate nothing is read but which hash its signature uses.

use sha2::{Digest, Sha256, Sha384, Sha512};

const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;

/// 1.2.840.113549.1.1.: RSA's signatures (RFC 8017).
const PKCS_1: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// 1.2.840.10045.4.: ECDSA's signatures (RFC 5758).
const ECDSA: [u8; 6] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
/// 2.16.840.1.101.3.4.2.: the hashes of SHA-2.
const SHA_2: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The channel binding of a certificate in DER; empty where its signature has no hash of its own (Ed25519) or one that
/// is not known here, which RFC 5929 leaves undefined.
pub(crate) fn server_end_point(certificate: &[u8]) -> Vec<u8> {
    match hash(certificate) {
        Some(Hash::Sha256) => Sha256::digest(certificate).to_vec(),
        Some(Hash::Sha384) => Sha384::digest(certificate).to_vec(),
        Some(Hash::Sha512) => Sha512::digest(certificate).to_vec(),
        None => Vec::new(),
    }
}

/// The hash of the signature; SHA-256 where that is MD5 or SHA-1.
fn hash(certificate: &[u8]) -> Option<Hash> {
    let (certificate, _) = take(SEQUENCE, certificate)?;
    let (_to_be_signed, rest) = take(SEQUENCE, certificate)?;
    let (algorithm, _) = take(SEQUENCE, rest)?;
    let (id, parameters) = take(OBJECT_ID, algorithm)?;
    if let Some(number) = id.strip_prefix(&PKCS_1) {
        return match number {
            [4 | 5 | 11] => Some(Hash::Sha256),
            [12] => Some(Hash::Sha384),
            [13] => Some(Hash::Sha512),
            [10] => pss(parameters),
            _ => None,
        };
    }
    match id.strip_prefix(&ECDSA)? {
        [1] | [3, 2] => Some(Hash::Sha256),
        [3, 3] => Some(Hash::Sha384),
        [3, 4] => Some(Hash::Sha512),
        _ => None,
    }
}

/// RSA-PSS names its hash in the parameters; SHA-1 where it does not.
fn pss(parameters: &[u8]) -> Option<Hash> {
    let (parameters, _) = take(SEQUENCE, parameters)?;
    let Some((hash, _)) = take(CONTEXT_0, parameters) else { return Some(Hash::Sha256) };
    let (hash, _) = take(SEQUENCE, hash)?;
    let (id, _) = take(OBJECT_ID, hash)?;
    match id.strip_prefix(&SHA_2)? {
        [1] => Some(Hash::Sha256),
        [2] => Some(Hash::Sha384),
        [3] => Some(Hash::Sha512),
        _ => None,
    }
}

/// The contents of a DER value that must have this tag, and what follows it.
fn take(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Certificates are far below 16 MiB.
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    use super::*;

    fn certificate(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        CertificateParams::new(vec!["db".to_owned()]).unwrap().self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_hash_is_the_signatures_and_there_is_none_for_ed25519() {
        let p256 = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert_eq!(server_end_point(&p256), Sha256::digest(&p256).to_vec());
        let p384 = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(server_end_point(&p384), Sha384::digest(&p384).to_vec());
        assert!(server_end_point(&certificate(&rcgen::PKCS_ED25519)).is_empty());
    }

    /// A certificate as far as it is read: an empty body, then the algorithm.
    fn signed_by(algorithm: &[u8]) -> Vec<u8> {
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
        let algorithm = [&[SEQUENCE, length(algorithm)], algorithm].concat();
        let body = [&[SEQUENCE, 0], algorithm.as_slice()].concat();
        [&[SEQUENCE, length(&body)], body.as_slice()].concat()
    }

    fn object(prefix: &[u8], rest: &[u8]) -> Vec<u8> {
        let length = u8::try_from(prefix.len() + rest.len()).unwrap();
        [&[OBJECT_ID, length], prefix, rest].concat()
    }

    #[test]
    fn old_hashes_are_replaced_and_pss_names_its_own() {
        for (number, expected) in
            [(4, Hash::Sha256), (5, Hash::Sha256), (11, Hash::Sha256), (12, Hash::Sha384), (13, Hash::Sha512)]
        {
            assert_eq!(hash(&signed_by(&object(&PKCS_1, &[number]))), Some(expected), "{number}");
        }
        let pss = object(&PKCS_1, &[10]);
        assert_eq!(hash(&signed_by(&[&pss[..], &[SEQUENCE, 0]].concat())), Some(Hash::Sha256));
        let sha512 = object(&SHA_2, &[3]);
        let parameters = [&[SEQUENCE, 15, CONTEXT_0, 13, SEQUENCE, 11], &sha512[..]].concat();
        assert_eq!(hash(&signed_by(&[pss, parameters].concat())), Some(Hash::Sha512));
        assert_eq!(hash(&signed_by(&object(&[0x2b, 0x65], &[0x70]))), None);
    }

    #[test]
    fn what_is_cut_short_has_no_binding() {
        let whole = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        for end in 0..whole.len() {
            server_end_point(&whole[..end]);
        }
        assert!(server_end_point(&whole[..40]).is_empty());
        assert!(server_end_point(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]).is_empty());
    }
}
