//! The forms in which a secret value turns up in text: as it is, and as the common encoders write it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::index::{Form, Reach};
use super::{LONGEST, LONGEST_VALUE, SHORTEST, SHORTEST_LINE};

/// RFC 3986's unreserved characters stay, as in Python's `quote(…, safe="")` and Go's `QueryEscape`.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// JavaScript's `encodeURIComponent`.
const JAVASCRIPT: &AsciiSet = &COMPONENT.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*');
/// `application/x-www-form-urlencoded`.
const FORM: &AsciiSet = &COMPONENT.remove(b'*').add(b'~');
/// The sets of the WHATWG's URL standard, by which the `url` crate writes the parts of a URL.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');
const PATH: &AsciiSet = &QUERY.remove(b'\'').add(b'?').add(b'^').add(b'`').add(b'{').add(b'}');
const USER_INFO: &AsciiSet =
    &PATH.add(b'/').add(b':').add(b';').add(b'=').add(b'@').add(b'[').add(b'\\').add(b']').add(b'|').add(b'\'');

/// Every form of `value` worth looking for, each once.
///
/// White space around it is none of it: files end in a line break, and a header is sent trimmed. Each line of a value
/// of several lines is looked for as well, since a log shows them one by one; lines that frame PEM are no secret.
pub(super) fn forms(value: &str) -> Forms {
    let mut forms = Forms::default();
    let value = value.trim();
    let value = value.get(..value.floor_char_boundary(LONGEST_VALUE)).unwrap_or(value);
    forms.add_value(value);
    if value.contains('\n') {
        let lines = value.lines().map(str::trim);
        lines.filter(|line| line.len() >= SHORTEST_LINE && !line.starts_with("-----")).for_each(|line| {
            forms.add_value(line);
        });
    }
    forms
}

/// Forms with how far around each is blanked.
#[derive(Default)]
pub(super) struct Forms(pub(super) BTreeMap<Form, Reach>);

impl Forms {
    fn add_value(&mut self, value: &str) {
        if value.len() < SHORTEST {
            return;
        }
        self.add(value, Reach::Exact);
        self.add_quoted(value);
        self.add_percent_encoded(value);
        self.add_base64(value);
    }

    /// Adds a form, or where it is too long all of it in pieces. The last piece reaches back into the one before it, since
    /// the few bytes that may be left over would be found everywhere.
    fn add(&mut self, form: &str, reach: Reach) {
        let mut rest = form;
        while rest.len() > LONGEST {
            let (piece, after) = rest.split_at_checked(rest.floor_char_boundary(LONGEST)).unwrap_or((rest, ""));
            self.add_piece(piece, reach);
            rest = after;
        }
        let last = form.get(form.ceil_char_boundary(form.len().saturating_sub(LONGEST))..).unwrap_or(rest);
        self.add_piece(last, reach);
    }

    fn add_piece(&mut self, form: &str, reach: Reach) {
        let known = self.0.entry(Form::new(form)).or_insert(reach);
        *known = reach.max(*known);
    }

    /// Inside a JSON string, as several writers escape it, and inside a string that Rust's `Debug` shows.
    fn add_quoted(&mut self, value: &str) {
        let plain = |_| false;
        let html = |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'); // Go's encoding/json
        let ascii = |c| !matches!(c, ' '..='~'); // Python's json
        let php = |c: char| c == '/' || !c.is_ascii();
        self.add(&json(value, plain), Reach::Exact);
        self.add(&json(value, html), Reach::Exact);
        self.add(&json(value, ascii), Reach::Exact);
        self.add(&json(value, php), Reach::Exact);
        self.add(&Zeroizing::new(value.escape_debug().to_string()), Reach::Exact);
    }

    /// Percent-encoded, with hexadecimal digits in either case and a space as `%20` or `+`.
    fn add_percent_encoded(&mut self, value: &str) {
        for set in [COMPONENT, JAVASCRIPT, FORM, QUERY, PATH, USER_INFO] {
            let upper = Zeroizing::new(utf8_percent_encode(value, set).to_string());
            let lower = Zeroizing::new(lower_case_hex(&upper));
            for form in [&upper, &lower] {
                self.add(form, Reach::Exact);
                self.add(&Zeroizing::new(form.replace("%20", "+")), Reach::Exact);
            }
        }
    }

    /// In base64, wherever it stands in what was encoded: `user:password` of basic authentication among others.
    ///
    /// Three bytes become four characters, so a value begins at one of three places; what is looked for are the
    /// characters that no neighbour has a bit in, and what is blanked is the whole run of base64 around them.
    fn add_base64(&mut self, value: &str) {
        for before in 0..3 {
            let mut bytes = Zeroizing::new(Vec::with_capacity(before + value.len()));
            bytes.resize(before, 0);
            bytes.extend_from_slice(value.as_bytes());
            let own = (before * 8).div_ceil(6)..(bytes.len() * 8) / 6;
            for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
                let encoded = Zeroizing::new(engine.encode(bytes.as_slice()));
                if let Some(form) = encoded.get(own.clone()) {
                    self.add(form, Reach::Base64Run);
                }
            }
        }
    }
}

/// `value` as the inside of a JSON string. What `also` says is escaped though JSON does not ask for it.
fn json(value: &str, also: impl Fn(char) -> bool) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(value.len() * 6));
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '/' if also(c) => out.push_str("\\/"),
            _ if c < ' ' || also(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// `%2F` as `%2f`.
fn lower_case_hex(encoded: &str) -> String {
    let mut hex_left = 0;
    encoded
        .chars()
        .map(|c| {
            if c == '%' {
                hex_left = 2;
                return c;
            }
            let is_hex = hex_left > 0;
            hex_left -= usize::from(is_hex);
            if is_hex { c.to_ascii_lowercase() } else { c }
        })
        .collect()
}
