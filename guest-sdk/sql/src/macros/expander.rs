//! From text with macros to text without: one pass over the tokens, with a stack of the calls that are open. What a call
//! becomes is left to `render`.

use super::catalog::Macro;
use super::render::Renderer;
use super::{Expanded, MacroContext, MacroError};
use crate::period::format_period;
use crate::{Dialect, Token, TokenKind, Tokens};

/// Macros within macros. Each doubles its argument at most, so that this bounds what a text can grow to.
const MAX_DEPTH: usize = 16;

/// What the text may grow to: more than servers take (`max_allowed_packet` is 16 MiB in MySQL, and below in others).
const MAX_BYTES: usize = 16 << 20;

/// A macro whose closing bracket has not come yet.
struct Call<'a> {
    name: &'a str,
    start: usize,
    found: Macro,
    args: Vec<String>,
    arg: String,
    /// Brackets open within the argument: round ones, and others.
    round: usize,
    other: usize,
}

pub(super) struct Expander<'a> {
    dialect: Dialect,
    sql: &'a str,
    tokens: Tokens<'a>,
    renderer: Renderer<'a>,
    out: String,
    calls: Vec<Call<'a>>,
    in_strings: bool,
    interval: [String; 2],
    /// After `GROUP BY`, `ORDER BY` and the like, until the next `SELECT`; one value a bracket that is open.
    by: Vec<bool>,
}

impl<'a> Expander<'a> {
    pub(super) fn new(dialect: Dialect, sql: &'a str, context: &'a MacroContext) -> Self {
        Self {
            dialect,
            sql,
            tokens: Tokens::new(dialect, sql),
            renderer: Renderer { dialect, context, fill: None },
            out: String::with_capacity(sql.len()),
            calls: Vec::new(),
            in_strings: context.intervals_in_strings,
            interval: [context.interval.as_millis().to_string(), format_period(context.interval)],
            by: vec![false],
        }
    }

    pub(super) fn run(mut self) -> Result<Expanded, MacroError> {
        while let Some(token) = self.tokens.next() {
            match token.kind {
                TokenKind::Macro => self.found(token)?,
                TokenKind::Close => self.close(token)?,
                TokenKind::Open => self.open(token),
                TokenKind::Comma => self.comma(token),
                // A comment to the end of the line would swallow what the macro puts behind its argument.
                TokenKind::Comment if !self.calls.is_empty() => self.put(" "),
                TokenKind::String if self.in_strings => self.string(token),
                TokenKind::Word => {
                    self.keyword(token.text);
                    self.put(token.text);
                }
                _ => self.put(token.text),
            }
        }
        match self.calls.pop() {
            Some(call) => Err(self.fail(call.name, call.start, "its bracket is not closed: add a `)`".to_owned())),
            None => Ok(Expanded { sql: self.out, fill: self.renderer.fill }),
        }
    }

    fn fail(&self, name: &str, start: usize, problem: String) -> MacroError {
        MacroError::at(self.sql, start, name, problem)
    }

    fn put(&mut self, text: &str) {
        match self.calls.last_mut() {
            Some(call) => call.arg.push_str(text),
            None => self.out.push_str(text),
        }
    }

    fn follows(&self, at: usize, what: &str) -> bool {
        self.sql.get(at..).is_some_and(|rest| rest.starts_with(what))
    }

    fn found(&mut self, token: Token<'a>) -> Result<(), MacroError> {
        let called = self.follows(token.end(), "(");
        let Some(found) = Macro::named(self.dialect, token.text) else {
            if !called {
                // Perhaps a variable of somebody else's, and then the server says so.
                self.put(token.text);
                return Ok(());
            }
            let meant = Macro::meant(self.dialect, token.text);
            let cure = meant.map_or_else(String::new, |meant| format!(": did you mean $__{meant}?"));
            return Err(self.fail(token.text, token.start, format!("there is no such macro{cure}")));
        };
        let call = Call {
            name: token.text,
            start: token.start,
            found,
            args: Vec::new(),
            arg: String::new(),
            round: 0,
            other: 0,
        };
        let takes_none = *found.arity(self.dialect).end() == 0;
        if called && (!takes_none || self.follows(token.end(), "()")) {
            if self.calls.len() == MAX_DEPTH {
                let problem = format!("macros stand in macros more than {MAX_DEPTH} deep: write some of them out");
                return Err(self.fail(token.text, token.start, problem));
            }
            self.tokens.next();
            self.calls.push(call);
            return Ok(());
        }
        self.render(call, false)
    }

