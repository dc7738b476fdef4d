//! Blanks the secret values a host knows in whatever it is about to say: log lines, errors, health messages.
//!
//! The last line of defence: code that keeps a secret out of a text in the first place is still the rule.

mod forms;
mod index;
#[cfg(test)]
mod tests;
mod writer;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::iter;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use writer::RedactingWriter;

use crate::SecretValues;
use forms::{Forms, forms};
use index::Index;

/// What stands in place of a secret.
const BLANK: &str = "[secret]";
/// Bytes of the shortest value that is blanked: blanking shorter ones tears words apart and protects nothing.
const SHORTEST: usize = 4;
/// Bytes of the shortest line that is a secret by itself, of a value of several: PEM's last line may be anything.
const SHORTEST_LINE: usize = 8;
/// Bytes of the longest form. What is longer is looked for piece by piece, so that a look at one place of a text costs the same
/// however long a value is, and a piece of it that stands alone is found too.
const LONGEST: usize = 512;
/// Bytes of a value that are looked for: of a longer one the beginning. Keys and certificates have some thousand.
const LONGEST_VALUE: usize = 64 << 10;
/// How many sets of values are remembered per owner: those in use, and some that were replaced, since an instance that
/// drains goes on using them and a password just changed may still be good elsewhere.
const REMEMBERED: usize = 4;

/// Whose secret values they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretOwner {
    /// The org of the data source.
    pub org_id: i64,
    /// The data source's uid.
    pub data_source_uid: String,
}

impl SecretOwner {
    /// The owner of a data source's secrets.
    pub fn new(org_id: i64, data_source_uid: impl Into<String>) -> Self {
        Self { org_id, data_source_uid: data_source_uid.into() }
    }
}

/// Knows the secret values of a host's open data sources and blanks them in text. Its clones share what they know.
///
/// A value is found as it is, escaped as in JSON, percent-encoded, and in base64 (also as part of what was encoded, as
/// in basic authentication). Values shorter than four bytes are left, and of one longer than 64 KiB what comes after. While nothing is known, [`redact`](Self::redact)
/// costs one load; else text is read once under a lock that readers share.
///
/// ```
/// use wellhead_secrets::{Redactor, SecretOwner, SecretValues};
///
/// let redactor = Redactor::new();
/// let prometheus = SecretOwner::new(1, "prometheus");
/// redactor.learn(&prometheus, &SecretValues::from_iter([("basicAuthPassword", "hunter2!")]));
/// assert_eq!(redactor.redact("401: grafana:hunter2! is wrong"), "401: grafana:[secret] is wrong");
/// assert_eq!(redactor.redact("Authorization: Basic Z3JhZmFuYTpodW50ZXIyIQ=="), "Authorization: Basic [secret]");
///
/// redactor.forget(&prometheus);
/// assert_eq!(redactor.redact("hunter2!"), "hunter2!");
/// ```
#[derive(Clone, Default)]
pub struct Redactor(Arc<Shared>);

#[derive(Default)]
struct Shared {
    knows_any: AtomicBool,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// The newest last.
    owners: BTreeMap<SecretOwner, VecDeque<SecretValues>>,
    index: Index,
}

impl Redactor {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what `owner` holds now: once this returns, no clone lets these values pass.
    ///
    /// Values it held before are known on, the last four sets of them, until it is [forgotten](Self::forget).
    pub fn learn(&self, owner: &SecretOwner, values: &SecretValues) {
        let new = forms_of(values);
        self.change(|known| {
            let sets = known.owners.entry(owner.clone()).or_default();
            let before = sets.iter().position(|set| set == values);
            let gone = match before {
                Some(at) => sets.remove(at),
                None if sets.len() >= REMEMBERED => sets.pop_front(),
                None => None,
            };
            sets.push_back(values.clone());
            new.into_iter().for_each(|forms| known.index.add(forms));
            gone.iter().flat_map(forms_of).for_each(|forms| known.index.remove(&forms));
        });
    }

    /// Drops everything known of `owner`. A value that another owner has as well stays known.
    pub fn forget(&self, owner: &SecretOwner) {
        self.change(|known| {
            let sets = known.owners.remove(owner).unwrap_or_default();
            sets.iter().flat_map(forms_of).for_each(|forms| known.index.remove(&forms));
        });
    }

    /// `text` with every known value replaced by `[secret]`; borrowed where there is none.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let spans = self.spans(text.as_bytes());
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        // Forms are whole characters, so the cuts are between characters.
        let rest: Vec<&str> = between(text.len(), &spans).map(|part| text.get(part).unwrap_or_default()).collect();
        Cow::Owned(rest.join(BLANK))
    }

    /// The first `limit` bytes of `text`, a few less where a character would be split, with every known value replaced by
    /// `[secret]`; also one that reaches beyond them. What is far beyond them is not looked at.
    #[must_use]
    pub fn redact_start(&self, text: &str, limit: usize) -> String {
        let looked_at = text.floor_char_boundary(limit.saturating_add(self.longest_form()));
        let mut spans = self.spans(text.get(..looked_at).unwrap_or(text).as_bytes());
        let limit = text.floor_char_boundary(limit);
        spans.retain(|span| span.start < limit);
        let end = spans.last().map_or(limit, |last| last.end.max(limit));
        let rest: Vec<&str> = between(end, &spans).map(|part| text.get(part).unwrap_or_default()).collect();
        rest.join(BLANK)
    }

    /// [`redact`](Self::redact) for bytes that may be no UTF-8.
    #[must_use]
    pub fn redact_bytes<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        let spans = self.spans(bytes);
        if spans.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let rest: Vec<&[u8]> = between(bytes.len(), &spans).map(|part| bytes.get(part).unwrap_or_default()).collect();
        Cow::Owned(rest.join(BLANK.as_bytes()))
    }

    /// A writer that blanks known values in the lines on their way to `inner`.
    pub fn writer<W: std::io::Write>(&self, inner: W) -> RedactingWriter<W> {
        RedactingWriter::new(self.clone(), inner)
    }

    /// Where known values stand in `text`, in order, without overlap.
    fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        if self.0.knows_any.load(Ordering::Acquire) { self.read().index.spans(text) } else { Vec::new() }
    }

    /// Bytes of the longest text that is one known value.
    fn longest_form(&self) -> usize {
        self.read().index.longest()
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.write();
        change(&mut known);
        self.0.knows_any.store(!known.index.is_empty(), Ordering::Release);
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("owners", &self.read().owners.len()).finish_non_exhaustive()
    }
}

/// The forms of all of `values`, which add and remove alike.
fn forms_of(values: &SecretValues) -> Vec<Forms> {
    values.iter().map(|(_, value)| forms(value)).collect()
}

/// What is left of `length` bytes before, between and after `spans`.
fn between(length: usize, spans: &[Range<usize>]) -> impl Iterator<Item = Range<usize>> {
    let starts = iter::once(0).chain(spans.iter().map(|span| span.end));
    let ends = spans.iter().map(|span| span.start).chain(iter::once(length));
    starts.zip(ends).map(|(start, end)| start..end)
}
