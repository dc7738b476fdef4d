//! Finds known forms in text.
//!
//! It is an ordered set behind a filter of first bytes, and not an automaton, because the set changes with every
//! instance that opens: an automaton is built anew each time (70 ms for the 16,000 forms of 2,000 data sources with two
//! secrets each), while here a change costs microseconds, and what is forgotten is overwritten. The price is a table
//! look-up per byte of text, and a search of the set where the first four bytes are those of a form.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use zeroize::Zeroize;

use super::forms::Forms;
use super::{LONGEST, SHORTEST};

/// How many forms are compared with one place of a text. Values of a host have few that begin alike.
const MAX_TRIES: usize = 16;

/// One form of a value, overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form(Box<[u8]>);

impl Form {
    pub(super) fn new(text: &str) -> Self {
        Self(text.as_bytes().into())
    }

    fn head(&self) -> Option<[u8; SHORTEST]> {
        self.0.first_chunk().copied()
    }
}

impl Borrow<[u8]> for Form {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What is blanked where a form is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// The form itself.
    Exact,
    /// All base64 around it, since the characters at its edges hold bits of the value too.
    Base64Run,
}

/// The known forms, each with how many values have it.
#[derive(Default)]
pub(super) struct Index {
    forms: BTreeMap<Form, Uses>,
    heads: Heads,
    longest: usize,
    /// Forms removed since the filter was built.
    removed: usize,
}

#[derive(Default)]
struct Uses {
    exact: usize,
    base64_run: usize,
}

impl Uses {
    fn of(&mut self, reach: Reach) -> &mut usize {
        match reach {
            Reach::Exact => &mut self.exact,
            Reach::Base64Run => &mut self.base64_run,
        }
    }

    fn reach(&self) -> Reach {
        if self.base64_run > 0 { Reach::Base64Run } else { Reach::Exact }
    }
}

impl Index {
    pub(super) fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Bytes of the longest form.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    pub(super) fn add(&mut self, forms: Forms) {
        for (form, reach) in forms.0 {
            self.heads.add(form.head());
            self.longest = self.longest.max(form.0.len());
            *self.forms.entry(form).or_default().of(reach) += 1;
        }
    }

    pub(super) fn remove(&mut self, forms: &Forms) {
        for (form, reach) in &forms.0 {
            if let Some(uses) = self.forms.get_mut(form) {
                let count = uses.of(*reach);
                *count = count.saturating_sub(1);
                if uses.exact == 0 && uses.base64_run == 0 {
                    self.forms.remove(form);
                    self.removed += 1;
                }
            }
        }
        if self.removed > self.forms.len() {
            self.tidy();
        }
    }

    /// Lets filter and length forget what was removed. Until then they are too generous, which does no harm.
    fn tidy(&mut self) {
        self.heads = Heads::default();
        self.forms.keys().for_each(|form| self.heads.add(form.head()));
        self.longest = self.forms.keys().map(|form| form.0.len()).max().unwrap_or_default();
        self.removed = 0;
    }

    /// Every byte of `text` that belongs to a form, as ranges in order that do not touch.
    pub(super) fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for (at, head) in text.windows(SHORTEST).enumerate() {
            if !self.heads.may_have(head) {
                continue;
            }
            let Some((length, reach)) = text.get(at..).and_then(|rest| self.longest_at(rest)) else { continue };
            let found = at..at + length;
            if spans.last().is_some_and(|last| found.end <= last.end) {
                continue; // also spares hostile text the widening at each of its bytes
            }
            let mut span = match reach {
                Reach::Exact => found,
                Reach::Base64Run => base64_run(text, found),
            };
            // Also where they only touch: one value in pieces is one blank.
            while let Some(last) = spans.pop_if(|last| span.start <= last.end) {
                span = last.start.min(span.start)..span.end;
            }
            spans.push(span);
        }
        spans
    }

    /// The longest form that `whole` begins with. Where many forms begin as it does and go on otherwise, which only values
    /// chosen for it do, what it shares with some of them counts as one: too much is blanked rather than too long looked.
    fn longest_at(&self, whole: &[u8]) -> Option<(usize, Reach)> {
        let mut text = whole.get(..LONGEST).unwrap_or(whole);
        for _ in 0..MAX_TRIES {
            // Between a form that `text` begins with and `text` itself, in order, lie only strings with that beginning.
            // So if the nearest one below is not a beginning, the form we want is no longer than what they share.
            let below = (Bound::Unbounded, Bound::Included(text));
            let (form, uses) = self.forms.range::<[u8], _>(below).next_back()?;
            let shared = form.0.iter().zip(text).take_while(|(a, b)| a == b).count();
            if shared == form.0.len() {
                return Some((shared, uses.reach()));
            }
            text = text.get(..shared).filter(|text| text.len() >= SHORTEST)?;
        }
        // Not into the middle of a character, as no form ends there.
        let ends = |length: &usize| whole.get(*length).is_none_or(|byte| !matches!(byte, 0x80..=0xbf));
        (SHORTEST..=text.len()).rev().find(ends).map(|length| (length, Reach::Exact))
    }
}

/// `found` with the base64 characters on both sides of it.
fn base64_run(text: &[u8], found: Range<usize>) -> Range<usize> {
    let is_base64 = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'+' | b'/' | b'-' | b'_' | b'=');
    let before = text.get(..found.start).unwrap_or_default().iter().rev().take_while(is_base64).count();
    let after = text.get(found.end..).unwrap_or_default().iter().take_while(is_base64).count();
    found.start - before..found.end + after
}

/// Which first four bytes forms have: a set of bits by hash, so it may say yes too often and never no.
#[derive(Default)]
struct Heads(Vec<u64>);

/// With 16,000 forms about one text position in 16 is looked up in vain; the table is 32 KiB and stays in cache.
const HEAD_BITS: u32 = 18;

impl Heads {
    fn add(&mut self, head: Option<[u8; SHORTEST]>) {
        self.0.resize(1 << (HEAD_BITS - u64::BITS.ilog2()), 0);
        let Some((word, bit)) = head.map(Self::place) else { return };
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_have(&self, head: &[u8]) -> bool {
        let Some((word, bit)) = head.first_chunk().copied().map(Self::place) else { return false };
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(head: [u8; SHORTEST]) -> (usize, u64) {
        let hash = u32::from_le_bytes(head).wrapping_mul(0x9E37_79B1) >> (u32::BITS - HEAD_BITS);
        ((hash >> u64::BITS.ilog2()) as usize, 1 << (hash % u64::BITS))
    }
}
