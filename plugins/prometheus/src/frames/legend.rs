//! The name a series goes by: PromQL's own notation, or the query's template.
//! Promises Grafana's names, since saved dashboards refer to series by them.

use std::fmt::Write as _;

use wellhead_sdk::frame::Labels;

/// Template that leaves the choice to the client, which names series by the labels that differ.
const AUTO: &str = "__auto";

/// `displayNameFromDS` of a series; None where the client is to choose.
pub fn display_name(template: &str, labels: &Labels, expr: &str) -> Option<String> {
    let name = match template {
        AUTO if !labels.is_empty() => return None,
        "" | AUTO => in_promql(labels),
        template => fill(template, labels),
    };
    match name.as_str() {
        "" => None,
        // A series without labels is best told by what was asked.
        "{}" => Some(expr.to_owned()).filter(|expr| !expr.is_empty()),
        _ => Some(name),
    }
}

/// `name{label="value", …}`, sorted, as PromQL would select the series.
fn in_promql(labels: &Labels) -> String {
    let mut out = labels.get("__name__").cloned().unwrap_or_default();
    let mut pairs: Vec<String> =
        labels.iter().filter(|(key, _)| *key != "__name__").map(|(key, value)| pair(key, value)).collect();
    // By the whole text, as Grafana sorts: `a="…"` comes after `a_b="…"` nowhere but here.
    pairs.sort_unstable();
    if !pairs.is_empty() || out.is_empty() {
        out.push('{');
        out.push_str(&pairs.join(", "));
        out.push('}');
    }
    out
}

fn pair(key: &str, value: &str) -> String {
    let mut out = String::with_capacity(key.len() + value.len() + 3);
    out.push_str(key);
    out.push_str("=\"");
    for c in value.chars() {
        push_quoted(&mut out, c);
    }
    out.push('"');
    out
}

/// `c` as Go writes it within double quotes.
fn push_quoted(out: &mut String, c: char) {
    let named = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{b}' => "\\v",
        _ => "",
    };
    // Writing into a String cannot fail.
    let _ = match (named, u32::from(c)) {
        ("", code @ 0..0x20) | ("", code @ 0x7f) => write!(out, "\\x{code:02x}"),
        // Controls and invisible spaces, which would make two names look the same.
        ("", code @ (0x80..=0xa0 | 0xad | 0x200b..=0x200f | 0x2028..=0x202f | 0x2060..=0x206f | 0xfeff)) => {
            write!(out, "\\u{code:04x}")
        }
        ("", _) => {
            out.push(c);
            Ok(())
        }
        (named, _) => {
            out.push_str(named);
            Ok(())
        }
    };
}

/// The template with `{{ label }}` replaced by the label's value, or by nothing where the series has no such label.
fn fill(template: &str, labels: &Labels) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, from)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = from.split_once("}}") else {
            out.push_str("{{");
            rest = from;
            continue;
        };
        if name.is_empty() {
            out.push_str("{{}}");
        } else if let Some(value) = labels.get(name.trim()) {
            out.push_str(value);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels<const N: usize>(labels: [(&str, &str); N]) -> Labels {
        labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn name(template: &str, labels: &Labels) -> Option<String> {
        display_name(template, labels, "the expr")
    }

    #[test]
    fn without_a_template_a_series_goes_by_promqls_notation() {
        let cases = [
            (labels([("__name__", "up"), ("job", "a"), ("code", "200")]), "up{code=\"200\", job=\"a\"}"),
            (labels([("__name__", "up")]), "up"),
            (labels([("job", "a")]), "{job=\"a\"}"),
            (labels([]), "the expr"),
        ];
        for (labels, expected) in cases {
            assert_eq!(name("", &labels).as_deref(), Some(expected));
        }
    }

    #[test]
    fn values_are_quoted_as_go_quotes_them() {
        let labels = labels([("a", "q\"\\ \n\t\u{1}\u{7f} é 'x' \u{200b}\u{1f600}")]);
        assert_eq!(name("", &labels).unwrap(), "{a=\"q\\\"\\\\ \\n\\t\\x01\\x7f é 'x' \\u200b\u{1f600}\"}");
    }

    #[test]
    fn a_template_is_filled_from_the_labels() {
        let labels = labels([("job", "a"), ("le", "{{x}}")]);
        let cases = [
            ("{{job}}", "a"),
            ("{{ job }} of {{le}}", "a of {{x}}"),
            ("plain", "plain"),
            ("{{missing}}!", "!"),
            ("{{job", "{{job"),
            ("{{}} {{job}}", "{{}} a"),
            ("a}}{{job}}", "a}}a"),
        ];
        for (template, expected) in cases {
            assert_eq!(name(template, &labels).as_deref(), Some(expected), "{template}");
        }
        assert_eq!(name("{{missing}}", &labels), None);
    }

    #[test]
    fn auto_leaves_the_choice_to_the_client_unless_there_is_none() {
        assert_eq!(name("__auto", &labels([("job", "a")])), None);
        assert_eq!(name("__auto", &labels([])).as_deref(), Some("the expr"));
        assert_eq!(display_name("", &labels([]), ""), None);
    }
}
