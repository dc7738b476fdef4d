//! SQL in tokens, as far as finding macros needs them: what is code, what is quoted, what is a comment. Linear in the
//! text, and every byte is in exactly one token; whether the SQL makes sense is left to the server.

use crate::Dialect;
use crate::dialect::{HashComment, Lexis};

/// A piece of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its text, quotes and comment marks included.
    pub text: &'a str,
    /// Where it starts, in bytes.
    pub start: usize,
}

impl Token<'_> {
    /// Where the next one starts, in bytes.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword, a plain name, a number.
    Word,
    /// `$__` and a name.
    Macro,
    /// A string, dollar-quoted ones too; one that is not closed reaches to the end.
    String,
    /// A quoted name.
    Name,
    /// A comment.
    Comment,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// `,`
    Comma,
    /// White space, operators and everything else.
    Other,
}

/// The tokens of a text, in order.
///
/// ```
/// use wellhead_sql::{Dialect, TokenKind, Tokens};
/// let mut macros = Tokens::new(Dialect::postgres(), "SELECT $__timeFrom(), '$__timeTo()', $1 -- $__interval")
///     .filter(|token| token.kind == TokenKind::Macro);
/// assert_eq!(macros.next().map(|token| token.text), Some("$__timeFrom"));
/// assert_eq!(macros.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
    lexis: Lexis,
    /// The last token was the word `E`, which makes the string right after it one with backslashes.
    after_e: bool,
}

impl<'a> Tokens<'a> {
    /// Reads a text by a dialect's rules.
    pub fn new(dialect: Dialect, text: &'a str) -> Self {
        Self { text, at: 0, lexis: dialect.lexis(), after_e: false }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn is_macro(&self, at: usize) -> bool {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        rest.starts_with(b"$__") && rest.get(3).is_some_and(u8::is_ascii_alphabetic)
    }

    /// The end of the token that starts at `at` with `first`, and what it is.
    fn extent(&self, at: usize, first: u8) -> (TokenKind, usize) {
        let lexis = &self.lexis;
        let next = self.byte(at + 1);
        match first {
            b'\'' => {
                let backslashes = lexis.backslash_in_strings || (lexis.escape_strings && self.after_e);
                (TokenKind::String, self.quoted(at, first, backslashes))
            }
            b'"' if lexis.double_quotes_name => (TokenKind::Name, self.quoted(at, first, lexis.backslash_in_names)),
            b'"' => (TokenKind::String, self.quoted(at, first, lexis.backslash_in_strings)),
            b'`' if lexis.backticks => (TokenKind::Name, self.quoted(at, first, lexis.backslash_in_names)),
            b'-' if next == Some(b'-') && self.dashes_comment(at) => (TokenKind::Comment, self.line(at)),
            b'#' if self.hash_comments(next) => (TokenKind::Comment, self.line(at)),
            b'/' if next == Some(b'*') => (TokenKind::Comment, self.block_comment(at)),
            b'(' | b'[' | b'{' => (TokenKind::Open, at + 1),
            b')' | b']' | b'}' => (TokenKind::Close, at + 1),
            b',' => (TokenKind::Comma, at + 1),
            b'$' => match self.dollar_quoted(at) {
                Some(end) => (TokenKind::String, end),
                None if self.is_macro(at) => (TokenKind::Macro, self.run(at + 3, is_macro_char)),
                None => (TokenKind::Other, at + 1),
            },
            first if is_word(first) => (TokenKind::Word, self.word(at)),
            _ => (TokenKind::Other, self.run(at + 1, is_plain)),
        }
    }

    fn run(&self, from: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| belongs(**byte)).count()
    }

    /// A dollar within a word belongs to it, except where a macro starts.
    fn word(&self, at: usize) -> usize {
        let mut end = self.run(at, is_word);
        while self.byte(end) == Some(b'$') && !self.is_macro(end) {
            end = self.run(end + 1, is_word);
        }
        end
    }

