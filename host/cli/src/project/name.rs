//! What a plugin may be called. Its name becomes a folder, a package of its language, a file and the plugin's id, so it has
//! to be good for all of them.

use std::fmt;

/// Long enough for people; file names, metric labels and URLs bear it.
const MAX_CHARS: usize = 64;

/// Words that a compiler, a package manager or an operating system keeps for itself.
const RESERVED: &[&str] = &[
    // Rust's keywords, and Python's and JavaScript's where those differ.
    "abstract and arguments as assert async await become box break case catch class const continue crate debugger \
     def default del delete do dyn elif else enum eval except export extends extern false final finally fn for \
     from function gen global if impl implements import in instanceof interface is lambda let loop macro match \
     mod move mut new none nonlocal not null or override package pass priv private protected pub public raise ref \
     return self static struct super switch this throw trait true try type typeof unsafe unsized use var virtual \
     void where while with yield",
    // What cargo puts beside or into a crate.
    "alloc build core deps examples incremental proc-macro std test",
    // What the templates depend on.
    "serde wellhead wellhead-frame wellhead-sdk",
    // Devices of Windows, where the project may be checked out.
    "aux com1 com2 com3 com4 com5 com6 com7 com8 com9 con lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9 nul prn",
];

/// The name of a plugin: a-z, 0-9, `-` and `_`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

/// Why a name is none, and one that is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} cannot be a plugin's name: {reason}")]
pub(crate) struct BadName {
    given: String,
    reason: String,
    /// The nearest good name.
    pub(crate) suggestion: String,
}

impl Name {
    pub(crate) fn parse(given: &str) -> Result<Self, BadName> {
        match fault(given) {
            None => Ok(Self(given.to_owned())),
            Some(reason) => {
                let shown = given.chars().take(MAX_CHARS).collect();
                Err(BadName { given: shown, reason, suggestion: suggest(given) })
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As an identifier, and as the stem of the file that Rust builds.
    pub(crate) fn identifier(&self) -> String {
        self.0.replace('-', "_")
    }

    /// For people: `my-source` is `My Source`.
    pub(crate) fn title(&self) -> String {
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        };
        self.0.split(['-', '_']).filter_map(capital).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fault(name: &str) -> Option<String> {
    const ALLOWED: &str = "use a-z, 0-9, - and _, beginning with a letter";
    let legal = |letter: &char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(*letter);
    if name.is_empty() {
        return Some(format!("it is empty; {ALLOWED}"));
    }
    if let Some(odd) = name.chars().find(|letter| !legal(letter)) {
        return Some(format!("it has the character {odd:?}; {ALLOWED}"));
    }
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Some(format!("it does not begin with a letter; {ALLOWED}"));
    }
    if name.chars().count() > MAX_CHARS {
        return Some(format!("it has {} characters, {MAX_CHARS} are allowed", name.chars().count()));
    }
    let word = name.replace('_', "-");
    let reserved = RESERVED.iter().flat_map(|words| words.split(' ')).any(|reserved| reserved == word);
    reserved.then(|| "compilers, package managers or operating systems keep that word for themselves".to_owned())
}

/// The nearest good name.
fn suggest(given: &str) -> String {
    let mut name = String::new();
    for letter in given.chars().map(|letter| letter.to_ascii_lowercase()) {
        match letter {
            'a'..='z' => name.push(letter),
            '0'..='9' | '_' if !name.is_empty() => name.push(letter),
            _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    let name: String = name.chars().take(MAX_CHARS).collect();
    let name = name.trim_end_matches(['-', '_']);
    match fault(name) {
        None => name.to_owned(),
        Some(_) if name.is_empty() => "my-source".to_owned(),
        Some(_) => format!("{name}-source"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_have_a_title_and_an_identifier() {
        let name = Name::parse("my-weather_2").unwrap();
        assert_eq!((name.title().as_str(), name.identifier().as_str()), ("My Weather 2", "my_weather_2"));
    }

    #[test]
    fn every_bad_name_says_why_and_comes_with_a_good_one() {
        let long = "x".repeat(65);
        for (given, why, suggestion) in [
            ("", "it is empty", "my-source"),
            ("my source", "the character ' '", "my-source"),
            ("../evil", "the character '.'", "evil"),
            ("a/b", "the character '/'", "a-b"),
            ("My_Source", "the character 'M'", "my_source"),
            ("größe", "the character 'ö'", "gr-e"),
            ("7up", "begin with a letter", "up"),
            ("-x", "begin with a letter", "x"),
            ("---", "begin with a letter", "my-source"),
            (&long, "65 characters, 64 are allowed", &long[..64]),
            ("match", "keep that word", "match-source"),
            ("proc_macro", "keep that word", "proc_macro-source"),
            ("wellhead-sdk", "keep that word", "wellhead-sdk-source"),
            ("NUL", "the character 'N'", "nul-source"),
        ] {
            let error = Name::parse(given).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(error.suggestion, suggestion, "{given}");
            Name::parse(&error.suggestion).unwrap();
        }
    }
}
