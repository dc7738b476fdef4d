//! What differs between the servers: how their SQL is read, and which functions they have. What a macro becomes is left
//! to [`macros`](crate::macros).

/// Whose SQL it is.
///
/// ```
/// use wellhead_sql::Dialect;
/// assert_eq!(Dialect::MySql { ansi_quotes: true, no_backslash_escapes: false }.quote_name("a`b\"c"), "\"a`b\"\"c\"");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL, and what speaks its SQL.
    Postgres {
        /// The data source says that TimescaleDB is there: time is grouped by `time_bucket`.
        timescaledb: bool,
    },
    /// MySQL and MariaDB.
    MySql {
        /// `sql_mode` has `ANSI_QUOTES`: `"a"` is a name, not a string.
        ansi_quotes: bool,
        /// `sql_mode` has `NO_BACKSLASH_ESCAPES`: a backslash in a string is one.
        no_backslash_escapes: bool,
    },
    /// ClickHouse.
    ClickHouse,
}

impl Dialect {
    /// PostgreSQL without extensions.
    pub const fn postgres() -> Self {
        Self::Postgres { timescaledb: false }
    }

    /// MySQL or MariaDB as they come.
    pub const fn mysql() -> Self {
        Self::MySql { ansi_quotes: false, no_backslash_escapes: false }
    }

    /// A name as the dialect writes one that may hold anything: quoted, the quotes in it doubled.
    pub fn quote_name(self, name: &str) -> String {
        match self {
            Self::Postgres { .. } | Self::MySql { ansi_quotes: true, .. } => {
                format!("\"{}\"", name.replace('"', "\"\""))
            }
            Self::MySql { .. } => format!("`{}`", name.replace('`', "``")),
            Self::ClickHouse => format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
        }
    }

    /// A string as the dialect writes one.
    pub fn quote_string(self, text: &str) -> String {
        let text = text.replace('\'', "''");
        match self {
            Self::Postgres { .. } | Self::MySql { no_backslash_escapes: true, .. } => format!("'{text}'"),
            Self::MySql { .. } | Self::ClickHouse => format!("'{}'", text.replace('\\', "\\\\")),
        }
    }

    /// How its SQL is read.
    pub(crate) const fn lexis(self) -> Lexis {
        match self {
            Self::Postgres { .. } => Lexis {
                backslash_in_strings: false,
                escape_strings: true,
                double_quotes_name: true,
                backslash_in_names: false,
                backticks: false,
                hash: HashComment::None,
                dashes_need_space: false,
                comments_nest: true,
                dollar_quotes: true,
            },
            Self::MySql { ansi_quotes, no_backslash_escapes } => Lexis {
                backslash_in_strings: !no_backslash_escapes,
                escape_strings: false,
                double_quotes_name: ansi_quotes,
                backslash_in_names: false,
                backticks: true,
                hash: HashComment::Any,
                dashes_need_space: true,
                comments_nest: false,
                dollar_quotes: false,
            },
            Self::ClickHouse => Lexis {
                backslash_in_strings: true,
                escape_strings: false,
                double_quotes_name: true,
                backslash_in_names: true,
                backticks: true,
                hash: HashComment::SpacedOrBang,
                dashes_need_space: false,
                comments_nest: true,
                dollar_quotes: true,
            },
        }
    }
}

/// The rules by which text falls into tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lexis {
    /// `'\''` is a string with a quote in it.
    pub(crate) backslash_in_strings: bool,
    /// `E'\''` is, whatever plain strings are.
    pub(crate) escape_strings: bool,
    /// `"a"` is a name; else it is a string.
    pub(crate) double_quotes_name: bool,
    /// A backslash escapes in quoted names, too.
    pub(crate) backslash_in_names: bool,
    /// `` `a` `` is a name.
    pub(crate) backticks: bool,
    /// Which `#` starts a comment.
    pub(crate) hash: HashComment,
    /// `--` is a comment only before white space or the end: `1--1` is 2.
    pub(crate) dashes_need_space: bool,
    /// `/* /* */ */` is one comment.
    pub(crate) comments_nest: bool,
    /// `$tag$ anything $tag$` is a string.
    pub(crate) dollar_quotes: bool,
}

/// Which `#` starts a comment to the end of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HashComment {
    /// None: it is an operator.
    None,
    /// Every one.
    Any,
    /// `# ` and `#!`.
    SpacedOrBang,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_strings_are_quoted_so_that_nothing_gets_out() {
        assert_eq!(Dialect::postgres().quote_name(r#"a"b"#), r#""a""b""#);
        assert_eq!(Dialect::mysql().quote_name("a`b"), "`a``b`");
        assert_eq!(Dialect::ClickHouse.quote_name(r"a`b\"), r"`a\`b\\`");
        assert_eq!(Dialect::postgres().quote_string(r"it's \"), r"'it''s \'");
        assert_eq!(Dialect::mysql().quote_string(r"it's \"), r"'it''s \\'");
    }
}
