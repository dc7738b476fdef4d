//! Encrypted bytes as they are stored. What is in them is the business of the service that made them.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::SecretError;

/// A sealed value. It is written, also by serde, as one word of unpadded URL-safe base64.
///
/// What [`EnvelopeSecrets`](crate::EnvelopeSecrets) seals is, in bytes: format (1), id of the data key (8), nonce (24),
/// ciphertext (as many as the value has), tag (16).
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Box<[u8]>);

impl Sealed {
    /// How many bytes it has more than its value.
    pub const OVERHEAD: usize = 1 + 8 + 24 + 16;

    /// Takes bytes that a [`SecretService`](crate::SecretService) has sealed.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The sealed bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl FromStr for Sealed {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text);
        bytes.map(Self::from_bytes).map_err(|error| SecretError::NotSealed { reason: error.to_string() })
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_is_one_word_in_json_and_reads_back() {
        let sealed = Sealed::from_bytes(*b"\xff\xfe");
        let json = serde_json::to_string(&sealed).unwrap();
        assert_eq!(json, r#""__4""#);
        assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), sealed);
        for text in [r#""__5""#, r#""__4=""#, r#""//4""#, r#""a""#, "1"] {
            assert!(serde_json::from_str::<Sealed>(text).is_err(), "{text}");
        }
    }
}
