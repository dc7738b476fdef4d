//! Where in a message something is: `a.b[0].c`, or as JSON Pointer `/a/b/0/c` (RFC 6901).

use crate::document::Json;
use serde::{Deserialize, Serialize};

/// Longest path, in bytes, and most steps of one.
const LONGEST: usize = 512;
const MOST_STEPS: usize = 32;

/// A way from a value to one inside it. The empty path leads to the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Path {
    text: String,
    steps: Vec<Step>,
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no path: {problem}; write it like a.b[0].c or /a/b/0/c")]
pub struct PathError {
    text: String,
    problem: &'static str,
}

/// A key of an object, or a place in an array, whichever is met.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    key: String,
    index: Option<usize>,
}

impl Step {
    fn new(key: impl Into<String>) -> Self {
        let key = key.into();
        let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        let index = key.parse().ok().filter(|_| is_number);
        Self { key, index }
    }
}

impl Path {
    /// To the value of one key, whatever characters that has.
    pub fn of_key(key: &str) -> Self {
        Self { text: key.to_owned(), steps: vec![Step::new(key)] }
    }

    /// The keys and places on the way, parted by dots: how a field is called whose name is inferred.
    pub fn dotted(&self) -> String {
        self.steps.iter().map(|step| step.key.as_str()).collect::<Vec<_>>().join(".")
    }

    /// What is there.
    pub fn find<'v, 'a>(&self, value: &'v Json<'a>) -> Option<&'v Json<'a>> {
        self.steps.iter().try_fold(value, |value, step| match value {
            Json::Map(_) => value.get(&step.key),
            Json::List(items) => items.get(step.index?),
            _ => None,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it leads to the value itself.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The last key or place in it: what a field is called that has no name of its own.
    pub fn last(&self) -> Option<&str> {
        self.steps.last().map(|step| step.key.as_str())
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.text
    }
}

impl TryFrom<String> for Path {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        let read = match text.len() {
            length if length > LONGEST => Err("it has more than 512 bytes"),
            _ if text.starts_with('/') => pointer(&text),
            _ => dotted(&text),
        };
        let read =
            read.and_then(|steps| if steps.len() > MOST_STEPS { Err("it has more than 32 steps") } else { Ok(steps) });
        match read {
            Ok(steps) => Ok(Self { text, steps }),
            Err(problem) => Err(PathError { text: text.chars().take(60).collect(), problem }),
        }
    }
}

fn pointer(text: &str) -> Result<Vec<Step>, &'static str> {
    let steps = text.split('/').skip(1);
    Ok(steps.map(|step| Step::new(step.replace("~1", "/").replace("~0", "~"))).collect())
}

/// Keys parted by dots, each with places in brackets; in brackets and quotes a key may have any characters.
fn dotted(text: &str) -> Result<Vec<Step>, &'static str> {
    let mut rest =
        text.strip_prefix('$').filter(|rest| rest.is_empty() || rest.starts_with(['.', '['])).unwrap_or(text);
    let mut steps = Vec::new();
    let mut wants_key = !rest.starts_with('.');
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = bracket(inside)?;
            steps.push(step);
            rest = after;
            if !rest.is_empty() && !rest.starts_with(['.', '[']) {
                return Err("after `]` comes neither `.` nor `[`");
            }
        } else {
            if !wants_key {
                rest = rest.strip_prefix('.').ok_or("a `]` without `[`")?;
            }
            let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            if key.is_empty() {
                return Err("a key is empty");
            }
            steps.push(Step::new(key));
            rest = after;
        }
        wants_key = false;
    }
    Ok(steps)
}

fn bracket(inside: &str) -> Result<(Step, &str), &'static str> {
    for quote in ['\'', '"'] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let (key, after) = quoted.split_once(quote).ok_or("a quote has no end")?;
            return Ok((Step::new(key), after.strip_prefix(']').ok_or("a `[` without `]`")?));
        }
    }
    let (digits, after) = inside.split_once(']').ok_or("a `[` without `]`")?;
    let step = Step::new(digits);
    if step.index.is_none() {
        return Err("in `[ ]` there is neither a number nor a quoted key");
    }
    Ok((step, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> Result<Path, PathError> {
        Path::try_from(text.to_owned())
    }

    #[test]
    fn both_ways_to_write_a_path_lead_to_the_same_value() {
        let text = r#"{"a":{"b":[{"c":1},{"c.d":2,"e/f":3,"~":4}],"0":5},"$x":6}"#;
        let document = Json::read(text).unwrap();
        for (text, expected) in [
            ("a.b[0].c", Some(1)),
            ("$.a.b[0].c", Some(1)),
            (".a.b.0.c", Some(1)),
            ("/a/b/0/c", Some(1)),
            ("a.b[1]['c.d']", Some(2)),
            (r#"a["b"][1]["c.d"]"#, Some(2)),
            ("/a/b/1/e~1f", Some(3)),
            ("/a/b/1/~0", Some(4)),
            ("a.0", Some(5)),
            ("a[0]", Some(5)),
            ("$x", Some(6)),
            ("a.b[2].c", None),
            ("a.b.c", None),
            ("a.b[0].c.d", None),
            ("/a/b/-", None),
        ] {
            let found = path(text).unwrap();
            assert_eq!(found.find(&document), expected.map(Json::Int).as_ref(), "{text}");
        }
        for root in ["", "$"] {
            assert_eq!(path(root).unwrap().find(&document), Some(&document));
        }
    }

    #[test]
    fn what_is_no_path_is_refused_and_said_why() {
        for (text, why) in [
            ("a..b", "empty"),
            ("a.", "empty"),
            (".", "empty"),
            ("a[", "without `]`"),
            ("a[x]", "neither a number"),
            ("a[-1]", "neither a number"),
            ("a[]", "neither a number"),
            ("a['x]", "no end"),
            ("a['x'", "without `]`"),
            ("a]", "without `[`"),
            ("a[0]b", "after `]`"),
            (&"a".repeat(513), "512 bytes"),
            (&"/a".repeat(33), "32 steps"),
        ] {
            let error = path(text).unwrap_err().to_string();
            assert!(error.contains(why) && error.len() < 200, "{text}: {error}");
        }
    }

    #[test]
    fn a_field_is_called_as_the_end_of_its_path() {
        for (text, name) in [("a.b[0]", Some("0")), ("/a/b", Some("b")), ("", None)] {
            assert_eq!(path(text).unwrap().last(), name);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r#"[a-c$./\[\]'"0-9~ü]{0,20}"#) {
            if let Ok(path) = path(&text) {
                let _ = path.find(&Json::List(vec![Json::Null]));
            }
        }
    }
}
