//! The data key of one org at work: seals values for their place and opens them there only.

use std::fmt;

use crate::key::{Associated, Key};
use crate::master::data_key_id;
use crate::{KeyId, OrgKey, Sealed, Secret, SecretError, SecretPlace};

/// The first byte of a sealed value; then come the data key's id and what [`Key::seal`] gives.
const FORMAT: u8 = 1;

/// An org's data key, unwrapped.
pub(crate) struct EnvelopeOrgKey {
    org_id: i64,
    key_id: KeyId,
    key: Key,
}

impl EnvelopeOrgKey {
    pub(crate) fn new(org_id: i64, key: Key) -> Self {
        Self { org_id, key_id: data_key_id(&key), key }
    }

    fn associated(&self, place: &SecretPlace<'_>) -> Associated {
        Associated::new("wellhead secret 1")
            .with(&self.org_id.to_be_bytes())
            .with(place.data_source_uid.as_bytes())
            .with(place.key.as_bytes())
    }

    /// The value, or why it does not open.
    fn try_open(&self, place: &SecretPlace<'_>, sealed: &[u8]) -> Result<Secret, String> {
        let body = match sealed {
            [FORMAT, body @ ..] => body,
            [other, ..] => {
                return Err(format!(
                    "its format is {other} and this host knows {FORMAT}: it is damaged, or from a newer host"
                ));
            }
            [] => return Err("it is empty".to_owned()),
        };
        let (sealed_by, body) = body.split_first_chunk().ok_or("it is cut short")?;
        let sealed_by = KeyId::from_bytes(*sealed_by);
        if sealed_by != self.key_id {
            return Err(format!(
                "it was sealed with data key {sealed_by} and the org's is {}: it comes from another org or another \
                 store, or is damaged",
                self.key_id
            ));
        }
        let value = self.key.open(&self.associated(place), body);
        let value = value.ok_or("it was changed, or belongs to another data source or key name")?;
        str::from_utf8(&value).map(Secret::new).map_err(|_| "it is no text".to_owned())
    }
}

impl OrgKey for EnvelopeOrgKey {
    fn seal(&self, place: &SecretPlace<'_>, value: &str) -> Result<Sealed, SecretError> {
        let body = self.key.seal(&self.associated(place), value.as_bytes())?;
        Ok(Sealed::from_bytes([[FORMAT].as_slice(), &self.key_id.to_bytes(), &body].concat()))
    }

    fn open(&self, place: &SecretPlace<'_>, sealed: &Sealed) -> Result<Secret, SecretError> {
        self.try_open(place, sealed.as_bytes()).map_err(|reason| SecretError::DoesNotOpen {
            org_id: self.org_id,
            data_source_uid: place.data_source_uid.to_owned(),
            key: place.key.to_owned(),
            reason,
        })
    }
}

impl fmt::Debug for EnvelopeOrgKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvelopeOrgKey")
            .field("org_id", &self.org_id)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
