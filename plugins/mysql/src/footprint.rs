//! What a statement may leave in the session that it runs in, for the next user to find: variables, locks, transactions;
//! or find there itself.
//!
//! Told by the statement's tokens, and whatever is not known to leave nothing counts as leaving something: that costs a
//! round trip and the prepared statements. A view that calls a stored function looks like a table and is taken for one.

use wellhead_sql::{Dialect, Token, TokenKind, Tokens};

/// What is left, from nothing to anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Footprint {
    /// Nothing: a read of tables with the server's own functions.
    Nothing,
    /// What goes when the session is reset: variables, locks, a transaction.
    Session,
    /// Perhaps what stays then: the database, the role.
    Anything,
}

/// What a read begins with.
const READS: &[&str] = &["select", "with", "values", "table", "show", "explain", "describe", "desc"];

/// Words that make more of a read: `INTO @x`, `WITH … UPDATE`, `NEXT VALUE FOR`, `SHOW WARNINGS`.
const DEEDS: &[&str] = &["into", "update", "delete", "insert", "next", "previous", "procedure", "warnings", "errors"];

/// Reserved words that may stand before a bracket, with white space or without: none can be a function.
const BEFORE_BRACKETS: &str = "\
    all and as between by case char decimal distinct div else except exists from group having in index intersect \
    interval join key like lateral mod not numeric on or over partition regexp rlike select then union using values \
    varchar when where xor";

/// Functions of both servers that leave nothing, as dashboards use them. A stored function of such a name is called with
/// its database, or with white space before the bracket.
const FUNCTIONS: &str = "\
    abs acos adddate addtime any_value ascii asin atan atan2 avg bit_and bit_count bit_length bit_or bit_xor cast \
    ceil ceiling char_length character_length coalesce concat concat_ws conv convert convert_tz cos cot count crc32 \
    cume_dist curdate current_date current_time current_timestamp curtime database date date_add date_format \
    date_sub datediff day dayname dayofmonth dayofweek dayofyear degrees dense_rank elt exp extract field \
    find_in_set first_value floor format from_days from_unixtime greatest group_concat hex hour if ifnull inet6_aton \
    inet6_ntoa inet_aton inet_ntoa instr isnull json_array json_arrayagg json_contains json_contains_path json_depth \
    json_extract json_keys json_length json_object json_objectagg json_quote json_search json_type json_unquote \
    json_valid json_value lag last_day last_value lcase lead least left length ln localtime localtimestamp locate \
    log log10 log2 lower lpad ltrim makedate maketime max md5 microsecond mid min minute mod month monthname now \
    nth_value ntile nullif octet_length ord percent_rank period_add period_diff pi position pow power quarter quote \
    radians rand rank regexp_instr regexp_replace regexp_substr repeat replace reverse right round row_number rpad \
    rtrim sec_to_time second sha sha1 sha2 sign sin space sqrt st_astext st_x st_y std stddev stddev_pop stddev_samp \
    str_to_date strcmp subdate substr substring substring_index subtime sum sysdate tan time time_format time_to_sec \
    timediff timestamp timestampadd timestampdiff to_days to_seconds trim truncate ucase unhex unix_timestamp upper \
    utc_date utc_time utc_timestamp uuid var_pop var_samp variance version week weekday weekofyear year yearweek";

impl Footprint {
    /// What one statement may leave.
    pub(crate) fn of(dialect: Dialect, statement: &str) -> Self {
        // Blank text is kept: it parts a stored function from a bracket.
        let tokens: Vec<Token<'_>> = Tokens::new(dialect, statement).collect();
        if tokens.iter().any(is_executable) {
            return Self::Anything;
        }
        let mut code = tokens.iter().filter(|token| !is_blank(token) && token.kind != TokenKind::Open);
        let Some(first) = code.next().filter(|token| token.kind == TokenKind::Word) else { return Self::Anything };
        if is_one_of(first.text, &["set"]) {
            return if sets_variables(&tokens) { Self::Session } else { Self::Anything };
        }
        if !is_one_of(first.text, READS) {
            return Self::Anything;
        }
        match (0..tokens.len()).all(|at| leaves_nothing(&tokens, at)) {
            true => Self::Nothing,
            false => Self::Session,
        }
    }
}