    /// A doubled quote needs no rule of its own: it ends one string and starts the next right there.
    fn quoted(&self, at: usize, quote: u8, backslashes: bool) -> usize {
        let mut end = at + 1;
        loop {
            end = self.run(end, |byte| byte != quote && (byte != b'\\' || !backslashes));
            match self.byte(end) {
                Some(b'\\') if backslashes => end = (end + 2).min(self.text.len()),
                // Only in a string with escapes would the half behind the quotes be read by other rules.
                Some(_) if backslashes && self.byte(end + 1) == Some(quote) => end += 2,
                Some(_) => return end + 1,
                None => return end,
            }
        }
    }

    fn dashes_comment(&self, at: usize) -> bool {
        !self.lexis.dashes_need_space
            || self.byte(at + 2).is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
    }

    fn hash_comments(&self, next: Option<u8>) -> bool {
        match self.lexis.hash {
            HashComment::None => false,
            HashComment::Any => true,
            HashComment::SpacedOrBang => matches!(next, Some(b' ' | b'!')),
        }
    }

    fn line(&self, at: usize) -> usize {
        self.run(at, |byte| byte != b'\n')
    }

    fn block_comment(&self, at: usize) -> usize {
        let mut depth = 1_usize;
        let mut end = at + 2;
        loop {
            end = self.run(end, |byte| byte != b'*' && byte != b'/');
            match (self.byte(end), self.byte(end + 1)) {
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    end += 2;
                    if depth == 0 {
                        return end;
                    }
                }
                (Some(b'/'), Some(b'*')) if self.lexis.comments_nest => {
                    depth += 1;
                    end += 2;
                }
                (Some(_), _) => end += 1,
                (None, _) => return end,
            }
        }
    }

    /// The end of a dollar-quoted string. A tag is a name, so `$1` starts none and `$__from()` neither.
    fn dollar_quoted(&self, at: usize) -> Option<usize> {
        if !self.lexis.dollar_quotes || self.byte(at + 1).is_some_and(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let tag_end = self.run(at + 1, is_word);
        if self.byte(tag_end) != Some(b'$') {
            return None;
        }
        let (tag, body) = (self.text.get(at..=tag_end)?, self.text.get(tag_end + 1..)?);
        Some(body.find(tag).map_or(self.text.len(), |found| tag_end + 1 + found + tag.len()))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let (start, first) = (self.at, self.byte(self.at)?);
        let (kind, mut end) = self.extent(start, first);
        // Every rule ends at an ASCII byte or at the end, except a backslash before a character of several bytes.
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        let text = self.text.get(start..end)?;
        self.at = end;
        self.after_e = kind == TokenKind::Word && text.eq_ignore_ascii_case("e");
        Some(Token { kind, text, start })
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

const fn is_macro_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What can neither start another token nor be part of one.
const fn is_plain(byte: u8) -> bool {
    !is_word(byte)
        && !matches!(
            byte,
            b'\'' | b'"' | b'`' | b'-' | b'#' | b'/' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b'$'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLICKHOUSE: Dialect = Dialect::ClickHouse;

    fn macros(dialect: Dialect, sql: &str) -> Vec<&str> {
        Tokens::new(dialect, sql).filter(|token| token.kind == TokenKind::Macro).map(|token| token.text).collect()
    }

    #[track_caller]
    fn hides(dialect: Dialect, sql: &str) {
        assert_eq!(macros(dialect, &format!("{sql}\n $__seen")), ["$__seen"], "{dialect:?}: {sql}");
    }

    #[track_caller]
    fn shows(dialect: Dialect, sql: &str) {
        assert_eq!(macros(dialect, sql), ["$__seen"], "{dialect:?}: {sql}");
    }

    #[test]
    fn macros_in_quotes_and_comments_are_none() {
        for dialect in [Dialect::postgres(), Dialect::mysql(), CLICKHOUSE] {
            for sql in [
                "'$__a'",
                "'it''s $__a'",
                "\"$__a\"",
                "\"x\"\"$__a\"",
                "-- $__a",
                "/* $__a */",
                "/* -- */ '$__a'",
                "'-- ' '$__a'",
                "'/*' '$__a' '*/'",
            ] {
                hides(dialect, sql);
            }
        }
    }

    #[test]
    fn postgres_reads_backslashes_in_e_strings_only() {
        hides(Dialect::postgres(), r"E'\'$__a'");
        hides(Dialect::postgres(), r"e'\\' '$__a' E'it''s \'$__a'");
        shows(Dialect::postgres(), r"'\' $__seen");
        shows(Dialect::postgres(), r"date'\' $__seen");
    }

    #[test]
    fn dollar_quotes_are_told_from_parameters_and_macros() {
        for sql in ["$$ $__a $$", "$tag$ $__a $$ $other$ $tag$", "$ü$ '$__a $ü$", "$__x$ $__a $__x$"] {
            hides(Dialect::postgres(), sql);
            hides(CLICKHOUSE, sql);
        }
        shows(Dialect::postgres(), "$1 = $__seen AND $2 $ $");
        shows(Dialect::postgres(), "a$b$ $__seen");
        shows(Dialect::mysql(), "$$ $__seen");
        assert_eq!(macros(Dialect::postgres(), "$__a()$__b"), ["$__a", "$__b"]);
        assert_eq!(macros(Dialect::postgres(), "$$ $__a"), Vec::<&str>::new());
    }

    #[test]
    fn block_comments_nest_where_the_server_nests_them() {
        hides(Dialect::postgres(), "/* /* */ $__a */");
        hides(CLICKHOUSE, "/* /* */ $__a */");
        shows(Dialect::mysql(), "/* /* */ $__seen");
        shows(Dialect::postgres(), "/*/ */ $__seen");
    }

    #[test]
    fn mysql_has_its_own_quotes_and_comments() {
        hides(Dialect::mysql(), "# $__a");
        hides(Dialect::mysql(), "`$__a` `x``$__a`");
        hides(Dialect::mysql(), r"'\'$__a' '\\' '$__a'");
        hides(Dialect::mysql(), r#""\"$__a""#);
        shows(Dialect::mysql(), "1--$__seen");
        shows(Dialect::MySql { ansi_quotes: true, no_backslash_escapes: false }, r#""\" $__seen"#);
        shows(Dialect::MySql { ansi_quotes: false, no_backslash_escapes: true }, r"'\' $__seen");
    }

    #[test]
    fn clickhouse_has_its_own_quotes_and_comments() {
        hides(CLICKHOUSE, "# $__a");
        hides(CLICKHOUSE, "#! $__a");
        hides(CLICKHOUSE, r"`it's \` $__a` 'it\'s $__a'");
        shows(CLICKHOUSE, "1--\n$__seen");
        shows(Dialect::postgres(), "a # $__seen");
    }

    #[test]
    fn a_macro_right_behind_a_word_is_one() {
        assert_eq!(macros(Dialect::mysql(), "rows_$__interval, a$b, $_c, $__, $__1"), ["$__interval"]);
    }

    #[test]
    fn nothing_that_is_left_open_takes_more_than_one_reading() {
        for open in ["'", "\"", "/*", "$a$", "$$", "-- ", "`", "/* /*", "'\\"] {
            let sql = open.repeat(100_000);
            for dialect in [Dialect::postgres(), Dialect::mysql(), CLICKHOUSE] {
                assert_eq!(Tokens::new(dialect, &sql).map(|token| token.text.len()).sum::<usize>(), sql.len());
            }
        }
    }

    pub(crate) fn dialects() -> impl Strategy<Value = Dialect> {
        prop_oneof![
            any::<bool>().prop_map(|timescaledb| Dialect::Postgres { timescaledb }),
            any::<(bool, bool)>()
                .prop_map(|(ansi_quotes, no_backslash_escapes)| Dialect::MySql { ansi_quotes, no_backslash_escapes }),
            Just(CLICKHOUSE),
        ]
    }

    proptest! {
        #[test]
        fn every_byte_of_any_text_is_in_one_token(dialect in dialects(), sql in r#"([\\'"`$#/*(),_a-eE0-9 \n-]|\$__|ü|\PC)*"#) {
            let mut end = 0;
            for token in Tokens::new(dialect, &sql) {
                prop_assert_eq!(token.start, end);
                prop_assert!(!token.text.is_empty());
                end = token.end();
            }
            prop_assert_eq!(end, sql.len());
        }
    }
}
