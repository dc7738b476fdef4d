//! Variables in provisioning values: `$VAR`, `${VAR}`, Grafana's `$__env{VAR}` and `$__file{PATH}`; `$$` is a dollar.

use super::fingerprint::Contents;
use std::collections::BTreeSet;
use std::path::Path;

/// Expands variables and remembers which were not set, and which files were included.
pub(super) struct Expander<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    unset: BTreeSet<String>,
    included: Contents,
}

impl<'a> Expander<'a> {
    pub(super) fn new(environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { environment, unset: BTreeSet::new(), included: Contents::default() }
    }

    /// The names found unset since the last call.
    pub(super) fn take_unset(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.unset)
    }

    /// The files that were included.
    pub(super) fn into_included(self) -> Contents {
        self.included
    }

    /// `text` with every variable replaced; one that is not set becomes empty, as in Grafana.
    ///
    /// # Errors
    /// A sentence, for a brace that is not closed or a file that cannot be read.
    pub(super) fn expand(&mut self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            rest = if let Some(after) = after.strip_prefix('$') {
                out.push('$');
                after
            } else if let Some(after) = after.strip_prefix("__file{") {
                let (path, after) = closed(after, "$__file{")?;
                let read =
                    self.included.include(Path::new(path)).map_err(|reason| format!("$__file{{{path}}}: {reason}"))?;
                out.push_str(read.trim_end_matches(['\n', '\r']));
                after
            } else if let Some(after) = after.strip_prefix("__env{") {
                let (name, after) = closed(after, "$__env{")?;
                out.push_str(&self.variable(name));
                after
            } else if let Some(after) = after.strip_prefix('{') {
                let (name, after) = closed(after, "${")?;
                out.push_str(&self.variable(name));
                after
            } else {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = after.find(|c: char| !is_name(c)).unwrap_or(after.len());
                let (name, after) = after.split_at_checked(end).unwrap_or((after, ""));
                if name.is_empty() {
                    out.push('$');
                } else {
                    out.push_str(&self.variable(name));
                }
                after
            };
        }
        out.push_str(rest);
        Ok(out)
    }

    fn variable(&mut self, name: &str) -> String {
        (self.environment)(name).unwrap_or_else(|| {
            self.unset.insert(name.to_owned());
            String::new()
        })
    }
}

fn closed<'t>(text: &'t str, opening: &str) -> Result<(&'t str, &'t str), String> {
    text.split_once('}')
        .ok_or_else(|| format!("{opening:?} has no closing brace: close it, or write \"$$\" for a dollar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<String, String> {
        Expander::new(&|name| (name == "HOST").then(|| "db.example".to_owned())).expand(text)
    }

    #[test]
    fn variables_are_replaced_in_every_spelling() {
        for text in ["http://$HOST:1", "http://${HOST}:1", "http://$__env{HOST}:1"] {
            assert_eq!(expand(text).unwrap(), "http://db.example:1", "{text}");
        }
    }

    #[test]
    fn two_dollars_are_one_and_a_lone_one_stays() {
        assert_eq!(expand("pa$$HOST").unwrap(), "pa$HOST");
        assert_eq!(expand("5 $ and $").unwrap(), "5 $ and $");
        assert_eq!(expand("$$$HOST").unwrap(), "$db.example");
    }

    #[test]
    fn a_variable_that_is_not_set_becomes_empty_and_is_remembered() {
        let mut expander = Expander::new(&|_| None);
        assert_eq!(expander.expand("a${NOT_THERE}b").unwrap(), "ab");
        assert_eq!(expander.take_unset().into_iter().collect::<Vec<_>>(), ["NOT_THERE"]);
        assert!(expander.take_unset().is_empty());
    }

    #[test]
    fn an_open_brace_and_a_missing_file_are_errors() {
        assert!(expand("${HOST").unwrap_err().contains("no closing brace"));
        assert!(expand("$__file{/does/not/exist}").unwrap_err().starts_with("$__file{/does/not/exist}: "));
    }

    #[test]
    fn a_file_is_read_without_its_last_line_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cret\n").unwrap();
        assert_eq!(expand(&format!("$__file{{{}}}", file.path().display())).unwrap(), "s3cret");
    }
}