/// Whether the token at a place is one of a plain read.
fn leaves_nothing(tokens: &[Token<'_>], at: usize) -> bool {
    let Some(token) = tokens.get(at) else { return true };
    match token.kind {
        TokenKind::Other => !token.text.contains('@'),
        TokenKind::Word | TokenKind::Name => {
            let before = tokens.iter().take(at).rev().find(|token| !is_blank(token));
            let name_only = before.is_some_and(|before| before.text.trim_end().ends_with('.'));
            let next = tokens.iter().skip(at + 1).find(|token| !is_blank(token));
            let is_called = next.is_some_and(|next| next.text == "(");
            let is_plain_word = token.kind == TokenKind::Word && !name_only;
            if !is_called {
                return !is_plain_word || !is_one_of(token.text, DEEDS);
            }
            let is_close = next.is_some_and(|next| next.start == token.end());
            is_plain_word && (is_in(token.text, BEFORE_BRACKETS) || (is_close && is_in(token.text, FUNCTIONS)))
        }
        _ => true,
    }
}

/// Whether a `SET` is of the user's variables alone: `SET @a = 1, @b := 2`.
fn sets_variables(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_usize;
    let mut is_target = false;
    for (number, token) in tokens.iter().filter(|token| !is_blank(token)).enumerate() {
        if (number == 0 && token.kind != TokenKind::Word) || token.text.contains("@@") {
            return false;
        }
        if std::mem::take(&mut is_target) && token.text.trim() != "@" {
            return false;
        }
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_target = number == 0 || (depth == 0 && token.kind == TokenKind::Comma);
    }
    !is_target
}

fn is_blank(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Comment || (token.kind == TokenKind::Other && token.text.trim().is_empty())
}

/// The servers run what is in such a comment: `/*! … */`, `/*M! … */`.
fn is_executable(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Comment && (token.text.starts_with("/*!") || token.text.starts_with("/*M!"))
}

fn is_in(word: &str, words: &str) -> bool {
    words.split(' ').any(|one| word.eq_ignore_ascii_case(one))
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|one| word.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all(expected: Footprint, statements: &[&str]) {
        for statement in statements {
            assert_eq!(Footprint::of(Dialect::mysql(), statement), expected, "{statement}");
        }
    }

    #[test]
    fn a_plain_read_leaves_nothing() {
        all(
            Footprint::Nothing,
            &[
                "SELECT 1",
                "SELECT UNIX_TIMESTAMP(t) DIV 60 * 60 AS time, avg(v) FROM m WHERE t BETWEEN FROM_UNIXTIME(1) AND NOW() \
                 AND host IN ('a', '@x', 'GET_LOCK()') GROUP BY 1 ORDER BY 1 LIMIT 5",
                "(SELECT a FROM t) UNION (SELECT b FROM u)",
                "WITH x AS (SELECT sum(a) OVER (PARTITION BY b) FROM t) SELECT * FROM x JOIN (SELECT 1) AS y USING (a)",
                "SELECT CASE WHEN (a) THEN (b) ELSE (c) END, `@x`, t.update, CAST(a AS DECIMAL(10, 2)) FROM t -- @x",
                "SHOW TABLES",
                "EXPLAIN FORMAT=JSON SELECT 1",
                "SELECT /* GET_LOCK('x', 0) */ 1",
            ],
        );
    }

    #[test]
    fn what_reads_and_may_leave_something_is_reset() {
        all(
            Footprint::Session,
            &[
                "SELECT GET_LOCK('x', 0)",
                "SELECT @s := a FROM t",
                "SELECT @s",
                "SELECT @'s'",
                "SELECT @@sql_mode",
                "SELECT a INTO @s FROM t",
                "SELECT own(1)",
                "SELECT `sum`(1)",
                "SELECT db.sum(1)",
                "SELECT db . sum(1)",
                "SELECT db./**/sum(1)",
                "SELECT sum (1)",
                "SELECT sum/**/(1)",
                "SELECT NEXT VALUE FOR s",
                "SELECT a FROM t FOR UPDATE",
                "SELECT LAST_INSERT_ID(5)",
                "SHOW WARNINGS",
                "WITH x AS (SELECT 1) DELETE FROM t",
                "SET @a = 1, @b := (SELECT 2, 3), @`c` = now()",
            ],
        );
    }

    #[test]
    fn what_may_leave_what_a_reset_keeps_is_closed() {
        all(
            Footprint::Anything,
            &[
                "CALL p()",
                "USE other",
                "SET ROLE admin",
                "SET @a = 1, sql_mode = ''",
                "SET @a = 1, @@sql_mode = ''",
                "SET @@sql_mode = ''",
                "SET",
                "EXECUTE IMMEDIATE 'USE other'",
                "BEGIN",
                "/*!50000 USE other */",
                "SELECT 1 /*M! , f() */",
                "HANDLER t OPEN",
                "",
            ],
        );
    }
}