    fn open(&mut self, token: Token<'_>) {
        if let Some(call) = self.calls.last_mut() {
            let depth = if token.text == "(" { &mut call.round } else { &mut call.other };
            *depth += 1;
        } else if token.text == "(" {
            self.by.push(false);
        }
        self.put(token.text);
    }

    fn comma(&mut self, token: Token<'_>) {
        match self.calls.last_mut() {
            Some(call) if call.round == 0 && call.other == 0 => call.args.push(std::mem::take(&mut call.arg)),
            _ => self.put(token.text),
        }
    }

    fn close(&mut self, token: Token<'_>) -> Result<(), MacroError> {
        if let Some(call) = self.calls.last_mut() {
            let depth = if token.text == ")" { &mut call.round } else { &mut call.other };
            if *depth > 0 {
                *depth -= 1;
            } else if token.text == ")"
                && let Some(mut call) = self.calls.pop()
            {
                if !(call.args.is_empty() && call.arg.trim().is_empty()) {
                    call.args.push(std::mem::take(&mut call.arg));
                }
                let before_comma = self.follows(token.end(), ",");
                return self.render(call, before_comma);
            }
        } else if token.text == ")" && self.by.len() > 1 {
            self.by.pop();
        }
        self.put(token.text);
        Ok(())
    }

    fn keyword(&mut self, word: &str) {
        let by = word.eq_ignore_ascii_case("by");
        if let Some(last) = self.by.last_mut()
            && (by || word.eq_ignore_ascii_case("select"))
        {
            *last = by;
        }
    }

    fn string(&mut self, token: Token<'_>) {
        let [millis, interval] = &self.interval;
        let text = token.text.replace("$__interval_ms", millis).replace("$__interval", interval);
        self.put(&text);
    }

    fn render(&mut self, call: Call<'_>, before_comma: bool) -> Result<(), MacroError> {
        let args: Vec<&str> = call.args.iter().map(|arg| arg.trim()).collect();
        // Before Grafana 5.3, PostgreSQL's `$__timeGroup` named its column, and queries still count on it. In a list of
        // what to group by, a name would be a mistake.
        let found = match (call.found, self.dialect) {
            (Macro::TimeGroup, Dialect::Postgres { .. })
                if before_comma && self.calls.is_empty() && self.by.last() == Some(&false) =>
            {
                Macro::TimeGroupAlias
            }
            (found, _) => found,
        };
        let arity = found.arity(self.dialect);
        let empty = args.iter().position(|arg| arg.is_empty()).filter(|_| found != Macro::ConditionalAll);
        let checked = match empty {
            Some(place) => Err(format!("argument {} is empty: it takes {}", place + 1, found.arguments())),
            None if arity.contains(&args.len()) => Ok(()),
            None => Err(format!("it has {} arguments: it takes {}", args.len(), found.arguments())),
        };
        let text = match checked.and_then(|()| self.renderer.render(found, &args)) {
            Ok(text) => text,
            Err(problem) => return Err(self.fail(call.name, call.start, problem)),
        };
        self.put(&text);
        let bytes = self.calls.iter().map(|call| call.arg.len()).sum::<usize>() + self.out.len();
        if bytes > MAX_BYTES {
            let problem = format!("the SQL has grown past {MAX_BYTES} bytes here: use fewer macros in macros");
            return Err(self.fail(call.name, call.start, problem));
        }
        Ok(())
    }
}
